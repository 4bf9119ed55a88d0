"""The betting sequence step by step, with and without replacement, and what is certain at its end."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.outcome import Outcome
from polyarena.reports.stats.sequential import confidence_sequence, stop_early

SCORES = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=25)


def capital(values: list[float], mean: float, alpha: float, population: int | None = None) -> float:
    """Largest hedged capital against a mean up to now, by the paper's recursion, one value after another."""
    up = down = 1.0
    largest = 0.0
    total = 0.0
    seen, squares = 0.5, 0.25
    variance = 0.25
    for t, value in enumerate(values, 1):
        bet = math.sqrt(2 * math.log(2 / alpha) / (variance * t * math.log(1 + t)))
        left = mean if population is None else (population * mean - total) / (population - t + 1)
        if not -1e-9 <= left <= 1 + 1e-9:
            return math.inf
        left = min(1.0, max(0.0, left))
        stake_up = bet if left == 0 else min(bet, 0.5 / left)
        stake_down = bet if left == 1 else min(bet, 0.5 / (1 - left))
        up *= 1 + stake_up * (value - left)
        down *= 1 - stake_down * (value - left)
        largest = max(largest, (up + down) / 2)
        total += value
        seen += value
        average = seen / (t + 1)
        squares += (value - average) ** 2
        variance = squares / (t + 1)
    return largest


@given(values=SCORES, alpha=st.sampled_from([0.05, 0.2]), extra=st.none() | st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_a_mean_is_held_exactly_while_nobody_got_rich_against_it(
    values: list[float], alpha: float, extra: int | None
) -> None:
    population = None if extra is None else len(values) + extra + 1
    found = confidence_sequence(values, confidence=1 - alpha, population=population, steps=50)
    held = [m / 50 for m in range(51) if capital(values, m / 50, alpha, population) < 1 / alpha]
    if held:
        assert found.low[-1] == pytest.approx(max(0.0, held[0] - 1 / 50))
        assert found.high[-1] == pytest.approx(min(1.0, held[-1] + 1 / 50))


@every_case("wins", range(7))
def test_in_all_orders_of_a_small_population_the_error_level_holds(wins: int) -> None:
    """All 720 orders of six items, each as likely: the share whose sequence ever misses is at most a fifth."""
    items = [1.0] * wins + [0.0] * (6 - wins)
    mean = wins / 6
    orders = sorted(set(permutations(items)))
    missed = sum(
        bool(((found.low > mean + 1e-9) | (found.high < mean - 1e-9)).any())
        for found in (confidence_sequence(order, confidence=0.8, population=6) for order in orders)
    )
    assert missed / len(orders) <= 0.2


@given(SCORES)
def test_a_whole_population_ends_in_its_own_mean_whatever_came_before(values: list[float]) -> None:
    ordered = sorted(values, reverse=True)
    for each in (values, ordered):
        found = confidence_sequence(each, confidence=0.6, population=len(each))
        assert found.low[-1] == found.high[-1] == pytest.approx(np.mean(each))
        assert (found.low[:-1] <= found.high[:-1]).all()
    end = stop_early(values, reference=0.5, confidence=0.6, population=len(values), least=len(values))
    mean = math.fsum(values) / len(values)
    said = Outcome.BETTER if mean > 0.5 else Outcome.WORSE if mean < 0.5 else Outcome.INCONCLUSIVE
    assert end.outcome is said


def test_an_earlier_mistake_is_mended_at_the_end() -> None:
    """Wins first, losses last: not a random order, and the last interval still is the mean."""
    values = [1.0] * 60 + [0.0] * 60
    found = confidence_sequence(values, population=120)
    assert found.low.max() > 0.5
    assert (found.low[-1], found.high[-1]) == (0.5, 0.5)


@given(SCORES, st.integers(2, 400))
@settings(max_examples=40, deadline=None)
def test_a_coarser_grid_is_never_narrower_by_more_than_its_step(values: list[float], steps: int) -> None:
    fine, coarse = confidence_sequence(values, steps=2000), confidence_sequence(values, steps=steps)
    assert (coarse.low <= fine.low + 1 / 2000 + 1e-12).all()
    assert (coarse.high >= fine.high - 1 / 2000 - 1e-12).all()


def test_stopping_for_nothing_is_rare() -> None:
    """No difference: of 400 watchers at most one in twenty ever says there is one (here with ties)."""
    generator = np.random.default_rng(0)
    wrong = sum(
        stop_early(generator.choice([0.0, 0.5, 1.0], 200, p=[0.4, 0.2, 0.4])).outcome is not Outcome.INCONCLUSIVE
        for _ in range(400)
    )
    assert wrong / 400 <= 0.05 + 0.033
