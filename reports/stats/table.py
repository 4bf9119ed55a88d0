"""Estimates as data frames and Arrow tables, in one canonical order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
import pyarrow as pa

from polyarena.reports.records import ESTIMATE_SCHEMA, Estimate
from polyarena.tasks.records import from_table, to_table

_LEVELS = {"macro": 0, "tier": 1, "language": 3}
_GROUPS = {"high": 0, "mid": 1, "low": 2}


def estimates_frame(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Return estimates as a data frame with the columns of ``ESTIMATE_SCHEMA``, in canonical order.

    Rows are sorted by task, metric, judge, system and baseline; within these the macro average comes first, then tiers
    from high to low, other groupings, and languages by code. Missing values are null.

    Example:
        >>> len(estimates_frame([]))
        0
    """
    frame: pd.DataFrame = to_table(sorted(estimates, key=_place), ESTIMATE_SCHEMA).to_pandas()
    return frame


def estimates_table(frames: Sequence[pd.DataFrame]) -> pa.Table:
    """Return data frames of estimates as one Arrow table, in canonical order.

    Args:
        frames: From :func:`polyarena.reports.stats.win_rates`, :func:`polyarena.reports.stats.mean_scores` or
            :func:`estimates_frame`; empty ones are welcome.

    Example:
        >>> estimates_table([win_rates(battles), mean_scores(scores)]).num_rows  # doctest: +SKIP
    """
    estimates: list[Estimate] = []
    for frame in frames:
        rows = pa.Table.from_pandas(frame[list(ESTIMATE_SCHEMA.names)], schema=ESTIMATE_SCHEMA, preserve_index=False)
        estimates += from_table(rows, Estimate)
    return to_table(sorted(estimates, key=_place), ESTIMATE_SCHEMA)


def _place(e: Estimate) -> tuple[str | int, ...]:
    group = _GROUPS.get(e.group, len(_GROUPS)) if e.level == "tier" else 0
    level = _LEVELS.get(e.level, 2)
    return (e.task, e.metric, e.judge or "", e.system, e.baseline or "", level, e.level, group, e.group)
