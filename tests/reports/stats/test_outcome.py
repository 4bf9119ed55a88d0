"""Outcomes follow the direction of the metric."""

import math

import pytest

from polyarena.reports.stats.outcome import outcome
from polyarena.tasks.metrics.metric import Direction


@pytest.mark.parametrize(
    ("low", "high", "reference", "higher", "lower", "zero"),
    [
        (0.6, 0.7, 0.5, "better", "worse", "worse"),
        (0.3, 0.4, 0.5, "worse", "better", "better"),
        (0.4, 0.6, 0.5, "inconclusive", "inconclusive", "inconclusive"),
        (-0.7, -0.6, 0.5, "worse", "better", "worse"),
        (-0.1, 0.2, 0.5, "worse", "better", "better"),
        (-0.1, 0.2, 0.1, "inconclusive", "inconclusive", "inconclusive"),
        (None, 0.2, 0.5, "inconclusive", "inconclusive", "inconclusive"),
        (math.nan, 0.2, 0.5, "inconclusive", "inconclusive", "inconclusive"),
    ],
)
def test_each_direction(low, high, reference, higher, lower, zero):
    directions = (Direction.HIGHER, Direction.LOWER, Direction.ZERO)
    found = [outcome(low, high, reference, direction).value for direction in directions]
    assert found == [higher, lower, zero]
