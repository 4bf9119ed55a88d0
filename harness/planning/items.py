"""Loads and checks the items of each cell, and the statistics of them that planning needs.

Reading and digesting all data of a large suite takes minutes, and the result changes only with the data or with the
code of the task. So statistics of data in a local mirror are cached in a file in the user's cache folder;
:mod:`polyarena.harness.planning.prefetch` fills it where it lacks much.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from polyarena.harness.lock.digest import list_digest
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.tasks.card import Dataset
from polyarena.tasks.data import DataSource
from polyarena.tasks.data.source import RecentParts
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.item import Item
from polyarena.tasks.prompt import Modality, count_modalities
from polyarena.tasks.subsample import subsample
from polyarena.tasks.validation import iter_valid_items

_LOADING = threading.RLock()

T = TypeVar("T")


def load_items(resolved: ResolvedTask, language: str, data: DataSource) -> list[Item]:
    """Return the items of one language, or ``limit`` of them (see :mod:`polyarena.tasks.subsample`).

    One thread at a time, because tasks need not be thread-safe.

    Raises:
        DataError: The data is missing, not in the expected schema, or empty.
    """
    with _LOADING:
        return list(_items(resolved, language, data))


def read_stats(resolved: ResolvedTask, language: str, data: DataSource) -> ItemStats:
    """Return the statistics of the items of one language, of which only some are in memory at a time.

    Raises:
        DataError: As :func:`load_items`.
    """
    with _LOADING:
        return ItemStats.of(_items(resolved, language, data))


def _items(resolved: ResolvedTask, language: str, data: DataSource) -> Iterator[Item]:
    spec, found = resolved.spec, resolved.task.items(language, data)
    taken = islice(found, spec.limit) if spec.subset == "first" else subsample(found, spec.limit)
    return iter_valid_items(resolved.task, language, taken)


FORMAT = 3
"""Of cached statistics; part of their keys."""

SETTLED_S = 2.0
"""Seconds after which a further change of a file is sure to show in its modification time."""


@dataclass(frozen=True, slots=True)
class ItemStats:
    """Statistics of the items of a cell.

    Attributes:
        items: How many.
        choices: Of all items together; 0 unless multiple choice.
        size: UTF-8 bytes of all prompts, each counted with each of its choices; of a later turn of a conversation, with
            the prompts before it.
        digest: Of what is asked and what counts as right.
        images: How many show images.
        recordings: How many contain recordings.
        earlier_answers: How many answers of earlier turns are shown again, over all prompts.
    """

    items: int
    choices: int
    size: int
    digest: str
    images: int = 0
    recordings: int = 0
    earlier_answers: int = 0

    @classmethod
    def of(cls, items: Iterable[Item]) -> ItemStats:
        """Return the stats of some items, which are looked at once, one after the other."""
        count, choices, size, earlier = 0, 0, 0, 0
        so_far, turns = 0, 0
        media: Counter[Modality] = Counter()

        def digested() -> Iterator[list[Any]]:
            nonlocal count, choices, size, earlier, so_far, turns
            for item in items:
                count += 1
                prompt = item.full_prompt
                so_far, turns = (so_far + _size(prompt), turns + 1) if item.previous is not None else (_size(prompt), 0)
                if item.choices:
                    options = len(item.choices)
                    choices += options
                    size += so_far * options + _size("".join(item.choices))
                else:
                    size += so_far
                earlier += turns
                if item.parts:
                    media.update(count_modalities([item.parts]))
                yield _digested(item, prompt)

        content = list_digest(digested())
        return cls(count, choices, size, content, media[Modality.IMAGE], media[Modality.AUDIO], earlier)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


@dataclass(frozen=True)
class CellItems:
    """The items of a cell, read only where their texts are needed.

    Attributes:
        stats: Their statistics.
        load: Returns them.
    """

    stats: ItemStats
    load: Callable[[], Sequence[Item]]


def refuse_media(who: str, inputs: Collection[str], task: str, language: str, stats: ItemStats) -> None:
    """Refuse items whose images or recordings a system or judge would not be given: it would see only their words.

    Args:
        who: The system or judge and its type, for the message.
        inputs: What it takes: ``text``, ``image``, ``audio``.
        task: Its name.
        language: ``lang_Script``.
        stats: Of the items.

    Raises:
        ExperimentError: There are images or recordings, and it does not take them.
    """
    for modality, name, count in (
        (Modality.IMAGE, "images", stats.images),
        (Modality.AUDIO, "recordings", stats.recordings),
    ):
        if count and modality not in inputs:
            raise ExperimentError(
                f"the {who} cannot be given the {name} of {task} in {language}",
                why=f"{count} of {stats.items} items have {name}, and it takes: {', '.join(sorted(inputs))}",
                fix=f"leave the task out, or use one whose type takes {name} (`inputs` contains {modality.value})",
            )


class _Watched(DataSource):
    """A data source that records which parts it read for one language, with their digests."""

    def __init__(self, root: Path | None, recent: RecentParts | None = None) -> None:
        super().__init__(root, recent)
        self.datasets: set[str] = set()
        self.parts: dict[str, str] = {}

    def rows(self, dataset: Dataset, config: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        before, self.digests = self.digests, {}
        try:
            rows = super().rows(dataset, config, fields)
        finally:
            read, self.digests = self.digests, {**before, **self.digests}
        self.datasets.add(dataset.id)
        self.parts.update(read)
        return rows


@dataclass(frozen=True, slots=True)
class LoadedStats:
    """The statistics of a cell as they were read.

    Attributes:
        task: Name of the task.
        language: ``lang_Script``.
        stats: The statistics.
        parts: Digests of the parts of data sets behind them.
        datasets: These data sets.
    """

    task: str
    language: str
    stats: ItemStats
    parts: Mapping[str, str]
    datasets: frozenset[str]


@dataclass
class ItemLoader:
    """Reads the items of cells, task by task, or their cached statistics.

    Attributes:
        root: The local mirror; ``None`` for the hub, of which nothing is cached.
        cache: Statistics from earlier plans; ``None`` to read everything.
        digests: Of each part of a data set behind the cells so far, as in :class:`polyarena.tasks.data.DataSource`.
    """

    root: Path | None
    cache: PlanCache | None = None
    digests: dict[str, str] = field(default_factory=dict)
    _dataset: str = ""
    _sources: dict[str, _Watched] = field(default_factory=dict)
    _recent: RecentParts = field(default_factory=RecentParts)
    _states: dict[str, str | None] = field(default_factory=dict)
    _taken: dict[tuple[str, str], LoadedStats] = field(default_factory=dict)

    def cell_items(self, task: ResolvedTask, language: str) -> CellItems:
        """Return the items of one cell.

        Raises:
            DataError: The data is missing, not in the expected schema, or empty.
        """
        if self.cache is None or self.root is None or not _ours(task):
            items = self._read(load_items, task, language)[0]
            return CellItems(ItemStats.of(items), lambda: items)
        cached = self._cached(task, language)
        if cached is not None:
            self.digests.update(cached.parts)
            return CellItems(cached.stats, lambda: self._read(load_items, task, language)[0])
        taken = self._taken.pop((task.spec.task, language), None)
        if taken is not None:
            self.digests.update(taken.parts)
            self._keep(task, language, taken)
            return CellItems(taken.stats, lambda: self._read(load_items, task, language)[0])
        items, source = self._read(load_items, task, language)
        loaded = _loaded(task, language, ItemStats.of(items), source)
        self._keep(task, language, loaded)
        return CellItems(loaded.stats, lambda: items)

    def lacks(self, task: ResolvedTask, language: str) -> bool:
        """Return whether the statistics of a cell could be cached, and are not."""
        return self.cache is not None and self.root is not None and _ours(task) and not self._cached(task, language)

    def load_stats(self, task: ResolvedTask, language: str) -> LoadedStats:
        """Read the items of a cell, and return their statistics alone.

        Raises:
            DataError: As :meth:`cell_items`.
        """
        return _loaded(task, language, *self._read(read_stats, task, language))

    def take(self, found: LoadedStats) -> None:
        """Use statistics that another loader has read just now."""
        self._taken[found.task, found.language] = found

    def _cached(self, task: ResolvedTask, language: str) -> CachedStats | None:
        """Return the cached statistics of a cell; ``None`` without any, or if its data or code has changed since."""
        found = self.cache.get(self._key(task, language)) if self.cache is not None else None
        if found is not None and found.code == code_state() and self._unchanged(found.datasets):
            return found
        return None

    def _key(self, task: ResolvedTask, language: str) -> str:
        spec = task.spec
        return "|".join((str(self.root), spec.task, task.card.version, language, str(spec.limit), spec.subset))

    def _keep(self, task: ResolvedTask, language: str, found: LoadedStats) -> None:
        """Cache statistics, unless a file behind them has just changed."""
        states = {name: state for name in sorted(found.datasets) if (state := self._state(name)) is not None}
        if self.cache is not None and states and len(states) == len(found.datasets):
            self.cache.put(self._key(task, language), CachedStats(code_state(), states, dict(found.parts), found.stats))

    def _read(
        self, read: Callable[[ResolvedTask, str, DataSource], T], task: ResolvedTask, language: str
    ) -> tuple[T, _Watched]:
        name, dataset = task.spec.task, task.card.dataset.id
        if dataset != self._dataset:
            self._dataset, self._sources, self._recent = dataset, {}, RecentParts()
        if name not in self._sources:
            # A source of its own for each task: what a task remembers of one is then about this task alone. Code
            # elsewhere may change the rows that it is given, so it shares none.
            self._sources[name] = _Watched(self.root, self._recent if _ours(task) else None)
        source = self._sources[name]
        before, source.parts = source.parts, {}
        found = read(task, language, source)
        # A task that reads nothing has kept what it read for the language before.
        source.parts = source.parts or before
        self.digests.update(source.digests)
        return found, source

    def _unchanged(self, states: Mapping[str, str]) -> bool:
        return all(self._state(name) == state for name, state in states.items())

    def _state(self, dataset: str) -> str | None:
        if dataset not in self._states:
            assert self.root is not None
            self._states[dataset] = folder_state(self.root / dataset)
        return self._states[dataset]


def _loaded(task: ResolvedTask, language: str, stats: ItemStats, source: _Watched) -> LoadedStats:
    return LoadedStats(task.spec.task, language, stats, dict(source.parts), frozenset(source.datasets))


def folder_state(folder: Path) -> str | None:
    """Return a digest of names, sizes and times of all files below a folder, or ``None`` if one has just changed."""
    entries, newest = [], 0.0
    for path, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            found = (Path(path) / name).stat()
            newest = max(newest, found.st_mtime, found.st_ctime)
            entries.append(f"{path}/{name}|{found.st_size}|{found.st_mtime_ns}|{found.st_ctime_ns}")
        entries.append(f"{path}/")
    if not entries or newest > time.time() - SETTLED_S:
        return None
    return hashlib.sha256("\n".join(entries).encode("utf-8", "surrogateescape")).hexdigest()


@cache
def code_state() -> str:
    """Return a digest of the code that makes items and their statistics, by names, sizes and times of its files."""
    rooms = (Path(__file__).parent, Path(__file__).parents[2] / "tasks")
    files = sorted(path for room in rooms for path in room.rglob("*") if path.suffix in (".py", ".csv", ".toml"))
    stats = [(path, path.stat()) for path in files]
    entries = [f"{path}|{found.st_size}|{found.st_mtime_ns}" for path, found in stats]
    return hashlib.sha256("\n".join([str(FORMAT), *entries]).encode()).hexdigest()


def _ours(task: ResolvedTask) -> bool:
    """Return whether the code of a task is in polyarena's own task room; code elsewhere may change unnoticed."""
    return type(task.task).__module__.startswith("polyarena.tasks.")


@contextmanager
def open_item_loader(root: Path | None) -> Iterator[ItemLoader]:
    """Open a loader with this user's plan cache, or without one where its file cannot be used."""
    with open_plan_cache() as plan_cache:
        yield ItemLoader(root, plan_cache)


def items_digest(items: Iterable[Item]) -> str:
    """Digest what a model is asked and what counts as right; grouping fields do not change an answer."""
    return list_digest(_digested(item, item.full_prompt) for item in items)


def _digested(item: Item, prompt: str) -> list[Any]:
    found: list[Any] = [item.item_id, item.source_id, prompt, item.choices, item.gold, item.references]
    if item.parts:
        found.append([part if isinstance(part, str) else part.record for part in item.parts])
    # Only where it is not the usual one, so that cells stored before there was a choice keep their keys.
    if item.choice_separator != " ":
        found.append({"separator": item.choice_separator})
    if item.previous is not None:
        found.append({"previous": item.previous})
    return found


WAIT_S = 2.0
"""Seconds to wait for another process that writes the cache."""


def plan_cache_path() -> Path:
    """Return the file: ``polyarena/items.sqlite`` in ``XDG_CACHE_HOME``, or in ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "polyarena" / "items.sqlite"


@dataclass(frozen=True, slots=True)
class CachedStats:
    """The statistics of a cell in the cache, with what they depend on.

    Attributes:
        code: State of the code that made them, from :func:`code_state`.
        datasets: States of the data sets behind them, from :func:`folder_state`.
        parts: Digests of the parts of these data sets.
        stats: The statistics.
    """

    code: str
    datasets: Mapping[str, str]
    parts: Mapping[str, str]
    stats: ItemStats


@dataclass(frozen=True)
class PlanCache:
    """Cached statistics by key.

    Attributes:
        connection: To the file.
    """

    connection: sqlite3.Connection

    def get(self, key: str) -> CachedStats | None:
        """Return an entry; ``None`` if there is none or it cannot be read."""
        try:
            row = self.connection.execute("SELECT note FROM items WHERE key = ?", (key,)).fetchone()
            return _entries().validate_json(row[0]) if row else None
        except (sqlite3.Error, ValueError):
            return None

    def put(self, key: str, entry: CachedStats) -> None:
        """Write an entry over the one that may be there; errors of the file are ignored."""
        with suppress(sqlite3.Error):
            self.connection.execute("INSERT OR REPLACE INTO items VALUES (?, ?)", (key, json.dumps(asdict(entry))))


@cache
def _entries() -> TypeAdapter[CachedStats]:
    return TypeAdapter(CachedStats)


@contextmanager
def open_plan_cache(path: Path | None = None) -> Iterator[PlanCache | None]:
    """Open the cache and commit it when the block ends, also after an error; yields ``None`` if it cannot be opened.

    Args:
        path: The file; :func:`plan_cache_path` if left out.
    """
    connection = _connected(path or plan_cache_path())
    if connection is None:
        yield None
        return
    with closing(connection):
        try:
            yield PlanCache(connection)
        finally:
            with suppress(sqlite3.Error):
                connection.commit()


def _connected(path: Path) -> sqlite3.Connection | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=WAIT_S)
        connection.execute("CREATE TABLE IF NOT EXISTS items (key TEXT PRIMARY KEY, note TEXT NOT NULL)")
    except (OSError, RuntimeError, sqlite3.Error):
        return None
    return connection
