"""The records of a run as DataFrames, read from its folder alone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from polyarena.harness.lock import Cell, Lock, Pair, shard_name
from polyarena.harness.store import RunFolder, find_shard, find_table, read_shard, read_table
from polyarena.harness.store.manifest import results_problem
from polyarena.judges.collapse import COLLAPSED, REQUIRED, GameTable, collapse_tables
from polyarena.judges.records import BATTLE_SCHEMA, GAME_SCHEMA, RATING_SCHEMA, Game
from polyarena.reports.records import ESTIMATE_SCHEMA
from polyarena.tasks.errors import StoreError
from polyarena.tasks.metrics.metric import MetricFacts
from polyarena.tasks.processors import processors
from polyarena.tasks.records import COMPLETION_SCHEMA, SCORE_SCHEMA

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TOGETHER = 20_000
"""Games that are collapsed at once: many small files, or few large ones."""

MOST_READERS, READ_AHEAD = 4, 64
"""Threads that read files of games, and how many files they read before the first is wanted."""


@dataclass(frozen=True)
class RunRecords:
    """The records of the experiment that the lock of a run folder describes.

    Shards of systems, tasks or languages that the experiment no longer has stay in the folder and are not read.

    Attributes:
        folder: The run folder.
        lock: Its lock, read once.
    """

    folder: RunFolder
    lock: Lock

    def _repr_html_(self) -> str:
        """Return what a notebook shows: averages, charts, and what is missing."""
        from polyarena.harness.reporting.notebook import records_html

        return records_html(self)

    @property
    def settings(self) -> dict[str, Any]:
        """How intervals are made: ``confidence``, ``rounds`` and ``seed`` of the experiment."""
        statistics = self.lock.settings.statistics
        return {"confidence": statistics.confidence, "rounds": statistics.rounds, "seed": statistics.seed}

    @property
    def metrics(self) -> dict[str, MetricFacts]:
        """Unit, range and direction of each metric as they were when the run was made, by name."""
        return {name: facts for task in self.lock.tasks.values() for name, facts in task.metrics.items()}

    def completions(self) -> pd.DataFrame:
        """Return all completions, one a row, as in :class:`polyarena.tasks.records.Completion`."""
        return self._read([self.folder.cell(*cell) for cell in self.lock.all_cells()], COMPLETION_SCHEMA)

    def answers(self) -> pd.DataFrame:
        """Return all completions without what was asked and thought, and of each text its first letter.

        That is enough to count answers that are missing, refused or in another language, and a hundredth of the memory:
        texts are read cell by cell.

        Returns:
            The columns of :class:`polyarena.tasks.records.Completion` but ``prompt``, ``thought``, ``loglikelihoods``
            and ``choice_bytes``. ``text`` is white space where the text is nothing else, and empty where it is empty.
        """
        long = {"prompt", "thought", "loglikelihoods", "choice_bytes"}
        columns = [name for name in COMPLETION_SCHEMA.names if name not in long]
        tables = []
        for path in [self.folder.cell(*cell) for cell in self.lock.all_cells()]:
            if path.exists():
                table = read_table(path, columns).replace_schema_metadata(None)
                place = table.schema.get_field_index("text")
                if place >= 0:
                    first = [
                        None if text is None else text.lstrip()[:1] or text[:1] for text in table["text"].to_pylist()
                    ]
                    table = table.set_column(place, table.schema.field(place), pa.array(first, pa.string()))
                tables.append(table)
        empty = pa.schema([COMPLETION_SCHEMA.field(name) for name in columns]).empty_table()
        frame: pd.DataFrame = pa.concat_tables([empty, *tables], promote_options="default").to_pandas()
        return frame

    def texts(self, system: str, task: str, language: str) -> dict[tuple[str, int], str | None]:
        """Return the texts of one cell by item and sample; empty if the cell is not stored."""
        path = self.folder.cell(system, task, language)
        if not path.exists():
            return {}
        table = read_table(path, ["item_id", "sample_index", "text"])
        places = zip(table["item_id"].to_pylist(), table["sample_index"].to_pylist(), strict=True)
        texts = table["text"].to_pylist() if "text" in table.column_names else [None] * len(table)
        return dict(zip(places, texts, strict=True))

    def scores(self) -> pd.DataFrame:
        """Return all scores, one a row, as in :class:`polyarena.tasks.records.Score`."""
        scored = {name for name, task in self.lock.tasks.items() if task.card.metrics}
        paths = [self.folder.scores(*cell) for cell in self.lock.all_cells() if cell.task in scored]
        return self._read(paths, SCORE_SCHEMA)

    def system_scores(self, system: str) -> pd.DataFrame:
        """Return the scores of one system without their signatures and categories.

        Returns:
            The columns ``task``, ``metric``, ``language``, ``item_id``, ``source_id``, ``sample_index``, ``value`` and
            ``statistics``; the names are categorical, which takes a tenth of the time and memory of texts.
        """
        stored = ["metric", "item_id", "source_id", "sample_index", "value", "statistics"]
        names = ["metric", "item_id", "source_id"]
        of_names = pa.dictionary(pa.int32(), pa.string())
        schema = pa.schema([(name, of_names) for name in ("task", "language")])
        for name in stored:
            schema = schema.append(pa.field(name, of_names) if name in names else SCORE_SCHEMA.field(name))
        tables = [schema.empty_table()]
        for cell in self.lock.all_cells():
            if cell.system == system and self.lock.tasks[cell.task].card.metrics:
                path = self.folder.scores(*cell)
                if path.exists():
                    table = read_table(path, stored, dictionaries=names)
                    tables.append(_with_cell(table, cell, schema))
        frame: pd.DataFrame = pa.concat_tables(tables).unify_dictionaries().to_pandas()
        return frame

    def games(self) -> pd.DataFrame:
        """Return all games, one a row, as in :class:`polyarena.judges.records.Game`."""
        return self._read([self.games_file(pair) for pair in self.pairs()], GAME_SCHEMA)

    def ratings(self) -> pd.DataFrame:
        """Return all ratings, one a row, as in :class:`polyarena.judges.records.Rating`.

        A system's answers are rated once for each opponent, out of the same replies; such rows are there once.
        """
        key = ["judge", "rater", "task", "language", "item_id", "system", "sample_index", "repeat"]
        paths = [self.ratings_file(pair) for pair in self.pairs()]
        return self._read(paths, RATING_SCHEMA).drop_duplicates(key, ignore_index=True)

    def battles(self) -> pd.DataFrame:
        """Return all battles, one a row, as in :class:`polyarena.judges.records.Battle`.

        No report is needed: where the results are missing, or older than the run, the games are collapsed again.
        """
        if (self.folder.results / "battles.parquet").exists() and results_problem(self.folder.path) is None:
            return self._result("battles", BATTLE_SCHEMA)
        return self.collapse_games()

    def collapse_games(self) -> pd.DataFrame:
        """Collapse all stored games into battles, one a row."""
        found = [BATTLE_SCHEMA.empty_table()]
        weight = self.lock.settings.statistics.strong_weight
        waiting: list[GameTable] = []
        rows = 0
        for pair, games in self._all_games():
            waiting.append(GameTable(games, pair.candidate, pair.baseline))
            rows += len(games)
            if rows >= TOGETHER:
                found.append(collapse_tables(waiting, strong_weight=weight))
                waiting, rows = [], 0
        found.append(collapse_tables(waiting, strong_weight=weight))
        table: pd.DataFrame = pa.concat_tables(found).to_pandas()
        return table

    def _all_games(self) -> Iterator[tuple[Pair, pa.Table]]:
        """Yield what is collapsed of the games of each pair that has any, in order; several files are read at once."""
        pairs = self.pairs()
        with ThreadPoolExecutor(min(MOST_READERS, processors())) as pool:
            for start in range(0, len(pairs), READ_AHEAD):
                part = pairs[start : start + READ_AHEAD]
                for pair, games in zip(part, pool.map(self._games, part), strict=True):
                    if games is not None:
                        yield pair, games

    def _games(self, pair: Pair) -> pa.Table | None:
        """Return what is collapsed of the games of a pair; ``None`` where none are stored."""
        path, key = self.folder.games(*pair), self._key(pair)
        games = None if key is None else find_table(path, key, COLLAPSED)
        if games is None and path.exists():
            games = read_table(path, COLLAPSED)
        if games is not None and not set(REQUIRED).issubset(games.column_names):
            read_shard(self.games_file(pair), Game)  # says what is wrong
        return games

    def estimates(self) -> pd.DataFrame:
        """Return all estimates, one a row, as in :class:`polyarena.reports.records.Estimate`."""
        return self._result("estimates", ESTIMATE_SCHEMA)

    def pairs(self) -> list[Pair]:
        """Return every pair of cells to be judged, sorted."""
        return list(self.lock.all_pairs())

    def games_file(self, pair: Pair) -> Path:
        """Return the file of the games of a pair; it need not exist.

        Of verdicts that were written together (imported or read again), it is the file with the key that the lock
        names, so that a reader sees all of them as they are or all of them as they were.
        """
        return self._file(pair, self.folder.games(*pair))

    def ratings_file(self, pair: Pair) -> Path:
        """Return the file of the ratings of a pair, as :meth:`games_file` does for its games."""
        return self._file(pair, self.folder.ratings(*pair))

    def _file(self, pair: Pair, path: Path) -> Path:
        key = self._key(pair)
        return path if key is None else find_shard(path, key) or path

    def _key(self, pair: Pair) -> str | None:
        judge = self.lock.judges.get(pair.judge)
        return judge.shards.get(shard_name(pair)) if judge else None

    def missing(self, system: str | None = None) -> list[str]:
        """Return the cells and pairs of the experiment, or of one of its systems, that are not stored, in words."""
        cells = [
            " · ".join(cell)
            for cell in self.lock.all_cells()
            if system in (None, cell.system) and not self.folder.cell(*cell).exists()
        ]
        pairs = [
            f"{pair.judge} on {pair.candidate} against {pair.baseline} · {pair.task} · {pair.language}"
            for pair in self.lock.all_pairs()
            if system in (None, pair.candidate, pair.baseline) and not self.games_file(pair).exists()
        ]
        return cells + pairs

    def _result(self, name: str, schema: pa.Schema) -> pd.DataFrame:
        path = self.folder.results / f"{name}.parquet"
        fix = f"polyarena report {shlex.quote(str(self.folder.path))}"
        if not path.exists():
            raise StoreError("the results are not there", where=path, fix=fix)
        if (why := results_problem(self.folder.path)) is not None:
            raise StoreError("the results cannot be read", where=path, why=why, fix=fix)
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
    folder = folder if isinstance(folder, RunFolder) else RunFolder(Path(folder))
    lock = folder.read_lock()
    if lock is None:
        file = folder.path.is_file()
        why = "it is a file" if file else "it has no lock.json" if folder.path.exists() else "there is no such folder"
        fix = "name the folder that the run wrote, as `polyarena run` prints it" if file else "run an experiment first"
        raise StoreError("this is not a run folder", where=folder.path, why=why, fix=fix)
    return RunRecords(folder, lock)


def _table(path: Path) -> pa.Table:
    return read_table(path).replace_schema_metadata(None)


def _with_cell(table: pa.Table, cell: Cell, schema: pa.Schema) -> pa.Table:
    """Return a shard of scores with the columns of a schema, null where it lacks one, and the names of its cell."""
    zeros = pa.array(np.zeros(len(table), dtype=np.int32))
    arrays = []
    for field in schema:
        if field.name in ("task", "language"):
            arrays.append(pa.DictionaryArray.from_arrays(zeros, [getattr(cell, field.name)]))
        elif field.name in table.column_names:
            column = table[field.name]
            arrays.append(column if column.type == field.type else column.cast(field.type))
        else:
            arrays.append(pa.nulls(len(table), field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
