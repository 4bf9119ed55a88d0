"""Reads rows of data sets from the hub or a local mirror, and records their digests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from types import NoneType
from typing import Any

from polyarena.tasks.card import Dataset
from polyarena.tasks.data.digest import content_digest
from polyarena.tasks.data.fields import PlacedRows, field_types, refuse_mixed_splits, require_fields
from polyarena.tasks.data.hub import hub_rows
from polyarena.tasks.data.mirror import mirror_file, mirror_rows
from polyarena.tasks.errors import DataError


class RecentParts:
    """The parts of data sets that were read last, for tasks that read the same, such as English for each language.

    A part is the rows of one config and split. Whoever is given rows from here must not change them.
    """

    _MOST = 2

    def __init__(self) -> None:
        self._parts: OrderedDict[str, tuple[PlacedRows, str]] = OrderedDict()

    def get(self, key: str) -> tuple[PlacedRows, str] | None:
        """Return the rows of a part and their digest, if it is one of the last."""
        found = self._parts.get(key)
        if found is not None:
            self._parts.move_to_end(key)
        return found

    def put(self, key: str, rows: PlacedRows, digest: str) -> None:
        """Add a part in place of the one that was asked for longest ago."""
        self._parts[key] = (rows, digest)
        while len(self._parts) > self._MOST:
            self._parts.popitem(last=False)


class DataSource:
    """Reads data sets from a local mirror, or from the hub when there is none.

    It keeps only digests. Threads may share one source, unless it has recent parts.

    Attributes:
        root: The folder of the mirror (see :mod:`polyarena.tasks.data.mirror` for its layout), or ``None`` for the hub.
        digests: The content digest of each part that was read, by ``<id>@<revision>/<config>/<split>``. A mirror does
            not know its revision; the digest is what tells two copies apart.
    """

    def __init__(self, root: Path | None, recent: RecentParts | None = None) -> None:
        self.root = root
        self.digests: dict[str, str] = {}
        self._recent = recent
        self._lock = Lock()

    def rows(self, dataset: Dataset, config: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Return all rows of one config and split, in their order, with safe texts.

        Args:
            dataset: The data set, with its revision and split.
            config: The part of it, usually a language, as the data set spells it.
            fields: Names that each row must have, with a value that is not null.

        Raises:
            DataError: The part is missing, cannot be read, or a row lacks a field; or rows say that they are of several
                splits.
        """
        key = f"{dataset.id}@{dataset.revision}/{config}/{dataset.split}"
        recent = self._recent.get(key) if self._recent is not None else None
        placed = recent[0] if recent else self._read(dataset, config)
        rows = placed.values
        if any(NoneType in field_types(rows, field) for field in fields):
            why = f"the task reads {dataset.id} as of revision {dataset.revision}"
            for index, row in enumerate(rows):
                require_fields(row, fields, where=placed.place(index), why=why)
        refuse_mixed_splits(placed, dataset)
        try:
            digest = recent[1] if recent else content_digest(rows)
        except TypeError as error:
            raise DataError(
                "the data set contains more than text, numbers, dates and bytes",
                where=key,
                why=str(error),
                fix="tasks read only text; use a config without such columns",
            ) from error
        if self._recent is not None:
            self._recent.put(key, placed, digest)
        with self._lock:
            self.digests[key] = digest
        return rows

    def _read(self, dataset: Dataset, config: str) -> PlacedRows:
        if self.root is None:
            return hub_rows(dataset, config)
        return mirror_rows(mirror_file(self.root, dataset, config))
