"""Values that others published, from a CSV file."""

from __future__ import annotations

import math
from pathlib import Path

from polyarena.harness.importing.rows import find_text, table
from polyarena.reports.board.model import PublishedValue
from polyarena.tasks.errors import DataError

SOURCES = ("source", "source_url", "paper")
NOTES = ("note", "evidence")


def read_published(path: Path) -> tuple[PublishedValue, ...]:
    """Read published values: ``system``, ``benchmark``, ``language``, ``metric``, ``value``, ``source``.

    ``source_url`` or ``paper`` may stand for ``source``; a ``note`` is shown beside the value, and a ``baseline``
    becomes a part of the metric. Rows without a number are refused.

    Raises:
        DataError: The file cannot be read, a row lacks a field, or a value is not a finite number.
    """
    if path.is_dir():
        raise DataError("published values are one CSV file", where=path, fix="give the file")
    found = []
    for where, row in table(path):
        text = find_text(row, ("value",), where)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise DataError("the value is not a number", where=where, why=f"it is {text!r}", fix="write digits alone")
        metric = find_text(row, ("metric",), where)
        baseline = find_text(row, ("baseline",), where, "")
        source = next((str(row[name]) for name in SOURCES if row.get(name)), "")
        found.append(
            PublishedValue(
                system=find_text(row, ("system",), where),
                benchmark=find_text(row, ("benchmark",), where),
                language=find_text(row, ("language",), where, "avg"),
                metric=f"{metric} against {baseline}" if baseline else metric,
                value=value,
                source=source or find_text(row, ("source",), where),
                note="; ".join(str(row[name]) for name in NOTES if row.get(name)),
            )
        )
    return tuple(found)
