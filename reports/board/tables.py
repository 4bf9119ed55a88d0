"""From rows of items to the data of columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from polyarena.reports.board.model import ItemTable
from polyarena.reports.stats.series import LanguageSeries, language_series


class ColumnKey(NamedTuple):
    """What tells one column from another, before signatures.

    Attributes:
        task: Task name.
        metric: ``win_rate`` or the metric.
        judge: Of win rates, else empty.
        baseline: Of win rates, else empty.
    """

    task: str
    metric: str
    judge: str = ""
    baseline: str = ""


def item_tables(frame: pd.DataFrame) -> dict[ColumnKey, ItemTable]:
    """Return the item values of each column.

    Args:
        frame: Rows of :class:`polyarena.tasks.records.Score` or :class:`polyarena.judges.records.Battle`.

    Raises:
        DataError: The frame is of neither kind or not sound: a row twice, a value that is not a finite number.
    """
    found: defaultdict[ColumnKey, list[LanguageSeries]] = defaultdict(list)
    for series in language_series(frame):
        found[ColumnKey(series.task, series.metric, series.judge or "", series.baseline or "")].append(series)
    names = {str(task): _item_ids(rows) for task, rows in frame.groupby("task", sort=True)}
    return {key: _table(own, names[key.task]) for key, own in sorted(found.items())}


def _table(own: list[LanguageSeries], names: Mapping[str, Mapping[str, str]]) -> ItemTable:
    data = own[0].data
    places = {(series.system, code): place for series in own for code, place in series.columns.items()}
    ids = {
        code: tuple(names[code].get(cluster, "") for cluster in data.clusters)
        for code in sorted({code for _, code in places})
    }
    # Where an item is called as its source is, the clusters say it all.
    return ItemTable(data, places, {code: own for code, own in ids.items() if set(own) - {"", *data.clusters}})


def _item_ids(rows: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return, by language and source, the first item."""
    found: dict[str, dict[str, str]] = {}
    distinct = rows[["language", "source_id", "item_id"]].drop_duplicates(["language", "source_id"])
    for language, source, item in distinct.itertuples(index=False, name=None):
        found.setdefault(str(language), {})[str(source)] = str(item)
    return found
