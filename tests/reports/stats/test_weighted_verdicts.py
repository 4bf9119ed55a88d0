"""Strong verdicts that weigh more, and a published board that counts so."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from every_case import every_case

from polyarena.judges.collapse import collapse
from polyarena.judges.records import Game
from polyarena.reports.stats.weighted_verdicts import weighted_win_rates
from polyarena.reports.stats.win_rates import win_rates
from polyarena.tasks.errors import DataError


def games_of(rows: list[tuple[str, list[str]]], candidate: str = "new", baseline: str = "old") -> pd.DataFrame:
    """Two games for each item; the baseline is shown first in the first of them, as arena-hard-auto does it."""
    return pd.DataFrame(
        [
            {
                "judge": "jury", "task": "arena", "language": "kor_Hang", "item_id": item, "source_id": item,
                "system_a": (baseline, candidate)[i], "system_b": (candidate, baseline)[i], "repeat": 0, "label": label,
                "raw": "",
            }
            for item, labels in rows
            for i, label in enumerate(labels)
        ]
    )  # fmt: skip


def korean(folder: Path, model: str) -> pd.DataFrame:
    lines = (folder / "ensemble" / f"{model}.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return games_of([(row["question_id"], [game["score"] for game in row["games"]]) for row in rows])


@pytest.fixture(scope="module")
def board(test_data: Path) -> tuple[Path, pd.DataFrame]:
    """The folder of Korean verdicts, with the published leaderboard (qwopqwop200/ko-arena-hard-auto, Apache-2.0)."""
    folder = test_data / "verdicts" / "ko-arena-hard"
    if not folder.is_dir():
        pytest.skip(f"no Korean verdicts at {folder}")
    return folder, pd.read_csv(folder / "leaderboard_no_control.csv").set_index("model")


def test_the_published_korean_scores_come_back(board: tuple[Path, pd.DataFrame]) -> None:
    """All 38 models, to the second decimal that the board prints; their intervals do not."""
    folder, published = board
    models = sorted(path.stem for path in (folder / "ensemble").glob("*.jsonl"))
    assert len(models) == 38
    ratios = []
    for model in models:
        found = weighted_win_rates(korean(folder, model), "new", "old").iloc[0]
        assert 100 * found["value"] == pytest.approx(published["score"][model], abs=0.00501), model
        width = published["rating_q975"][model] - published["rating_q025"][model]
        ratios.append(100 * (found["high"] - found["low"]) / width)
    assert np.median(ratios) > 2.5


def test_weighing_strong_verdicts_moves_scores(board: tuple[Path, pd.DataFrame]) -> None:
    games = korean(board[0], "o3-low")
    three, one = (weighted_win_rates(games, "new", "old", strong_weight=w).iloc[0]["value"] for w in (3, 1))
    assert 100 * three == pytest.approx(85.31, abs=0.00501)
    assert 100 * one == pytest.approx(80.15)


def test_with_weight_one_it_is_the_win_rate() -> None:
    generator = np.random.default_rng(0)
    labels = ["A>>B", "A>B", "A=B", "B>A", "B>>A"]
    games = games_of([(str(i), generator.choice(labels, 2).tolist()) for i in range(40)])
    battles = pd.DataFrame(collapse([Game(**row) for row in games.to_dict("records")], "new", "old"))
    expected = win_rates(battles, rounds=50, groupings={}).iloc[0]
    found = weighted_win_rates(games, "new", "old", strong_weight=1).iloc[0]
    for name in ("value", "standard_error", "low", "high"):
        assert found[name] == pytest.approx(expected[name])


def test_strong_verdicts_count_as_that_many_games() -> None:
    games = games_of([("1", ["B>>A", "A=B"]), ("2", ["A>B", "B>A"]), ("3", ["invalid", "A>B"])])
    found = weighted_win_rates(games, "new", "old").iloc[0]
    assert found["value"] == pytest.approx((3 + 0.5 + 0 + 0 + 1) / (3 + 1 + 1 + 1 + 1))
    assert (found["n_games"], found["n_invalid"], found["n_clusters"]) == (5, 1, 3)
    swapped = weighted_win_rates(games, "old", "new").iloc[0]
    assert swapped["value"] == pytest.approx(1 - found["value"])
    assert swapped["low"] == pytest.approx(1 - found["high"])


def test_no_verdict_at_all_is_said() -> None:
    found = weighted_win_rates(games_of([("1", ["invalid", "invalid"])]), "new", "old").iloc[0]
    assert math.isnan(found["value"])
    assert found["note"] == "no game has a verdict"
    assert found["n_invalid"] == 2


@every_case(
    ("change", "settings", "says"),
    [
        (lambda g: g.assign(label="A"), {}, "unknown label"),
        (lambda g: g.assign(system_a="third"), {}, "not between new and old"),
        (lambda g: pd.concat([g, g]), {}, "occur twice"),
        (lambda g: g.drop(columns="repeat"), {}, "no column repeat"),
        (lambda g: g, {"strong_weight": 0.0}, "strong_weight is 0"),
    ],
)
def test_games_that_cannot_be_weighed_are_refused(change: Any, settings: dict[str, float], says: str) -> None:
    games = games_of([("1", ["A>B", "B>A"]), ("2", ["A>B", "B>A"])])
    with pytest.raises(DataError, match=says):
        weighted_win_rates(change(games), "new", "old", **settings)
