"""Adds simultaneous bands and detectable differences to estimates."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_SERIES = ["task", "metric", "judge", "system", "baseline"]


def with_bands(estimates: pd.DataFrame, bands: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return estimates whose languages have ``band_low`` and ``band_high``, where there is a band.

    Args:
        estimates: Rows of :class:`polyarena.reports.records.Estimate`.
        bands: From :func:`polyarena.reports.stats.simultaneous_bands`, with the same settings.
    """
    ends = {
        _key(row, "language"): (row["band_low"], row["band_high"])
        for frame in bands
        for row in frame.to_dict("records")
    }
    found = [
        ends.get(_key(row, "group"), (None, None)) if row["level"] == "language" else (None, None)
        for row in estimates[[*_SERIES, "level", "group"]].to_dict("records")
    ]
    lows, highs = zip(*found, strict=True) if found else ((), ())
    return estimates.assign(band_low=_numbers(lows), band_high=_numbers(highs))


def with_detectable(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return estimates whose win rates have the smallest ``detectable`` distance from one half.

    It is :func:`polyarena.reports.stats.minimal_detectable_effect` of the standard error, or of half the interval's
    width over the normal quantile where that is more: with few items an interval is wider than the standard error
    says, and what it holds it does not exclude.

    Args:
        estimates: Rows of :class:`polyarena.reports.records.Estimate`.
    """
    import pandas as pd

    from polyarena.reports.stats import minimal_detectable_effect
    from polyarena.reports.stats.quantiles import normal_quantile

    found: list[float | None] = []
    for row in estimates.to_dict("records"):
        if row["metric"] != "win_rate" or pd.isna(row["standard_error"]):
            found.append(None)
            continue
        error, confidence = float(row["standard_error"]), float(row["confidence"])
        if pd.notna(row["low"]):
            error = max(error, (row["high"] - row["low"]) / 2 / normal_quantile(0.5 + confidence / 2))
        found.append(minimal_detectable_effect(error, confidence=confidence))
    return estimates.assign(detectable=_numbers(found))


def _key(row: Mapping[Hashable, Any], language: str) -> tuple[str, ...]:
    return tuple(value if isinstance(value := row[name], str) else "" for name in (*_SERIES, language))


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]
