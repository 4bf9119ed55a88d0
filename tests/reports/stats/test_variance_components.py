"""Where the variance of a judge's verdicts comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats.variance_components import (
    Noise,
    VarianceComponents,
    judge_noise,
    mean_noise,
    pair_noise,
    sample_noise,
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


def test_without_repeats_order_and_repeat_are_one_part() -> None:
    scores, item, swapped = drawn(3000, 1)
    found = variance_components(scores, item, swapped)
    assert found.repeat is None
    assert found.order == pytest.approx(0.05, rel=0.1)
    assert found.between == pytest.approx(0.09, rel=0.12)


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


def test_the_noise_of_a_pair_is_that_of_its_languages_judged_once_in_both_orders() -> None:
    parts = []
    for code, repeats in (("deu_Latn", 2), ("tha_Thai", 4)):
        scores, item, swapped = drawn(500, repeats, seed=repeats)
        repeat = np.tile(np.arange(repeats), 1000)
        parts.append(
            pd.DataFrame(
                {
                    "judge": "j", "task": "t", "language": code, "item_id": item.astype(str), "label": "A=B",
                    "source_id": item.astype(str), "system_a": np.where(swapped, "b", "a"), "score": scores,
                    "system_b": np.where(swapped, "a", "b"), "repeat": repeat,
                }
            )
        )  # fmt: skip
    frame = pd.concat(parts)
    frame["score"] = np.where(frame["system_a"] == "a", frame["score"], 1 - frame["score"])
    once = parts[0][parts[0]["repeat"] == 0].assign(language="swh_Latn")
    components = judge_noise(pd.concat([frame, once, frame.assign(task="other", label="A>B", score=0.5)]))
    noise = pair_noise(components, "j", "t", ("b", "a"))
    assert noise is not None
    assert noise.variance == pytest.approx(0.01 / 2, rel=0.05)
    assert noise.repeats == pytest.approx(2 / (1 / 2 + 1 / 4))
    assert pair_noise(components, "j", "t", ("a", "c")) is None
    assert pair_noise(components, "j", "other", ("a", "b")) == Noise(0.0, noise.repeats)


def test_the_noise_of_samples_is_the_variance_within_items() -> None:
    generator = np.random.default_rng(1)
    items = np.repeat(np.arange(900), np.tile([1, 2, 6], 300))
    values = generator.normal(0, 0.4, 900)[items] + generator.normal(0, 0.2, len(items))
    found = sample_noise(values, items)
    assert found is not None
    assert found.variance == pytest.approx(0.04, rel=0.1)
    assert found.repeats == pytest.approx(3 / (1 + 1 / 2 + 1 / 6))
    assert sample_noise(np.array([1.0, 0.0]), np.array([0, 1])) is None
    # By hand: (0.5**2 * 4) / (4 - 2).
    assert sample_noise(np.array([1.0, 0.0, 0.0, 1.0]), np.array([0, 0, 1, 1])) == Noise(0.5, 2.0)
    assert mean_noise([None, found, None]) == found
    assert mean_noise([None]) is None
