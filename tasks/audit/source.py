"""The audit's data source: it records what a task reads, and uses the hub only if allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyarena.tasks.card import Dataset
from polyarena.tasks.data import DataSource
from polyarena.tasks.data.mirror import mirror_file
from polyarena.tasks.errors import DataError


class DataAbsentError(DataError):
    """Data of the task is not on this machine; this is not an error of the task."""


@dataclass(frozen=True)
class Read:
    """One part of a data set that a task read.

    Attributes:
        dataset: The data set.
        config: Its config.
        fields: The fields that the task asked for.
        rows: What it got.
    """

    dataset: Dataset
    config: str
    fields: tuple[str, ...]
    rows: Sequence[dict[str, Any]] = field(repr=False)


class AuditSource(DataSource):
    """A data source that records what was read.

    Attributes:
        reads: What was read so far.
    """

    def __init__(self, root: Path | None, *, hub: bool = False) -> None:
        super().__init__(root)
        self._hub = hub
        self.reads: list[Read] = []

    def rows(self, dataset: Dataset, config: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Return all rows of one config and split, as :meth:`polyarena.tasks.data.DataSource.rows` does.

        Raises:
            DataAbsentError: The mirror does not have this part, or there is no mirror and the hub is not to be asked.
            DataError: It is there and cannot be read, or a row lacks a field.
        """
        if self.root is not None:
            try:
                mirror_file(self.root, dataset, config)
            except DataError as error:
                raise DataAbsentError(error.what, where=error.where, why=error.why, fix=error.fix) from error
        elif not self._hub:
            raise DataAbsentError(f"{dataset.id} is not on this machine", fix="set POLYARENA_DATA, or use --hub")
        try:
            rows = super().rows(dataset, config, fields)
        except DataError as error:
            if error.what == "the hub cannot be reached":
                raise DataAbsentError(error.what, where=error.where, why=error.why, fix=error.fix) from error
            raise
        self.reads.append(Read(dataset, config, tuple(fields), rows))
        return rows

    def has(self, dataset: Dataset) -> bool:
        """Return whether the mirror has any part of a data set."""
        return self.root is not None and (self.root / dataset.id).is_dir()
