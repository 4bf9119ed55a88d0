"""Where the variance of a judge's verdicts comes from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats.variance_components import (
    VarianceComponents,
    best_repeats,
    judge_noise,
    variance_components,
)
from polyarena.tasks.errors import DataError


def drawn(items: int, repeats: int, seed: int = 0, shift: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with variances .09 between items, .04 of orders and .01 of repeats."""
    generator = np.random.default_rng(seed)
    between, order = generator.normal(0, 0.3, items), generator.normal(0, 0.2, (items, 2))
    item = np.repeat(np.arange(items), 2 * repeats)
    swapped = np.tile(np.repeat([0, 1], repeats), items)
    scores = 0.5 + between[item] + order[item, swapped] + np.where(swapped, -shift, shift)
    return scores + generator.normal(0, 0.1, len(item)), item, swapped


def games(labels: list[tuple[str, str, str, int]], **constant: Any) -> pd.DataFrame:
    """Games from (item, first shown, label, repeat)."""
    rows = [
        {
            "judge": "j", "task": "t", "language": "deu_Latn", "item_id": item, "source_id": item, "system_a": first,
            "system_b": "b" if first == "a" else "a", "repeat": repeat, "label": label, **constant,
        }
        for item, first, label, repeat in labels
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_parts_come_back() -> None:
    found = variance_components(*drawn(3000, 3))
    assert found.between == pytest.approx(0.09, rel=0.1)
    assert found.order == pytest.approx(0.04, rel=0.1)
    assert found.repeat == pytest.approx(0.01, rel=0.1)
    assert found.first_place == pytest.approx(0.1, abs=0.01)
    assert (found.items, found.games) == (3000, 18000)


def test_its_error_is_that_of_the_mean_of_items() -> None:
    scores, item, swapped = drawn(2000, 2)
    found = variance_components(scores, item, swapped)
    means = np.bincount(item, weights=scores) / 4
    assert found.error(2000, 2) == pytest.approx(means.std(ddof=1) / math.sqrt(2000), rel=1e-9)
    assert found.error(2000, 1) > found.error(2000, 2) > found.error(2000, 50)
    assert found.error(500, 2) == pytest.approx(2 * found.error(2000, 2))


def test_without_repeats_order_and_repeat_are_one_part() -> None:
    scores, item, swapped = drawn(3000, 1)
    found = variance_components(scores, item, swapped)
    assert found.repeat is None
    assert found.order == pytest.approx(0.05, rel=0.1)
    assert found.between == pytest.approx(0.09, rel=0.12)
    means = np.bincount(item, weights=scores) / 2
    assert found.error(3000) == pytest.approx(means.std(ddof=1) / math.sqrt(3000), rel=1e-9)
    with pytest.raises(DataError, match="error with 2 repeats is not known"):
        found.error(3000, 2)


def test_items_judged_in_one_order_only_are_left_out() -> None:
    scores, item, swapped = drawn(50, 1)
    kept = ~((item == 7) & (swapped == 1))
    found = variance_components(scores[kept], item[kept], swapped[kept])
    assert (found.items, found.games) == (49, 98)


def test_degenerate_games() -> None:
    assert variance_components(np.zeros(0), np.zeros(0, dtype=int), np.zeros(0, dtype=int)) == VarianceComponents(
        None, None, None, None, 0, 0
    )
    one = variance_components(np.array([1.0, 0.0]), np.array([0, 0]), np.array([0, 1]))
    assert (one.between, one.first_place, one.items) == (None, 0.5, 1)
    same = variance_components(np.ones(8), np.repeat([0, 1], 4), np.tile([0, 0, 1, 1], 2))
    assert (same.between, same.order, same.repeat) == (0, 0, 0)


def test_games_are_told_for_the_first_system_by_name() -> None:
    frame = games([("1", "a", "A>B", 0), ("1", "b", "A>>B", 0), ("2", "a", "A>B", 0), ("2", "b", "B>A", 0)])
    found = judge_noise(frame).iloc[0]
    assert (found["candidate"], found["baseline"]) == ("a", "b")
    assert found["first_place"] == pytest.approx(0.25)
    assert (found["items"], found["games"]) == (2, 4)


def test_games_without_a_verdict_are_left_out_and_bad_ones_refused() -> None:
    frame = games([("1", "a", "A>B", 0), ("1", "b", "invalid", 0), ("2", "a", "A=B", 0), ("2", "b", "A=B", 0)])
    assert judge_noise(frame).iloc[0]["items"] == 1
    with pytest.raises(DataError, match="unknown label"):
        judge_noise(frame.assign(label="A"))
    with pytest.raises(DataError, match="occur twice"):
        judge_noise(pd.concat([frame, frame]))
    with pytest.raises(DataError, match="no column repeat"):
        judge_noise(frame.drop(columns="repeat"))


NOISE = VarianceComponents(between=0.09, order=0.04, repeat=0.16, first_place=0.0, items=100, games=400)


def test_new_items_tell_more_than_repeats_until_they_run_out() -> None:
    best = best_repeats(NOISE, budget=1000)[0]
    assert (best.repeats, best.items) == (1, 500)
    limited = best_repeats(NOISE, budget=1000, most_items=50)[0]
    assert (limited.repeats, limited.items) == (10, 50)


def test_dear_items_are_judged_more_often() -> None:
    """The optimum is the root of noise over the rest, times the root of the prices' ratio."""
    exact = math.sqrt((0.16 / 2) / (0.09 + 0.04 / 2) * 50 / 2)
    best = best_repeats(NOISE, budget=100_000, item_price=50)[0]
    assert abs(best.repeats - exact) < 1
    assert best.standard_error == pytest.approx(NOISE.error(best.items, best.repeats))


def test_every_plan_is_within_the_budget_and_the_best_comes_first() -> None:
    plans = best_repeats(NOISE, budget=90, game_price=1.5, item_price=2)
    assert all(plan.items * (2 + 3 * plan.repeats) <= 90 for plan in plans)
    assert [plan.standard_error for plan in plans] == sorted(plan.standard_error for plan in plans)


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"budget": 3.0}, "fewer than two items"), ({"budget": 9.0, "game_price": 0.0}, "no meaning")],
)
def test_budgets_that_buy_nothing_are_refused(settings: dict[str, float], says: str) -> None:
    with pytest.raises(DataError, match=says):
        best_repeats(NOISE, **settings)


def test_a_row_of_the_frame_is_planned_for_like_its_noise() -> None:
    frame = judge_noise(
        games([(f"i{i}", first, label, r) for i in range(12) for first in ("a", "b") for r in (0, 1)
               for label in [("A>B", "B>A", "A=B")[(i + r * (i % 3 == 0)) % 3]]])
    )  # fmt: skip
    assert len(frame) == 1
    values = {name: frame[name].iloc[0] for name in VarianceComponents.__slots__}
    assert best_repeats(frame, budget=200) == best_repeats(VarianceComponents(**values), budget=200)
    with pytest.raises(DataError, match="noise of 2 comparisons"):
        best_repeats(pd.concat([frame, frame]), budget=200)
    with pytest.raises(DataError, match="the error with 2 repeats is not known"):
        best_repeats(frame.assign(repeat=None), budget=200)
    with pytest.raises(DataError, match="no column"):
        best_repeats(frame.drop(columns="between"), budget=200)
