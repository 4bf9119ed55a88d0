"""Pairs the answers of two systems into matches, in both orders, and turns verdicts back into games."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from polyarena.judges.protocol import Answer, AnswerGroup, Assessment, Match, Verdict
from polyarena.judges.records import Game, Rating
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.finish_reasons import is_refused_by_host
from polyarena.tasks.item import Item
from polyarena.tasks.records import Completion
from polyarena.tasks.subsample import hash_rank, subsample
from polyarena.tasks.text import sanitize_text

ITEMS_IN_GROUP = 64
"""Items of a cell whose answers are scored together."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """One match with what is needed to file its verdict.

    Attributes:
        match: What the judge is given; it does not name the systems.
        task: Task name.
        item_id: The item, within task and language.
        source_id: Shared by all translations of the item.
        system_a: The system whose answer is shown first.
        system_b: The system whose answer is shown second.
        repeat: Of the game: counts over samples and repeats, so that it is unique for the item and order.
        sample_index: Of both answers.
    """

    match: Match
    task: str
    item_id: str
    source_id: str
    system_a: str
    system_b: str
    repeat: int
    sample_index: int = 0

    def game(self, judge: str, verdict: Verdict) -> Game:
        """Return the record of this match as ``judge`` decided it; texts are made storable."""
        return Game(
            judge=judge,
            task=self.task,
            language=self.match.language,
            item_id=self.item_id,
            source_id=self.source_id,
            system_a=self.system_a,
            system_b=self.system_b,
            repeat=self.repeat,
            label=verdict.label.value,
            raw=sanitize_text(verdict.raw),
            prompt_tokens=verdict.prompt_tokens,
            completion_tokens=verdict.completion_tokens,
            cost=verdict.cost,
            error=None if verdict.error is None else sanitize_text(verdict.error),
            asked=verdict.asked,
            score=verdict.score,
            first_raw=None if verdict.first_raw is None else sanitize_text(verdict.first_raw),
            finish_reason=verdict.finish_reason,
            follow_ups=verdict.follow_ups,
            question=verdict.question,
        )

    def ratings(self, judge: str, verdict: Verdict) -> tuple[Rating, ...]:
        """Return the records of the two answers if ``judge`` rated each alone, else none; texts are made storable."""
        if verdict.ratings is None:
            return ()
        sides = zip((self.system_a, self.system_b), verdict.ratings, strict=True)
        return tuple(self._rating(judge, system, assessment) for system, assessment in sides)

    def _rating(self, judge: str, system: str, assessment: Assessment) -> Rating:
        first_raw, error = assessment.first_raw, assessment.error
        return Rating(
            judge=judge,
            rater=judge,
            task=self.task,
            language=self.match.language,
            item_id=self.item_id,
            source_id=self.source_id,
            system=system,
            sample_index=self.sample_index,
            repeat=self.match.repeat,
            value=assessment.value,
            scale=assessment.scale.value,
            raw=sanitize_text(assessment.raw),
            first_raw=None if first_raw is None else sanitize_text(first_raw),
            finish_reason=assessment.finish_reason,
            prompt_tokens=assessment.prompt_tokens,
            completion_tokens=assessment.completion_tokens,
            cost=assessment.cost,
            error=None if error is None else sanitize_text(error),
            asked=assessment.asked,
            question=assessment.question,
        )


@dataclass(frozen=True, slots=True)
class Pairings:
    """All matches of one cell, and the answers that found no counterpart.

    Attributes:
        pairings: In the order of the items; within an item by sample, then candidate first before baseline first,
            then by repeat.
        items: Items that both systems answered.
        only_candidate: Answers (item and sample) that the candidate alone gave.
        only_baseline: Answers that the baseline alone gave.
        unasked: Answers to items that are not among the items, by either system.
        unanswered: Items that neither system answered.
    """

    pairings: tuple[Pairing, ...]
    items: int
    only_candidate: int
    only_baseline: int
    unasked: int
    unanswered: int

    def __iter__(self) -> Iterator[Pairing]:
        return iter(self.pairings)

    def __len__(self) -> int:
        return len(self.pairings)

    def matches(self) -> Iterator[Match]:
        """Yield what the judge is given, in order."""
        return (pairing.match for pairing in self.pairings)


def pairings(
    candidate: Sequence[Completion],
    baseline: Sequence[Completion],
    items: Mapping[str, Item],
    *,
    repeats: int = 1,
    limit: int | None = None,
) -> Pairings:
    """Pair two systems' answers to the items of one task and language, in both orders.

    Sample k of one system meets sample k of the other. What only one of them answered is counted, not judged; a prompt
    that the host refused has no answer.

    Args:
        candidate: The candidate's completions, in any order.
        baseline: The baseline's.
        items: All of the cell by ``item_id``, in the order in which they are to be judged.
        repeats: How often each order of each pair of answers is judged.
        limit: Number of items that are judged; ``None`` for all.

    Raises:
        ExperimentError: The two are the same system, or ``repeats`` is not positive.
        DataError: A completion occurs twice, holds no text, or is of another system, task or language than the rest.
    """
    if repeats < 1:
        raise ExperimentError(f"repeats cannot be {repeats}", fix="judge each order at least once")
    answers_a, answers_b = _by_item_and_sample(candidate), _by_item_and_sample(baseline)
    _refuse_mixture(candidate, baseline)
    both = answers_a.keys() & answers_b.keys()
    order = {item.item_id: position for position, item in enumerate(subsample(items.values(), limit))}
    asked = sorted((key for key in both if key[0] in order), key=lambda key: (order[key[0]], key[1]))
    # The order in which a limit takes items, so that it takes whole groups.
    ranked = sorted(items.values(), key=lambda item: hash_rank(item.source_id))
    rank = {item.item_id: place for place, item in enumerate(ranked)}
    shown_a, shown_b = _shown(answers_a, items, rank), _shown(answers_b, items, rank)
    made: list[Pairing] = []
    for key in asked:
        one, other = (answers_a[key], shown_a[key]), (answers_b[key], shown_b[key])
        for first, second in ((one, other), (other, one)):
            made.extend(_pairing(items[key[0]], first, second, repeat, repeats) for repeat in range(repeats))
    everything = answers_a.keys() | answers_b.keys()
    return Pairings(
        pairings=tuple(made),
        items=len({item_id for item_id, _ in asked}),
        only_candidate=sum(key[0] in order for key in answers_a.keys() - both),
        only_baseline=sum(key[0] in order for key in answers_b.keys() - both),
        unasked=sum(key[0] not in order for answers in (answers_a, answers_b) for key in answers),
        unanswered=len(order.keys() - {item_id for item_id, _ in everything}),
    )


def games(judge: str, paired: Iterable[Pairing], verdicts: Iterable[Verdict]) -> Iterator[Game]:
    """Yield the record of each match with its verdict, as they come.

    Args:
        judge: The judge's name in the experiment.
        paired: The matches that the judge was given.
        verdicts: What it decided, in the same order.

    Raises:
        ValueError: There are more of the one than of the other.
    """
    for pairing, verdict in zip(paired, verdicts, strict=True):
        yield pairing.game(judge, verdict)


Key = tuple[str, int]
"""Item and sample index of an answer."""
Turns = tuple[tuple[str, str], ...]


def _earlier(item_id: str, sample: int, items: Mapping[str, Item], answers: Mapping[Key, Completion]) -> Turns:
    """Return the turns of a conversation before an item, with a system's answers; where one is missing, it is empty."""
    turns: list[tuple[str, str]] = []
    while (previous := items[item_id].previous) is not None and previous in items:
        answer = answers.get((previous, sample))
        turns.insert(0, (items[previous].full_prompt, "" if answer is None else answer.text or ""))
        item_id = previous
    return tuple(turns)


def _shown(answers: Mapping[Key, Completion], items: Mapping[str, Item], rank: Mapping[str, int]) -> dict[Key, Answer]:
    """Return a system's answers as judges see them, in groups of items that follow each other by rank."""
    shown = {
        key: replace(_answer(completion), earlier=_earlier(*key, items, answers))
        for key, completion in answers.items()
        if key[0] in items
    }
    members: dict[int, list[Key]] = {}
    for key in sorted(shown, key=lambda key: (rank[key[0]], key[1])):
        members.setdefault(rank[key[0]] // ITEMS_IN_GROUP, []).append(key)
    for keys in members.values():
        group = AnswerGroup(
            tuple((shown[key].conversation(items[key[0]].full_prompt), shown[key].text) for key in keys)
        )
        shown.update((key, replace(shown[key], group=group)) for key in keys)
    return shown


def _pairing(
    item: Item, one: tuple[Completion, Answer], other: tuple[Completion, Answer], repeat: int, repeats: int
) -> Pairing:
    (first, a), (second, b) = one, other
    key = (item.language, item.item_id, str(first.sample_index), first.system, second.system)
    return Pairing(
        match=Match(
            language=item.language,
            question=item.full_prompt,
            a=a,
            b=b,
            repeat=repeat,
            key="/".join((first.task, *key)),
            reference=item.references[0] if item.references else None,
            parts=item.full_parts,
            answer_language=item.fields.get("answer_language"),
            category=item.category,
        ),
        task=first.task,
        item_id=item.item_id,
        source_id=item.source_id,
        system_a=first.system,
        system_b=second.system,
        repeat=first.sample_index * repeats + repeat,
        sample_index=first.sample_index,
    )


def _answer(completion: Completion) -> Answer:
    return Answer(
        text=completion.text or "",
        finish_reason=completion.finish_reason,
        identified_language=completion.identified_language,
        identified_probability=completion.identified_probability,
        identified_script=completion.identified_script,
    )


def _by_item_and_sample(completions: Sequence[Completion]) -> dict[Key, Completion]:
    found: dict[Key, Completion] = {}
    for completion in completions:
        key = (completion.item_id, completion.sample_index)
        where = f"{completion.system}/{completion.task}/{completion.language}"
        if key in found:
            raise DataError(f"item {key[0]!r} has two answers with sample index {key[1]}", where=where)
        if completion.text is None:
            raise DataError(
                f"item {key[0]!r} has no text to judge",
                where=where,
                why="it was answered by choosing, not by writing",
                fix="give judges open-ended tasks only",
            )
        found[key] = completion
    return {
        key: completion
        for key, completion in found.items()
        if not is_refused_by_host(completion.text, completion.finish_reason)
    }


def _refuse_mixture(candidate: Sequence[Completion], baseline: Sequence[Completion]) -> None:
    cells = {(each.task, each.language) for side in (candidate, baseline) for each in side}
    if len(cells) > 1:
        raise DataError("completions of several tasks or languages cannot be paired", why=f"found {sorted(cells)}")
    names = [sorted({each.system for each in side}) for side in (candidate, baseline)]
    if any(len(side) > 1 for side in names):
        raise DataError("completions of several systems on one side", why=f"found {names[0]} against {names[1]}")
    if names[0] and names[0] == names[1]:
        raise ExperimentError(
            f"{names[0][0]!r} is candidate and baseline at once", fix="compare it with another system of the experiment"
        )
