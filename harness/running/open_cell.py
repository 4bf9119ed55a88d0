"""One cell being computed: its items, what a model is asked about them, and the completions and scores made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from polyarena.harness.lock.digest import content_digest
from polyarena.harness.models.plausibility import check_likelihoods
from polyarena.harness.models.protocol import (
    ChoiceRequest,
    ChoiceResult,
    GenerateRequest,
    GenerateResult,
    Model,
    ModelContext,
)
from polyarena.harness.models.split_result import AnswerParts, split_result, thought_language
from polyarena.harness.models.system_prompt import system_text
from polyarena.harness.planning.cells import cell_key
from polyarena.harness.planning.items import items_digest, load_items
from polyarena.harness.planning.systems import ResolvedSystem, messages, samples_of, sampling_of
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.harness.running.scoring import ScoredCell, store_scores
from polyarena.harness.store import RunFolder, write_shard
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError
from polyarena.tasks.identify import identify
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion
from polyarena.tasks.sampling import Sampling
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import ThinkingRule


@dataclass(slots=True)
class RangeItems:
    """The items of the cell of which a range was opened last, so that one worker reads them once for all its ranges.

    Attributes:
        key: Of the cell; empty if none was opened.
        items: Its items.
    """

    key: str = ""
    items: Sequence[Item] = ()


@dataclass(frozen=True)
class CellContext:
    """What the cells of a run have in common.

    Attributes:
        systems: The resolved systems by name.
        tasks: The resolved tasks by name.
        data: Where items are read.
        folder: The run folder.
        model: The run around the model.
        ranges: Items that are read already.
    """

    systems: Mapping[str, ResolvedSystem]
    tasks: Mapping[str, ResolvedTask]
    data: DataSource
    folder: RunFolder
    model: ModelContext
    ranges: RangeItems = field(default_factory=RangeItems)


class NamedCell(ScoredCell, Protocol):
    """A cell, or a range of its items: a :class:`polyarena.harness.planning.PlannedCell` or a job."""

    @property
    def key(self) -> str:
        """Of the whole cell."""


@dataclass(slots=True, eq=False)
class OpenCell:
    """A cell, or a range of its items, whose items are loaded.

    Attributes:
        planned: The cell.
        system: Its system.
        task: Its task.
        items: Its items.
        asked: The item and sample index of each generated text, in order; empty for multiple choice.
        results: Texts received so far, by position in ``asked``.
        errors: Of requests that failed for good.
    """

    planned: NamedCell
    system: ResolvedSystem
    task: ResolvedTask
    items: Sequence[Item]
    asked: Sequence[tuple[Item, int]]
    results: dict[int, GenerateResult] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    _sampling: Sampling = field(init=False)
    _instructions: str | None = field(init=False)
    _rule: ThinkingRule = field(init=False)

    def __post_init__(self) -> None:
        self._rule = self.system.spec.thinking.rule
        self._sampling = sampling_of(self.system, self.task)
        self._instructions = system_text(self.system.spec.system_prompt, self.planned.language)

    @property
    def is_choice(self) -> bool:
        """Whether choices are scored; else texts are generated."""
        return self.task.card.kind is Kind.MULTIPLE_CHOICE

    @property
    def complete(self) -> bool:
        """Whether the outcome of each request for a text is known."""
        return len(self.results) + len(self.errors) == len(self.asked)

    @property
    def first_places(self) -> list[int]:
        """The places of the texts that need no earlier answer: first and only turns."""
        return [place for place, (item, _) in enumerate(self.asked) if item.previous is None]

    def generate_request(self, place: int) -> GenerateRequest:
        """Return the request for one text; the answers of the turns before it must be there.

        Args:
            place: Position in ``asked``.
        """
        item, sample = self.asked[place]
        spec, language = self.system.spec, self.planned.language
        return GenerateRequest(
            language,
            item.item_id,
            messages(
                self._instructions,
                item,
                multiturn=spec.fewshot_as_multiturn,
                before=self._before(place),
            ),
            self._sampling,
            sample,
            self._rule,
        )

    def take(self, place: int, result: GenerateResult) -> list[int]:
        """Record the result of a request, and return the places that can be asked now: the next turn, if there is one.

        Where a system has no answer to a turn, it has none to the later ones either.

        Args:
            place: Position in ``asked``.
            result: What the model answered.
        """
        self.results[place] = result
        following = self._following(place)
        if following is None or result.text is not None:
            return [] if following is None else [following]
        return self.take(following, result)

    def fail(self, place: int, error: str) -> None:
        """Record that a request failed for good, and with it those of the later turns."""
        while True:
            self.errors.append(error)
            following = self._following(place)
            if following is None:
                return
            place = following

    def _following(self, place: int) -> int | None:
        """Return the place of the next turn of a conversation, of the same sample."""
        following = place + len(self.asked) // len(self.items)
        inside = following < len(self.asked) and self.asked[following][0].previous is not None
        return following if inside else None

    def _before(self, place: int) -> list[tuple[Item, str]]:
        """Return the earlier turns of a conversation with their answers, in order; thoughts are not shown again."""
        before: list[tuple[Item, str]] = []
        samples = len(self.asked) // len(self.items)
        while self.asked[place][0].previous is not None:
            place -= samples
            before.insert(0, (self.asked[place][0], self._parts(place).text))
        return before

    def _parts(self, place: int) -> AnswerParts:
        return split_result(self._rule, self._sampling.stop, self.results[place])

    def choice_requests(self) -> list[ChoiceRequest]:
        """Return the requests for likelihoods of choices, in order."""
        spec, language = self.system.spec, self.planned.language
        instructions = self._instructions
        return [
            ChoiceRequest(
                language,
                item.item_id,
                () if item.whole_choices else messages(instructions, item, multiturn=spec.fewshot_as_multiturn),
                item.choices,
                item.choice_separator,
                self._rule,
            )
            for item in self.items
        ]

    def ask(self, model: Model) -> list[Completion]:
        """Ask a model everything at once and return the completions.

        Raises:
            ModelError: The model failed, or gave likelihoods that no model can have given.
        """
        if self.is_choice:
            choices = self.choice_requests()
            scored = model.choose(choices)
            check_likelihoods(choices, scored, self.system.spec.name)
            return self.choice_completions(scored)
        self.results.clear()
        wave = self.first_places
        while wave:
            results = model.generate([self.generate_request(place) for place in wave])
            ready = [self.take(place, result) for place, result in zip(wave, results, strict=True)]
            wave = [place for places in ready for place in places]
        return self.completions()

    def completions(self) -> list[Completion]:
        """Return the completions of a cell all of whose texts are there."""
        return [self._text(place, result) for place, result in sorted(self.results.items()) if result.text is not None]

    def choice_completions(self, results: Sequence[ChoiceResult]) -> list[Completion]:
        """Return the completions of a cell whose choices were scored."""
        return [self._choice(item, result) for item, result in zip(self.items, results, strict=True)]

    def store(self, folder: RunFolder, completions: Sequence[Completion]) -> None:
        """Write the shard of the cell, and its scores."""
        cell = self.planned
        facts = {"key": cell.key, "content": content_digest(completions)}
        write_shard(folder.cell(cell.system, cell.task, cell.language), completions, COMPLETION_SCHEMA, facts)
        store_scores(folder, cell, self.task, self.items, completions, facts["content"])

    def _text(self, place: int, result: GenerateResult) -> Completion:
        language = self.planned.language
        item, sample = self.asked[place]
        parts = self._parts(place)
        found = identify(parts.text)
        thought_in, thought_agrees = thought_language(parts.thought, language)
        return Completion(
            system=self.system.spec.name,
            task=self.task.spec.task,
            language=language,
            item_id=item.item_id,
            sample_index=sample,
            source_id=item.source_id,
            prompt=sanitize_text(result.prompt),
            text=parts.text,
            finish_reason=result.finish_reason,
            prompt_tokens=result.prompt_tokens,
            completion_tokens=result.completion_tokens,
            latency_s=result.latency_s,
            identified_language=found.language,
            identified_probability=found.probability,
            identified_script=found.script,
            thought=parts.thought,
            thought_ended=parts.thought_ended,
            thought_tokens=parts.thought_tokens,
            answer_tokens=parts.answer_tokens,
            reasoning_effort=self._sampling.reasoning_effort,
            thought_language=thought_in,
            thought_agreement=thought_agrees,
        )

    def _choice(self, item: Item, result: ChoiceResult) -> Completion:
        return Completion(
            system=self.system.spec.name,
            task=self.task.spec.task,
            language=self.planned.language,
            item_id=item.item_id,
            sample_index=0,
            source_id=item.source_id,
            prompt=sanitize_text(result.prompt),
            loglikelihoods=result.loglikelihoods,
            choice_bytes=tuple(len(choice.encode()) for choice in item.choices),
            prompt_tokens=result.prompt_tokens,
            completion_tokens=result.completion_tokens,
            latency_s=result.latency_s,
        )


def open_cell(planned: NamedCell, context: CellContext, items_range: tuple[int, int] | None = None) -> OpenCell:
    """Load the items of a cell.

    Args:
        planned: The cell.
        context: What it has in common with others.
        items_range: The first item and the one after the last; all if left out. Where a conversation would be cut, its
            turns belong to the range in which it begins.

    Raises:
        DataError: The data is wrong, or something changed since the plan was made.
    """
    system, task = context.systems[planned.system], context.tasks[planned.task]
    ranges = context.ranges
    items: Sequence[Item]
    if items_range is not None and ranges.key == planned.key:
        items = ranges.items
    else:
        items = load_items(task, planned.language, context.data)
        if cell_key(system, task, planned.language, items_digest(items), context.model) != planned.key:
            raise DataError(
                f"the data or the model of {planned.task} in {planned.language} changed since the plan was made",
                fix="run the same command again",
            )
    if items_range is not None:
        ranges.key, ranges.items = planned.key, items
        items = items[slice(*(_conversation_start(items, bound) for bound in items_range))]
    samples = 0 if task.card.kind is Kind.MULTIPLE_CHOICE else samples_of(system, task)
    return OpenCell(planned, system, task, items, [(item, sample) for item in items for sample in range(samples)])


def _conversation_start(items: Sequence[Item], bound: int) -> int:
    """Return the first place from ``bound`` on at which no conversation is cut."""
    while bound < len(items) and items[bound].previous is not None:
        bound += 1
    return bound
