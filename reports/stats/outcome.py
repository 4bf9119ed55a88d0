"""Three outcomes of a comparison, not two."""

from __future__ import annotations

import math
from enum import StrEnum

from polyarena.tasks.metrics.metric import Direction


class Outcome(StrEnum):
    """What an interval says about a comparison."""

    BETTER = "better"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


def outcome(
    low: float | None, high: float | None, reference: float = 0.5, direction: Direction = Direction.HIGHER
) -> Outcome:
    """Compare an interval with a reference value.

    Args:
        low: Lower end; ``None`` or NaN when there is no interval.
        high: Upper end; likewise.
        reference: 0.5 for win rates.
        direction: Which values are better. If those near 0 are, an interval is compared with the reference's distance
            from 0.

    Returns:
        ``better`` if the whole interval is on the better side of the reference, ``worse`` if it is on the other side,
        otherwise (also without an interval) ``inconclusive``.

    Example:
        >>> outcome(0.52, 0.6).value
        'better'
        >>> outcome(0.52, 0.6, direction=Direction.LOWER).value
        'worse'
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return Outcome.INCONCLUSIVE
    if direction is Direction.LOWER:
        low, high, reference = -high, -low, -reference
    elif direction is Direction.ZERO:
        nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        low, high, reference = -max(abs(low), abs(high)), -nearest, -abs(reference)
    if low > reference:
        return Outcome.BETTER
    return Outcome.WORSE if high < reference else Outcome.INCONCLUSIVE


def gain_factors(direction: Direction, values: tuple[float, float]) -> tuple[float, float]:
    """Return what two systems' values are multiplied with, so that more is better: 1 or -1 each.

    Args:
        direction: Which values are better. If those near 0 are, a value counts by its distance from 0, on the side on
            which its estimate is.
        values: Both systems' estimates.

    Example:
        >>> gain_factors(Direction.LOWER, (0.2, 0.3))
        (-1.0, -1.0)
    """
    if direction is Direction.ZERO:
        first, second = (-1.0 if value >= 0 else 1.0 for value in values)
        return first, second
    sign = 1.0 if direction is Direction.HIGHER else -1.0
    return sign, sign
