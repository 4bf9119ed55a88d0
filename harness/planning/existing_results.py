"""Finds what need not be done again: stored shards, cached replies and answers generated elsewhere.

They are only read. Items without a stored answer are reported by language, with the YAML that runs without them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from polyarena.harness.endpoints import CallCache, EndpointSettings, cached_reply, is_known
from polyarena.harness.experiment import Experiment
from polyarena.harness.models.protocol import ModelContext, StoredAnswers
from polyarena.harness.planning.items import CellItems
from polyarena.harness.planning.systems import ResolvedSystem, samples_of
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.harness.store import REFUSED, UNANSWERED, RunFolder, find_shard_metadata, read_shard, shard_metadata
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.errors import DataError, PolyarenaError
from polyarena.tasks.records import Completion
from polyarena.tasks.registry import task_plugins


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


MOST_NAMED = 8
"""Languages that a message names; of more, it gives the number."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The items of one cell without a stored answer.

    Attributes:
        language: ``lang_Script``.
        items: How many items are asked.
        missing: How many of them have no answer.
        leading: How many items have answers before the first that has none.
        no_file: Whether there is no file of this language at all.
        ids: An id in the file and one of an item, where the file has rows and none of them is of an item.
    """

    language: str
    items: int
    missing: int
    leading: int
    no_file: bool
    ids: tuple[str, str] | None = None


@dataclass
class MissingAnswers:
    """Collects the items that have no stored answer.

    Attributes:
        experiment: The experiment.
        context: Context of the experiment.
        gaps: By system and task.
        errors: Files that cannot be read.
    """

    experiment: Experiment
    context: ModelContext
    gaps: dict[tuple[str, str], list[Gap]] = field(default_factory=lambda: defaultdict(list))
    errors: list[PolyarenaError] = field(default_factory=list)

    def check(self, system: ResolvedSystem, task: ResolvedTask, language: str, cell_items: CellItems) -> bool:
        """Return whether a cell has all its answers; missing ones are recorded.

        Args:
            system: Any system; those that are asked lack nothing.
            task: The task.
            language: ``lang_Script``.
            cell_items: What is asked.
        """
        model_type, args = system.type, system.spec.args
        if not isinstance(model_type, StoredAnswers):
            return True
        try:
            stored = model_type.stored_answers(args, self.context, language)
        except PolyarenaError as error:
            self.errors.append(error)
            return False
        if stored is None:
            items = cell_items.stats.items
            self.gaps[system.spec.name, task.spec.task].append(Gap(language, items, items, 0, no_file=True))
            return False
        samples = range(samples_of(system, task))
        asked = cell_items.load()
        have = [all((item.item_id, n) in stored for n in samples) for item in asked]
        missing = have.count(False)
        if not missing or (model_type.allows_gaps(args) and missing < len(have)):
            return True
        ids = _unknown_ids(stored, [item.item_id for item in asked])
        gap = Gap(language, len(have), missing, have.index(False), no_file=False, ids=ids)
        self.gaps[system.spec.name, task.spec.task].append(gap)
        return False

    def problems(self) -> Iterator[PolyarenaError]:
        """Yield an error for each system and task, with the YAML that fixes it, and those of unreadable files."""
        yield from self.errors
        places = {system.name: index for index, system in enumerate(self.experiment.systems)}
        for (system, task), gaps in self.gaps.items():
            missing, items = sum(gap.missing for gap in gaps), sum(gap.items for gap in gaps)
            ids = next((gap.ids for gap in gaps if gap.ids), None)
            others = "" if ids is None else f"; the file has ids such as {ids[0]!r}, the items such as {ids[1]!r}"
            yield DataError(
                f"the system {system!r} has no stored answers to {missing:,} of {items:,} items of {task!r}",
                where=self.experiment.where("systems", places[system], "args"),
                why="missing are " + "; ".join(_counts(gaps)) + others,
                fix="\n    ".join(self._ways_out(system, task, gaps)),
            )

    def _ways_out(self, system: str, task: str, gaps: list[Gap]) -> Iterator[str]:
        absent = [gap.language for gap in gaps if gap.no_file]
        partial = [gap for gap in gaps if not gap.no_file]
        if absent:
            yield (
                f"add the files of {_some(absent)}, or write `languages: [...]` under the system {system!r} with the "
                "languages that are stored alone"
            )
        leading = min((gap.leading for gap in partial), default=0)
        if leading:
            entry = f"- {{task: {task}, limit: {leading}, subset: first}}"
            yield f"ask only what is stored everywhere: `{entry}` under `tasks`"
        if partial:
            some = all(gap.missing < gap.items for gap in partial)
            yield (
                f"{'or score' if leading else 'score'} what is there: `missing: leave_out` in `args` of {system!r}"
                if some
                else "store the rest"
            )
        if any(gap.ids for gap in gaps):
            installed = task.partition(".")[0] in task_plugins().points
            ids = f"that `polyarena tasks items {task}` prints" if installed else "of the prompts"
            yield f"use the ids {ids}, or name the field of the answers that has them: `id_field` in `args`"


def _unknown_ids(stored: Collection[tuple[str, int]], asked: Sequence[str]) -> tuple[str, str] | None:
    """Return the first stored id and that of the first item if no stored row is of any item."""
    known = set(asked)
    if not stored or any(item_id in known for item_id, _ in stored):
        return None
    return next(iter(stored))[0], asked[0]


def _counts(gaps: list[Gap]) -> Iterator[str]:
    """Yield how many items are missing in which languages, languages with the same counts together."""
    alike: dict[tuple[int, int, bool], list[str]] = defaultdict(list)
    for gap in gaps:
        alike[gap.missing, gap.items, gap.no_file].append(gap.language)
    for (missing, items, no_file), languages in alike.items():
        where = "in each of " if len(languages) > 1 else "in "
        what = f"all {items:,} (no file)" if no_file else f"{missing:,} of {items:,}"
        yield f"{what} {where}{_some(languages)}"


def _some(languages: list[str]) -> str:
    shown = ", ".join(languages[:MOST_NAMED])
    return shown if len(languages) <= MOST_NAMED else f"{shown} and {len(languages) - MOST_NAMED} more"
