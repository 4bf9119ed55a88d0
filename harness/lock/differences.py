"""The differences between two runs, and whether their numbers are comparable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from polyarena.harness.lock.model import Lock, LockedSampling
from polyarena.tasks.counts import count_of
from polyarena.tasks.item import Kind

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DIGEST_SHOWN = 12

Value = str | int | float | bool | tuple[str, ...] | None
"""A setting as one of the runs has it; ``None`` where the run has none."""


class Aspect(StrEnum):
    """The subject of a difference."""

    TASK = "task"
    DATA = "data"
    ITEMS = "items"
    PROMPT = "prompt template"
    LANGUAGES = "languages"
    JUDGE = "judge"
    BASELINE = "baseline"
    IDENTIFIER = "language identification"
    SYSTEM = "system"
    SYSTEM_PROMPT = "system prompt"
    CHAT_TEMPLATE = "chat template"
    DECODING = "decoding"
    MODEL = "model"
    STATISTICS = "statistics"
    VERSION = "version"


class Effect(StrEnum):
    """The effect of a difference on the comparability of two runs."""

    MEASUREMENT = "measurement"
    """The two runs did not measure the same thing: their numbers cannot be compared."""
    SYSTEM = "system"
    """The systems differ, which is what a comparison is for."""
    INTERVAL = "interval"
    """The same numbers with other intervals or averages."""
    ENVIRONMENT = "environment"
    """Other versions of packages; numbers may differ in the last digits."""
    COVERAGE = "coverage"
    """Only one of the runs has it; what both have can be compared."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two runs.

    Attributes:
        aspect: What it is about.
        effect: What it does to a comparison.
        name: The task, system, judge or package concerned; empty for the run as a whole.
        field: The setting, such as ``limit`` or ``temperature``.
        ours: As this run has it.
        theirs: As the other run has it.
    """

    aspect: Aspect
    effect: Effect
    name: str
    field: str
    ours: Value
    theirs: Value

    def __str__(self) -> str:
        subject = f"{self.aspect.value} {self.name}".strip()
        return f"{subject}: {self.field} is {_shown(self.ours)} here, {_shown(self.theirs)} there"


@dataclass(frozen=True, slots=True)
class Differences:
    """All differences between two runs.

    Attributes:
        entries: In the order of :class:`Aspect`, then by name and field.
        shared_tasks: Tasks that both runs have, sorted.
        shared_judges: Judges that both runs have, sorted.
    """

    entries: tuple[Difference, ...]
    shared_tasks: tuple[str, ...]
    shared_judges: tuple[str, ...]

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def comparable(self) -> bool:
        """Whether all numbers that both runs have can be compared: a shared task, and no other measurement."""
        return bool(self.shared_tasks) and not any(each.effect is Effect.MEASUREMENT for each in self.entries)

    def obstacles(self, task: str, judge: str | None = None) -> tuple[Difference, ...]:
        """Return the differences that make the numbers of a task incomparable; empty if there are none.

        Args:
            task: A task that both runs have.
            judge: The judge of the numbers; ``None`` for scores, which no judge or baseline changes.
        """
        return tuple(
            each
            for each in self.entries
            if each.effect is Effect.MEASUREMENT
            and (
                (each.aspect in _OF_TASKS and each.name == task)
                or each.aspect is Aspect.IDENTIFIER
                or (judge is not None and each.aspect is Aspect.JUDGE and each.name == judge)
                or (judge is not None and each.aspect is Aspect.BASELINE)
            )
        )


_OF_TASKS = frozenset({Aspect.TASK, Aspect.DATA, Aspect.ITEMS, Aspect.PROMPT})


def differences(ours: Lock, theirs: Lock) -> Differences:
    """Compare the locks of two runs.

    Systems are matched by name. What differs in the baseline changes every win rate, so it counts as part of the
    measurement; what differs in another system is what the comparison is about.

    Args:
        ours: Of this run.
        theirs: Of the other run.
    """
    found = [
        *_tasks(ours, theirs),
        *_judges(ours, theirs),
        *_systems(ours, theirs),
        *_run(ours, theirs),
    ]
    order = list(Aspect)
    found.sort(key=lambda each: (order.index(each.aspect), each.name, each.field))
    return Differences(
        tuple(found),
        tuple(sorted(ours.tasks.keys() & theirs.tasks.keys())),
        tuple(sorted(ours.judges.keys() & theirs.judges.keys())),
    )


def _tasks(ours: Lock, theirs: Lock) -> Iterator[Difference]:
    yield from _coverage(Aspect.TASK, ours.tasks, theirs.tasks)
    for name in sorted(ours.tasks.keys() & theirs.tasks.keys()):
        one, other = ours.tasks[name], theirs.tasks[name]
        yield from _fields(
            Effect.MEASUREMENT,
            name,
            (Aspect.TASK, "version", one.card.version, other.card.version),
            (Aspect.TASK, "metrics", one.card.metrics, other.card.metrics),
            (Aspect.DATA, "dataset", one.card.dataset.id, other.card.dataset.id),
            (Aspect.DATA, "revision", one.card.dataset.revision, other.card.dataset.revision),
            (Aspect.DATA, "split", one.card.dataset.split, other.card.dataset.split),
            (Aspect.ITEMS, "limit", one.limit, other.limit),
            *([(Aspect.ITEMS, "subset", one.subset, other.subset)] if one.limit and other.limit else []),
            (Aspect.PROMPT, "name", one.template, other.template),
        )
        our_data, their_data = ours.data_digests(name), theirs.data_digests(name)
        for part in sorted(our_data.keys() & their_data.keys()):
            yield from _fields(Effect.MEASUREMENT, name, (Aspect.DATA, part, our_data[part], their_data[part]))
        yield from _fields(
            Effect.COVERAGE,
            name,
            (Aspect.LANGUAGES, "languages", tuple(sorted(one.languages)), tuple(sorted(other.languages))),
        )


def _judges(ours: Lock, theirs: Lock) -> Iterator[Difference]:
    yield from _coverage(Aspect.JUDGE, ours.judges, theirs.judges)
    for name in sorted(ours.judges.keys() & theirs.judges.keys()):
        one, other = ours.judges[name], theirs.judges[name]
        yield from _fields(
            Effect.MEASUREMENT,
            name,
            (Aspect.JUDGE, "signature", str(one.signature), str(other.signature)),
            (Aspect.JUDGE, "orders", one.orders, other.orders),
            (Aspect.JUDGE, "repeats", one.repeats, other.repeats),
        )


def _systems(ours: Lock, theirs: Lock) -> Iterator[Difference]:
    mine = {system.name: system for system in ours.settings.systems}
    others = {system.name: system for system in theirs.settings.systems}
    yield from _coverage(Aspect.SYSTEM, mine, others)
    one, other = ours.settings.baseline, theirs.settings.baseline
    if ours.judges and theirs.judges:
        yield from _fields(Effect.MEASUREMENT, "", (Aspect.BASELINE, "system", one, other))
        # What a pair of systems scores against each other does not depend on who else met.
        yield from _fields(Effect.COVERAGE, "", (Aspect.BASELINE, "opponents", _opponents(ours), _opponents(theirs)))
    for name in sorted(mine.keys() & others.keys()):
        entries = [*_system(ours, theirs, name)]
        yield from entries
        if not entries:
            yield from _answers(ours, theirs, name)


def _opponents(lock: Lock) -> Value:
    chosen = lock.settings.opponents
    if chosen is None or isinstance(chosen, str):
        return chosen
    if isinstance(chosen, tuple):
        return tuple(" against ".join(pair) for pair in chosen)
    return count_of(chosen.games, "game")


def _same_cells(ours: Lock, theirs: Lock, name: str) -> bool:
    """Whether all cells that both runs have are the same: a key contains all that changes an answer, and no more."""
    mine, others = ours.cells.get(name, {}), theirs.cells.get(name, {})
    shared = [
        (mine[task][code], others[task][code])
        for task in mine.keys() & others.keys()
        for code in mine[task].keys() & others[task].keys()
    ]
    return bool(shared) and all(one == other for one, other in shared)


def _system(ours: Lock, theirs: Lock, name: str) -> Iterator[Difference]:
    """Yield what differs in a system that both runs have; of the baseline, as part of the measurement."""
    one, other = ours.system(name), theirs.system(name)
    # Stored answers in another folder are the same answers, and a device or a batch size changes none.
    arguments = [] if _same_cells(ours, theirs, name) else _unequal(one.args, other.args)
    settings = [
        (Aspect.SYSTEM, "model", one.model, other.model),
        *((Aspect.SYSTEM, f"args.{key}", *values) for key, values in arguments),
        *((Aspect.MODEL, key, *v) for key, v in _unequal(ours.models.get(name, {}), theirs.models.get(name, {}))),
        (Aspect.SYSTEM_PROMPT, "text", one.system_prompt, other.system_prompt),
        (Aspect.CHAT_TEMPLATE, "template", one.chat_template, other.chat_template),
    ]
    for task in sorted(ours.tasks.keys() & theirs.tasks.keys()):
        sampled = [_sampling(lock.tasks[task].sampling.get(name)) for lock in (ours, theirs)]
        settings += [(Aspect.DECODING, f"{task}: {key}", *values) for key, values in _unequal(*sampled)]
    settings += _stated(ours, theirs, name)
    yield from _of_system(ours, theirs, name, settings)


def _stated(ours: Lock, theirs: Lock, name: str) -> Iterator[tuple[Aspect, str, Value, Value]]:
    """Yield what both runs state of how stored answers were generated, where it differs."""
    one, other = (lock.stored_answers.get(name, {}) for lock in (ours, theirs))
    changed = [key for key in sorted(one.keys() & other.keys()) if one[key] != other[key]]
    for key in changed:
        if key == "system prompt":
            yield Aspect.SYSTEM_PROMPT, "stated text", one[key], other[key]
        for task in sorted(ours.tasks.keys() & theirs.tasks.keys()) if key in _STATED_DECODING else ():
            yield Aspect.DECODING, f"{task}: stated {key}", one[key], other[key]


_STATED_DECODING = ("temperature", "top_p", "max_tokens")
"""Facts of stored answers that change what is measured."""


def _answers(ours: Lock, theirs: Lock, name: str) -> Iterator[Difference]:
    """Yield the tasks whose cells have other keys although no setting differs: the model's files have changed."""
    mine, others = ours.cells.get(name, {}), theirs.cells.get(name, {})
    for task in sorted(mine.keys() & others.keys() & ours.tasks.keys()):
        changed = [
            code for code in sorted(mine[task].keys() & others[task].keys()) if mine[task][code] != others[task][code]
        ]
        if changed and ours.tasks[task].card.version == theirs.tasks[task].card.version:
            one, other = (tuple(cells[task][code][:12] for code in changed[:3]) for cells in (mine, others))
            yield from _of_system(ours, theirs, name, [(Aspect.MODEL, f"cells of {task}", one, other)])


def _of_system(
    ours: Lock, theirs: Lock, name: str, settings: Sequence[tuple[Aspect, str, Value, Value]]
) -> Iterator[Difference]:
    judged = ours.judges and theirs.judges
    if judged and name in (ours.settings.baseline, theirs.settings.baseline):
        for aspect, field, one, other in settings:
            yield from _fields(Effect.MEASUREMENT, name, (Aspect.BASELINE, f"{aspect.value} {field}", one, other))
    else:
        yield from _fields(Effect.SYSTEM, name, *settings)


def _sampling(sampling: LockedSampling | None) -> Mapping[str, Any]:
    return {} if sampling is None else {**sampling.model_dump(mode="json")["settings"], "samples": sampling.samples}


def _run(ours: Lock, theirs: Lock) -> Iterator[Difference]:
    generated = any(
        task.card.kind is not Kind.MULTIPLE_CHOICE for name, task in ours.tasks.items() if name in theirs.tasks
    )
    if generated:
        yield from _fields(Effect.MEASUREMENT, "", (Aspect.IDENTIFIER, "model", ours.identifier, theirs.identifier))
    one, other = ours.settings.statistics, theirs.settings.statistics
    if ours.judges and theirs.judges:
        for judge in sorted(ours.judges.keys() & theirs.judges.keys()):
            yield from _fields(
                Effect.MEASUREMENT,
                judge,
                (Aspect.JUDGE, "strong_weight", one.strong_weight, other.strong_weight),
            )
    for field, values in _unequal(one.model_dump(mode="json"), other.model_dump(mode="json")):
        if field != "strong_weight":
            yield from _fields(Effect.INTERVAL, "", (Aspect.STATISTICS, field, *values))
    for package, values in _unequal(ours.versions, theirs.versions):
        yield from _fields(Effect.ENVIRONMENT, package, (Aspect.VERSION, "installed", *values))


def _coverage(aspect: Aspect, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted(ours.keys() ^ theirs.keys()):
        yield Difference(aspect, Effect.COVERAGE, name, "present", name in ours, name in theirs)


def _fields(effect: Effect, name: str, *settings: tuple[Aspect, str, Any, Any]) -> Iterator[Difference]:
    for aspect, field, one, other in settings:
        if one != other:
            yield Difference(aspect, effect, name, field, _value(one), _value(other))


def _unequal(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[tuple[str, tuple[Any, Any]]]:
    return [
        (key, (ours.get(key), theirs.get(key)))
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]


def _value(value: Any) -> Value:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return tuple(str(each) for each in value)
    return str(value)


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "empty"
    if isinstance(value, str):
        return repr(value[:_DIGEST_SHOWN] if _DIGEST.fullmatch(value) else value)
    return "not set" if value is None else str(value)
