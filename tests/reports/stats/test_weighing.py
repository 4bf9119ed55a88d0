"""Weighted verdicts as a ratio of sums over prompts, written out; frames without rows."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.judges.records import GAME_SCHEMA
from polyarena.reports.stats.quantiles import normal_quantile
from polyarena.reports.stats.weighted_verdicts import weighted_win_rates
from polyarena.tasks.errors import DataError

LABELS = ["A>>B", "A>B", "A=B", "B>A", "B>>A", "invalid"]
POINTS = {"A>>B": 1.0, "A>B": 1.0, "A=B": 0.5, "B>A": 0.0, "B>>A": 0.0}
GAMES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(LABELS)), min_size=1, max_size=24)


def frame_of(labels: list[tuple[int, str]], first: str = "new", second: str = "old") -> pd.DataFrame:
    rows = [
        dict.fromkeys(GAME_SCHEMA.names)
        | {
            "judge": "j", "task": "t", "language": "kor_Hang", "item_id": str(item), "source_id": f"s{item}",
            "system_a": first, "system_b": second, "repeat": repeat, "label": label, "raw": "",
        }
        for repeat, (item, label) in enumerate(labels)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@given(labels=GAMES, weight=st.sampled_from([0.5, 1.0, 3.0]))
@settings(max_examples=80, deadline=None)
def test_value_and_error_are_those_of_a_ratio_written_out(labels: list[tuple[int, str]], weight: float) -> None:
    (row,) = weighted_win_rates(frame_of(labels), "new", "old", strong_weight=weight).to_dict("records")
    valid = [(item, label, weight if ">>" in label else 1.0) for item, label in labels if label != "invalid"]
    assert row["n_invalid"] == len(labels) - len(valid)
    if not valid:
        assert math.isnan(row["value"])
        assert row["note"] == "no game has a verdict"
        return
    total = sum(w for *_, w in valid)
    value = sum(w * POINTS[label] for _, label, w in valid) / total
    assert row["value"] == pytest.approx(value)
    items = sorted({item for item, *_ in valid})
    assert row["n_clusters"] == len(items)
    if len(items) < 2:
        assert row["note"]
        return
    residuals = [sum(w * (POINTS[label] - value) for i, label, w in valid if i == item) for item in items]
    n = len(items)
    assert row["standard_error"] == pytest.approx(math.sqrt(n / (n - 1) * sum(r * r for r in residuals)) / total)
    assert 0 <= row["low"] <= row["value"] + 1e-12
    assert row["value"] - 1e-12 <= row["high"] <= 1


@given(labels=GAMES)
@settings(max_examples=40, deadline=None)
def test_swapping_systems_or_orders_mirrors_or_changes_nothing(labels: list[tuple[int, str]]) -> None:
    mirror = {"A>>B": "B>>A", "A>B": "B>A", "A=B": "A=B", "B>A": "A>B", "B>>A": "A>>B", "invalid": "invalid"}
    one = weighted_win_rates(frame_of(labels), "new", "old")
    turned = frame_of([(item, mirror[label]) for item, label in labels], "old", "new")
    other = weighted_win_rates(turned, "new", "old")
    pd.testing.assert_frame_equal(one, other)
    against = weighted_win_rates(frame_of(labels), "old", "new")
    assert one["value"].to_numpy() == pytest.approx(1 - against["value"].to_numpy(), nan_ok=True)
    low, high = (one[name].astype("float64").to_numpy() for name in ("low", "high"))
    mirrored = 1 - against["high"].astype("float64").to_numpy(), 1 - against["low"].astype("float64").to_numpy()
    assert low == pytest.approx(mirrored[0], nan_ok=True)
    assert high == pytest.approx(mirrored[1], nan_ok=True)


def test_row_order_changes_nothing() -> None:
    generator = np.random.default_rng(0)
    frame = frame_of([(int(generator.integers(9)), str(generator.choice(LABELS))) for _ in range(60)])
    mixed = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        weighted_win_rates(frame, "new", "old"), weighted_win_rates(mixed, "new", "old"), rtol=1e-12
    )


def test_a_frame_without_rows_is_a_table_without_rows() -> None:
    empty = weighted_win_rates(frame_of([(0, "A>B")]).head(0), "new", "old")
    assert empty.empty
    assert list(empty.columns) == list(weighted_win_rates(frame_of([(0, "A>B")]), "new", "old").columns)


@every_case(("candidate", "baseline"), [("new", "third"), ("third", "old"), ("new", "new")])
def test_games_of_others_are_refused(candidate: str, baseline: str) -> None:
    with pytest.raises(DataError, match="a game is not between"):
        weighted_win_rates(frame_of([(0, "A>B")]), candidate, baseline)


def test_large_samples_have_the_interval_of_the_delta_method() -> None:
    generator = np.random.default_rng(1)
    labels = [(item, str(generator.choice(LABELS[:5]))) for item in range(3000) for _ in range(2)]
    (row,) = weighted_win_rates(frame_of(labels), "new", "old").to_dict("records")
    far = normal_quantile(0.975) * row["standard_error"]
    assert (row["low"], row["high"]) == pytest.approx((row["value"] - far, row["value"] + far), abs=2e-4)
