"""The records of a run as DataFrames, read from its folder alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyarena.harness.store import RunFolder, read_table
from polyarena.tasks.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class RunRecords:
    """What a run folder holds of the experiment that its lock file describes.

    Shards of systems, tasks or languages that the experiment no longer has stay in the folder and are not read.
    """

    folder: RunFolder

    @property
    def lock(self) -> dict[str, Any]:
        """The lock file."""
        content = self.folder.read_lock()
        if not content:
            raise StoreError(
                "this is no run folder",
                where=self.folder.path,
                why="it has no lock.json",
                fix="run an experiment first",
            )
        lacking = {"tasks", "judges", "cells", "games", "unsupported", "models", "data"} - content.keys()
        if lacking:
            raise StoreError(
                "the lock file is not whole",
                where=self.folder.lock,
                why=f"it lacks {', '.join(sorted(lacking))}",
                fix="run the experiment again: cells and games are kept",
            )
        return content

    def completions(self) -> pd.DataFrame:
        """Return all completions, one a row, as in :class:`polyarena.tasks.records.Completion`."""
        from polyarena.tasks.records import COMPLETION_SCHEMA

        return self._read([self.folder.cell(*cell) for cell in _cells(self.lock)], COMPLETION_SCHEMA)

    def scores(self) -> pd.DataFrame:
        """Return all scores, one a row, as in :class:`polyarena.tasks.records.Score`."""
        from polyarena.tasks.records import SCORE_SCHEMA

        lock = self.lock
        scored = {name for name, task in lock["tasks"].items() if task["card"]["metrics"]}
        paths = [
            self.folder.scores(system, task, language) for system, task, language in _cells(lock) if task in scored
        ]
        return self._read(paths, SCORE_SCHEMA)

    def games(self) -> pd.DataFrame:
        """Return all games, one a row, as in :class:`polyarena.judges.records.Game`."""
        from polyarena.judges.records import GAME_SCHEMA

        return self._read([self.folder.games(*pair) for pair in self.pairs()], GAME_SCHEMA)

    def battles(self) -> pd.DataFrame:
        """Return all battles, one a row, as in :class:`polyarena.judges.records.Battle`."""
        import pandas as pd

        return pd.read_parquet(self._result("battles"))

    def estimates(self) -> pd.DataFrame:
        """Return all estimates, one a row, as in :class:`polyarena.reports.records.Estimate`."""
        import pandas as pd

        return pd.read_parquet(self._result("estimates"))

    def pairs(self) -> list[tuple[str, str, str, str, str]]:
        """Return judge, candidate, baseline, task and language of every pair to be judged, sorted."""
        return list(_pairs(self.lock))

    def missing(self) -> list[str]:
        """Return the cells and pairs of the experiment that are not stored, in words."""
        lock = self.lock
        cells = [" · ".join(cell) for cell in _cells(lock) if not self.folder.cell(*cell).exists()]
        pairs = [
            f"{judge} on {candidate} against {baseline} · {task} · {language}"
            for judge, candidate, baseline, task, language in _pairs(lock)
            if not self.folder.games(judge, candidate, baseline, task, language).exists()
        ]
        return cells + pairs

    def _result(self, name: str) -> Path:
        path = self.folder.results / f"{name}.parquet"
        if not path.exists():
            raise StoreError("the results are not there", where=path, fix=f"polyarena report {self.folder.path}")
        return path

    def _read(self, paths: list[Path], schema: pa.Schema) -> pd.DataFrame:
        import pyarrow as pa

        tables = [_table(path) for path in paths if path.exists()]
        # Shards from before a column was added lack it; there it is null.
        whole = pa.concat_tables([schema.empty_table(), *tables], promote_options="default")
        frame: pd.DataFrame = whole.to_pandas()
        return frame


def open_run(folder: str | Path | RunFolder) -> RunRecords:
    """Open a run folder for reading.

    Raises:
        StoreError: It is none.
    """
    records = RunRecords(folder if isinstance(folder, RunFolder) else RunFolder(Path(folder)))
    records.lock  # noqa: B018  (raises for a folder that is none)
    return records


def _table(path: Path) -> pa.Table:
    return read_table(path).replace_schema_metadata(None)


def _cells(lock: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for system, tasks in sorted(lock["cells"].items()):
        for task, languages in sorted(tasks.items()):
            for language in sorted(languages):
                yield system, task, language


def _pairs(lock: dict[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    for pair in sorted(lock["games"]):
        judge, candidate, baseline, task, languages = pair
        for language in sorted(languages):
            yield judge, candidate, baseline, task, language
