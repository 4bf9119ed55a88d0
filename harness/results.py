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


_PARTS: dict[str, type] = {
    **dict.fromkeys(("tasks", "judges", "cells", "models", "data"), dict),
    **dict.fromkeys(("games", "unsupported"), list),
}
"""What a lock file must have."""


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
        wrong = [name for name, kind in _PARTS.items() if not isinstance(content.get(name), kind)]
        wrong += [f"experiment.{name}" for name in ("name", "resolved") if name not in content["experiment"]]
        if not wrong:
            wrong = [f"tasks.{name}" for name, task in content["tasks"].items() if "card" not in task]
        if wrong:
            raise StoreError(
                "the lock file is not whole",
                where=self.folder.lock,
                why=f"it lacks {', '.join(sorted(wrong))}, or has something else in its place",
                fix="run the experiment again: cells and games are kept",
            )
        return content

    @property
    def settings(self) -> dict[str, Any]:
        """How intervals are made: ``confidence``, ``rounds`` and ``seed`` of the experiment."""
        statistics = self.lock["experiment"]["resolved"]["statistics"]
        return {name: statistics[name] for name in ("confidence", "rounds", "seed")}

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

    def ratings(self) -> pd.DataFrame:
        """Return all ratings, one a row, as in :class:`polyarena.judges.records.Rating`.

        A system's answers are rated once for each opponent, out of the same replies; such rows are there once.
        """
        from polyarena.judges.records import RATING_SCHEMA

        key = ["judge", "rater", "task", "language", "item_id", "system", "sample_index", "repeat"]
        paths = [self.folder.ratings(*pair) for pair in self.pairs()]
        return self._read(paths, RATING_SCHEMA).drop_duplicates(key, ignore_index=True)

    def battles(self) -> pd.DataFrame:
        """Return all battles, one a row, as in :class:`polyarena.judges.records.Battle`."""
        from polyarena.judges.records import BATTLE_SCHEMA

        return self._result("battles", BATTLE_SCHEMA)

    def estimates(self) -> pd.DataFrame:
        """Return all estimates, one a row, as in :class:`polyarena.reports.records.Estimate`."""
        from polyarena.reports.records import ESTIMATE_SCHEMA

        return self._result("estimates", ESTIMATE_SCHEMA)

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

    def _result(self, name: str, schema: pa.Schema) -> pd.DataFrame:
        path = self.folder.results / f"{name}.parquet"
        fix = f"polyarena report {self.folder.path}"
        if not path.exists():
            raise StoreError("the results are not there", where=path, fix=fix)
        try:
            table = read_table(path)
        except StoreError as error:
            raise StoreError("the results cannot be read", where=path, why=error.why, fix=fix) from error
        lacking = sorted(set(schema.names) - set(table.column_names))
        if lacking:
            why = f"there is no column {', '.join(lacking)}"
            raise StoreError("the results are of another version", where=path, why=why, fix=fix)
        frame: pd.DataFrame = table.to_pandas()
        return frame

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
