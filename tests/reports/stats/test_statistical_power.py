"""What an evaluation can see, and what it takes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from scipy import stats

from polyarena.reports.stats.statistical_power import (
    Design,
    affordable,
    detectable,
    minimal_detectable_effect,
    observed_design,
    power,
)
from polyarena.tasks.errors import DataError


@every_case(("items", "points"), [(100, 9.6), (250, 6.0), (500, 4.3)])
def test_a_one_sided_gate_of_five_percent(items: int, points: float) -> None:
    """At an SD of .38: a one-sided level of 5% is a two-sided one of 10%; 80% power."""
    found = minimal_detectable_effect(0.38 / math.sqrt(items), confidence=0.90)
    assert 100 * found == pytest.approx(points, abs=0.2)


def test_one_language_is_the_textbook_formula() -> None:
    found = power(Design(items=400, sd=0.5))
    assert found.standard_error == 0.025
    assert found.detectable == pytest.approx((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * 0.025)


def test_the_chance_is_that_of_simulated_evaluations() -> None:
    design = Design(items=80, languages=5, sd=0.4, icc=0.4)
    planned = power(design, effect=0.08)
    generator = np.random.default_rng(0)
    found = 0
    for _ in range(2000):
        shared = generator.normal(0, 0.4 * math.sqrt(0.4), (80, 1))
        own = generator.normal(0, 0.4 * math.sqrt(0.6), (80, 5))
        means = (0.08 + shared + own).mean(axis=1)
        found += means.mean() / (means.std(ddof=1) / math.sqrt(80)) > stats.t.ppf(0.975, 79)
    assert planned.chance == pytest.approx(found / 2000, abs=0.035)


def test_many_comparisons_need_more() -> None:
    one, many = power(Design(items=100)), power(Design(items=100), comparisons=23)
    assert many.detectable / one.detectable == pytest.approx(
        (stats.norm.ppf(1 - 0.025 / 23) + stats.norm.ppf(0.8)) / (stats.norm.ppf(0.975) + stats.norm.ppf(0.8))
    )


def test_repeats_take_away_the_judge_s_noise_only() -> None:
    design = Design(items=100, sd=0.4, noise_sd=0.2)
    assert design.variance() == pytest.approx(0.16)
    assert replace(design, repeats=4).variance() == pytest.approx(0.16 - 0.03)
    assert replace(design, repeats=10**6).standard_error() == pytest.approx(math.sqrt(0.12 / 100), rel=1e-4)


def test_a_budget_buys_items() -> None:
    design = affordable(Design(items=2, languages=23, repeats=2), budget=460, price=0.1)
    assert design.items == 100
    assert power(design, price=0.1).cost == pytest.approx(460)


def test_estimates_say_what_they_could_have_seen() -> None:
    frame = pd.DataFrame({"standard_error": [0.02, np.nan], "confidence": [0.95, 0.9]})
    found = detectable(frame)
    assert found["detectable"][0] == pytest.approx(minimal_detectable_effect(0.02))
    assert np.isnan(found["detectable"][1])
    with pytest.raises(DataError, match="no column confidence"):
        detectable(frame[["standard_error"]])


def test_an_earlier_run_s_variances_come_back() -> None:
    generator = np.random.default_rng(1)
    shared = generator.normal(size=(600, 1)) * math.sqrt(0.3)
    values = 0.5 + 0.4 * (shared + generator.normal(size=(600, 6)) * math.sqrt(0.7))
    frame = pd.DataFrame(
        [{"source_id": f"s{i}", "language": f"l{j}", "score": values[i, j]} for i in range(600) for j in range(6)]
    )
    found = observed_design(frame)
    assert (found.items, found.languages) == (600, 6)
    assert found.sd == pytest.approx(0.4, abs=0.02)
    assert found.icc == pytest.approx(0.3, abs=0.05)
    wide = frame.pivot_table(index="source_id", columns="language", values="score").mean(axis=1)
    assert found.standard_error() == pytest.approx(wide.std(ddof=1) / math.sqrt(600), rel=0.02)


@every_case(
    ("change", "says"),
    [
        ({"items": 1}, "items is 1"),
        ({"languages": 0}, "languages is 0"),
        ({"repeats": 0}, "repeats is 0"),
        ({"sd": 0.0}, "sd is 0"),
        ({"sd": math.nan}, "sd is nan"),
        ({"icc": 1.5}, "icc is 1.5"),
        ({"noise_sd": 0.5}, "noise_sd is 0.5"),
    ],
)
def test_designs_without_a_meaning_are_refused(change: dict[str, float], says: str) -> None:
    with pytest.raises(DataError, match=says):
        replace(Design(items=10), **change)


@every_case(
    ("settings", "says"),
    [
        ({"effect": 0.0}, "effect is 0"),
        ({"confidence": 1.0}, "confidence is 1"),
        ({"power": 0.0}, "power is 0"),
        ({"comparisons": 0}, "comparisons is 0"),
    ],
)
def test_questions_without_a_meaning_are_refused(settings: dict[str, float], says: str) -> None:
    with pytest.raises(DataError, match=says):
        power(Design(items=10), **settings)


def test_budgets_and_runs_that_say_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="at least 46"):
        affordable(Design(items=10, languages=23), budget=10, price=1)
    with pytest.raises(DataError, match="price is 0"):
        affordable(Design(items=10), budget=10, price=0)
    same = pd.DataFrame({"source_id": ["a", "b"], "language": "deu_Latn", "score": 1.0})
    with pytest.raises(DataError, match="no language has two different values"):
        observed_design(same)
    with pytest.raises(DataError, match="occurs twice"):
        observed_design(pd.concat([same, same]))
