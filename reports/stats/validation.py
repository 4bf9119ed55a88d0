"""Refuses records that cannot be averaged, before anything is computed from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from polyarena.reports.stats.corpus import Formula
from polyarena.tasks.errors import DataError
from polyarena.tasks.metrics.registry import METRICS

NAMES = frozenset(
    [
        "judge",
        "task",
        "language",
        "item_id",
        "source_id",
        "system",
        "metric",
        "candidate",
        "baseline",
        "system_a",
        "system_b",
    ]
)
"""Columns by which records of items are told apart and grouped; a row that lacks one would drop out unseen."""


def require_columns(frame: pd.DataFrame, columns: Sequence[str], kind: str) -> None:
    """Raise a DataError if ``frame`` is no data frame or lacks one of ``columns``, or if an item's row lacks a name."""
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            f"the {kind} are no data frame",
            why=f"they are a {type(frame).__name__}",
            fix=f"pass {kind} as a run folder or polyarena wrote them",
        )
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise DataError(
            f"the {kind} have no column {', '.join(lacking)}",
            why=f"columns found: {', '.join(map(str, frame.columns))}",
            fix=f"pass {kind} as a run folder or polyarena wrote them",
        )
    for name in (name for name in columns if name in NAMES and "item_id" in columns):
        empty = frame[name].isna().to_numpy(dtype=np.bool_)
        if empty.any():
            raise DataError(
                f"{int(empty.sum())} of {len(frame)} {kind} have no {name}",
                where=f"row {int(empty.argmax())}",
                fix=f"fill in the column {name}, or leave such rows out",
            )


def refuse_duplicates(frame: pd.DataFrame, key: Sequence[str], kind: str) -> None:
    """Raise a DataError if two rows have the same key; counted twice, they would narrow the intervals."""
    again = frame.duplicated(list(key))
    if again.any():
        raise DataError(
            f"{int(again.sum())} of {len(frame)} {kind} occur twice",
            where=describe(frame[again], key),
            why="an item that counts twice makes intervals too narrow",
            fix="remove the copies; a run folder never holds any",
        )


def refuse_values(frame: pd.DataFrame, wrong: pd.Series[bool], what: str, key: Sequence[str], column: str) -> None:
    """Refuse rows with wrong values.

    Args:
        frame: The rows.
        wrong: Whether a row is wrong; the same index.
        what: The error.
        key: Columns by which the message names the first wrong row.
        column: Whose value the message shows.

    Raises:
        DataError: A row is wrong.
    """
    if wrong.any():
        first = frame[wrong]
        raise DataError(what, where=describe(first, key), why=f"{column} is {first[column].iloc[0]}")


def corpus_formula(metric: str, rows: pd.DataFrame, key: Sequence[str]) -> Formula:
    """Return the formula of a metric of a corpus, whose statistics the rows have.

    Raises:
        DataError: There is no such metric of a corpus; a row has no statistics, or not those that the formula takes.
    """
    known = METRICS.get(metric)
    if known is None or known.corpus is None:
        raise DataError(
            f"the scores of {metric} have statistics, and there is no formula for their sum",
            where=describe(rows, key),
            why=f"metrics of a corpus are {', '.join(name for name, each in METRICS.items() if each.corpus)}",
            fix="let the task return statistics for metrics of a corpus only",
        )
    lengths = rows["statistics"].map(lambda values: -1 if values is None or values is pd.NA else np.size(values))
    refuse_values(
        rows.assign(length=lengths),
        lengths != known.n_statistics,
        f"a score has not the {known.n_statistics} statistics of {metric}",
        key,
        "length",
    )
    unknown = [not np.isfinite(np.asarray(values, dtype=np.float64)).all() for values in rows["statistics"]]
    refuse_values(
        rows, pd.Series(unknown, index=rows.index, dtype=bool), "a statistic is not a finite number", key, "statistics"
    )
    return known.corpus


def finite(values: pd.Series[float]) -> pd.Series[bool]:
    """Tell which values are finite numbers."""
    known = np.isfinite(values.to_numpy(dtype=np.float64, na_value=np.nan))
    return pd.Series(known, index=values.index, dtype=bool)


def describe(frame: pd.DataFrame, key: Sequence[str]) -> str:
    """Return the key of the first row, such as ``task=mini language=deu_Latn item_id=3``."""
    return " ".join(f"{name}={frame[name].iloc[0]}" for name in key)
