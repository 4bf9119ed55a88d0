"""Frames that are none, or whose rows lack a name, are refused by every public function alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from every_case import every_case

from polyarena.judges.records import GAME_SCHEMA
from polyarena.reports.stats import category_scores, equity, judge_noise, mean_scores, rank, win_rates
from polyarena.reports.stats.validation import require_columns
from polyarena.tasks.errors import DataError

Make = Callable[..., pd.DataFrame]
OF_BATTLES = (win_rates, rank)
OF_SCORES = (mean_scores, category_scores, equity)


@every_case("function", [*OF_BATTLES, *OF_SCORES[:2], judge_noise])
@every_case("given", [None, [1, 2], {"a": 1}])
def test_what_is_no_frame_is_refused(function: Callable[[Any], pd.DataFrame], given: Any) -> None:
    with pytest.raises(DataError, match=f"no data frame\n  why: they are a {type(given).__name__}"):
        function(given)


@pytest.mark.parametrize("function", OF_BATTLES)
@pytest.mark.parametrize("name", ["judge", "task", "language", "item_id", "source_id", "candidate", "baseline"])
def test_a_battle_without_a_name_does_not_drop_out_unseen(
    make_battles: Make, function: Callable[[pd.DataFrame], pd.DataFrame], name: str
) -> None:
    battles = make_battles({"deu_Latn": [1.0, 0.5, 0.0, 1.0]}).astype({name: object})
    battles.loc[battles.index[2], name] = None
    with pytest.raises(DataError, match=f"row 2: 1 of 4 battles have no {name}"):
        function(battles)


@pytest.mark.parametrize("function", OF_SCORES)
@pytest.mark.parametrize("name", ["system", "task", "language", "source_id", "metric"])
def test_a_score_without_a_name_does_not_drop_out_unseen(
    make_scores: Make, function: Callable[[pd.DataFrame], pd.DataFrame], name: str
) -> None:
    scores = make_scores({"deu_Latn": [1.0, 0.5, 0.0, 1.0]})
    with pytest.raises(DataError, match=f"4 of 4 scores have no {name}"):
        function(scores.assign(**{name: None}))


def test_columns_that_lack_are_named_and_numbers_may_be_unknown() -> None:
    with pytest.raises(DataError, match="no column judge"):
        require_columns(pd.DataFrame({"task": ["t"]}), ("task", "judge"), "rows")
    require_columns(pd.DataFrame({"item_id": ["1"], "score": [None]}), ("item_id", "score"), "rows")
    # Estimates of scores have no judge: they are no records of items.
    require_columns(pd.DataFrame({"task": ["t"], "judge": [None]}), ("task", "judge"), "estimates")
    assert "source_id" in GAME_SCHEMA.names[:9]
