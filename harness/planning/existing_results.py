"""Results of earlier runs: shards in the run folder and replies in the call cache. They are only read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.endpoints import CallCache, EndpointSettings, cached_reply, is_known
from polyarena.harness.experiment import Experiment
from polyarena.harness.store import REFUSED, UNANSWERED, RunFolder, find_shard_metadata, read_shard, shard_metadata
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.records import Completion


@dataclass(frozen=True)
class ExistingResults:
    """Shards and cached replies that a plan can reuse.

    Attributes:
        folder: The run folder.
        cache: The call cache; ``None`` if there is none yet.
        retry_refused: Whether calls that an endpoint refused permanently count as missing.
    """

    folder: RunFolder
    cache: CallCache | None
    retry_refused: bool = False

    def cell_content(self, system: str, task: str, language: str, key: str) -> str:
        """Return the content digest of a stored cell; empty if it is not stored."""
        return find_shard_metadata(self.folder.cell(system, task, language), key).get("content", "")

    def completions(self, system: str, task: str, language: str, key: str) -> list[Completion]:
        """Return the completions of a cell that is in place; empty if it is not."""
        path = self.folder.cell(system, task, language)
        return read_shard(path, Completion) if shard_metadata(path).get("key") == key else []

    def has_games(self, judge: str, candidate: str, baseline: str, task: str, language: str, key: str) -> bool:
        """Whether these games are stored and each got an answer."""
        facts = find_shard_metadata(self.folder.games(judge, candidate, baseline, task, language), key)
        return bool(facts) and UNANSWERED not in facts and not (self.retry_refused and REFUSED in facts)

    def cached(self, settings: EndpointSettings, calls: Iterable[Call]) -> int:
        """Return how many of these calls the cache can answer."""
        if self.cache is None:
            return 0
        refusals = not self.retry_refused
        return sum(is_known(self.cache, settings, call, refusals=refusals) for call in calls)

    def replies(self, settings: EndpointSettings, calls: Iterable[Call]) -> list[Reply | None]:
        """Return the cached reply to each of these calls; ``None`` if there is none."""
        return [None if self.cache is None else cached_reply(self.cache, settings, call) for call in calls]


@contextmanager
def open_existing_results(
    experiment: Experiment, folder: RunFolder, *, retry_refused: bool = False
) -> Iterator[ExistingResults]:
    """Open the existing results without creating anything."""
    path = cache_path(experiment, folder)
    cache = CallCache(path) if path.exists() else None
    try:
        yield ExistingResults(folder, cache, retry_refused)
    finally:
        if cache is not None:
            cache.close()


def cache_path(experiment: Experiment, folder: RunFolder) -> Path:
    """Return the path of the call cache: the experiment's, ``POLYARENA_CACHE``, or beside the run folders."""
    if experiment.cache is not None:
        return experiment.base / experiment.cache
    if os.environ.get("POLYARENA_CACHE"):
        return Path(os.environ["POLYARENA_CACHE"])
    return folder.path.parent / "calls.sqlite"
