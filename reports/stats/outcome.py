"""Three outcomes of a comparison, not two."""

from __future__ import annotations

import math
from enum import StrEnum


class Outcome(StrEnum):
    """What an interval says about a comparison."""

    BETTER = "better"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


def outcome(low: float | None, high: float | None, reference: float = 0.5) -> Outcome:
    """Compare an interval with a reference value.

    Args:
        low: Lower end; ``None`` or NaN when there is no interval.
        high: Upper end; likewise.
        reference: 0.5 for win rates.

    Returns:
        ``better`` when the whole interval is above the reference, ``worse`` when it is below, otherwise (also without
        an interval) ``inconclusive``.

    Example:
        >>> outcome(0.52, 0.6).value
        'better'
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return Outcome.INCONCLUSIVE
    if low > reference:
        return Outcome.BETTER
    return Outcome.WORSE if high < reference else Outcome.INCONCLUSIVE
