"""Missing stored answers: counts by language, and the YAML that runs without them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarena.harness.experiment import Experiment
from polyarena.harness.models.protocol import ModelContext, StoredAnswers
from polyarena.harness.planning.items import CellItems
from polyarena.harness.planning.systems import ResolvedSystem, samples_of
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.tasks.errors import DataError, PolyarenaError

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
    """

    language: str
    items: int
    missing: int
    leading: int
    no_file: bool


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
        have = [all((item.item_id, n) in stored for n in samples) for item in cell_items.load()]
        missing = have.count(False)
        if not missing or (model_type.allows_gaps(args) and missing < len(have)):
            return True
        gap = Gap(language, len(have), missing, have.index(False), no_file=False)
        self.gaps[system.spec.name, task.spec.task].append(gap)
        return False

    def problems(self) -> Iterator[PolyarenaError]:
        """Yield an error for each system and task, with the YAML that fixes it, and those of unreadable files."""
        yield from self.errors
        places = {system.name: index for index, system in enumerate(self.experiment.systems)}
        for (system, task), gaps in self.gaps.items():
            missing, items = sum(gap.missing for gap in gaps), sum(gap.items for gap in gaps)
            yield DataError(
                f"the system {system!r} has no stored answers to {missing:,} of {items:,} items of {task!r}",
                where=self.experiment.where("systems", places[system], "args"),
                why="missing are " + "; ".join(_counts(gaps)),
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
