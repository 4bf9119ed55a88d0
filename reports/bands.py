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

    By :func:`polyarena.reports.stats.statistical_power.detectable_with`.

    Args:
        estimates: Rows of :class:`polyarena.reports.records.Estimate`.
    """
    import pandas as pd

    from polyarena.reports.stats.statistical_power import detectable_with

    found: list[float | None] = []
    for row in estimates.to_dict("records"):
        if row["metric"] != "win_rate" or pd.isna(row["standard_error"]):
            found.append(None)
            continue
        found.append(
            detectable_with(float(row["standard_error"]), row["low"], row["high"], confidence=float(row["confidence"]))
        )
    return estimates.assign(detectable=_numbers(found))


def _key(row: Mapping[Hashable, Any], language: str) -> tuple[str, ...]:
    return tuple(value if isinstance(value := row[name], str) else "" for name in (*_SERIES, language))


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]
