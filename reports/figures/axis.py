"""Ticks and limits that hold everything drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable


def nice_axis(
    values: Iterable[float | None],
    *,
    include: Iterable[float] = (),
    bounds: tuple[float, float] = (-math.inf, math.inf),
    most: int = 5,
) -> tuple[tuple[float, float], tuple[float, ...]]:
    """Return limits with a little room at both ends, and at most ``most`` ticks or one more.

    Args:
        values: Everything drawn; ``None`` is left out.
        include: Further values that lie within the limits, such as 50.
        bounds: What the ticks never leave, such as 0 and 100.
        most: Of intervals between ticks.
    """
    ends = [value for value in (*values, *include) if value is not None and math.isfinite(value)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    spread = high - low if high - low > 1e-9 * max(abs(low), abs(high), 1e-6) else max(abs(high), 1.0) / 5
    raw = spread / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    first = max(first, math.ceil(bounds[0] / step - 1e-9)) if math.isfinite(bounds[0]) else first
    last = min(last, math.floor(bounds[1] / step + 1e-9)) if math.isfinite(bounds[1]) else last
    if first >= last:
        first, last = first - 1, last + 1
    ticks = tuple(round(step * i, 10) for i in range(first, last + 1))
    low, high = min(ticks[0], low), max(ticks[-1], high)
    pad = 0.02 * (high - low)
    return (low - pad, high + pad), ticks
