"""Reads rows of data sets from the hub or a local mirror, and records their digests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from polyarena.tasks.card import Dataset
from polyarena.tasks.data.digest import content_digest
from polyarena.tasks.data.fields import refuse_mixed_splits, require_fields
from polyarena.tasks.data.hub import hub_rows
from polyarena.tasks.data.mirror import mirror_file, mirror_rows
from polyarena.tasks.errors import DataError


class DataSource:
    """Reads data sets from a local mirror, or from the hub when there is none.

    It keeps only digests; threads may share one source.

    Attributes:
        root: The folder of the mirror (see :mod:`polyarena.tasks.data.mirror` for its layout), or ``None`` for the hub.
        digests: The content digest of each part that was read, by ``<id>@<revision>/<config>/<split>``. A mirror does
            not know its revision; the digest is what tells two copies apart.
    """

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self.digests: dict[str, str] = {}
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
        placed = hub_rows(dataset, config) if self.root is None else self._mirrored(self.root, dataset, config)
        for place, row in placed:
            require_fields(
                row, fields, where=place, why=f"the task reads {dataset.id} as of revision {dataset.revision}"
            )
        refuse_mixed_splits(placed, dataset)
        rows = [row for _, row in placed]
        key = f"{dataset.id}@{dataset.revision}/{config}/{dataset.split}"
        try:
            digest = content_digest(rows)
        except TypeError as error:
            raise DataError(
                "the data set contains more than text, numbers, dates and bytes",
                where=key,
                why=str(error),
                fix="tasks read only text; use a config without such columns",
            ) from error
        with self._lock:
            self.digests[key] = digest
        return rows

    @staticmethod
    def _mirrored(root: Path, dataset: Dataset, config: str) -> list[tuple[str, dict[str, Any]]]:
        return mirror_rows(mirror_file(root, dataset, config))
