"""From the entries of ``tasks`` to the tasks that they mean: templates, suites, and what a suite cannot have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from polyarena.harness.experiment import Experiment, SuiteSpec, TaskSpec
from polyarena.harness.planning.resolved_task import LeftOut, ResolvedTask
from polyarena.harness.planning.templates import ALL, chosen, prompt_templates, template_of, varied
from polyarena.tasks.card import TaskCard
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import find_language, named_languages, select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.registry import find_task
from polyarena.tasks.suggest import unknown
from polyarena.tasks.suites import ResolvedSuite, resolve_suite


@dataclass(frozen=True, slots=True)
class Meant:
    """What one entry of ``tasks`` means.

    Attributes:
        tasks: The tasks, in the order of the report.
        left_out: What a suite wants and cannot have.
        named: Languages that a task's entry calls by their names.
        where: The place of the entry in the user's file.
    """

    tasks: tuple[ResolvedTask, ...]
    where: str
    left_out: tuple[LeftOut, ...] = ()
    named: frozenset[str] = field(default=frozenset())


def expand(experiment: Experiment, index: int) -> Meant:
    """Return what an entry of ``tasks`` means.

    Raises:
        UnknownNameError: A task, suite, template or language does not exist.
        ExperimentError: A task does not have a language that is named for it, none of those selected, or no templates.
    """
    entry = experiment.tasks[index]
    own = entry.languages is not None
    selector = entry.languages if own else experiment.languages
    where = experiment.where("tasks", index, "languages") if own else experiment.where("languages")
    selected = None if selector is None else [each.code for each in select_languages(selector, where=where)]
    # A set such as aya99 means "those of them that the task has"; a language called by its name is meant.
    named = [language.code for language in named_languages(selector)] if own and selector is not None else []
    if isinstance(entry, SuiteSpec):
        return _suite(experiment, index, entry, selected, named, where)
    return _task(experiment, index, entry, selected, named, where)


def _task(
    experiment: Experiment, index: int, spec: TaskSpec, selected: list[str] | None, named: list[str], where: str
) -> Meant:
    task = find_task(spec.task, where=experiment.where("tasks", index, "task"))
    for code in named:
        _refuse_missing(task.card, code, where)
    available = task.card.languages
    languages = tuple(available) if selected is None else tuple(code for code in selected if code in available)
    if not languages:
        raise ExperimentError(
            f"the task {spec.task!r} has none of the languages selected for it",
            where=where,
            fix=f"`polyarena tasks {spec.task}` lists its {len(available)} languages",
        )
    if spec.templates is None:
        variants: list[tuple[str, Task]] = [(spec.task, task)]
    else:
        variants = list(varied(task, spec.templates, experiment.where("tasks", index, "templates")))
    return Meant(
        tuple(_resolved(spec, name, variant, languages) for name, variant in variants),
        experiment.where("tasks", index),
        named=frozenset(named),
    )


def _refuse_missing(card: TaskCard, code: str, where: str) -> None:
    if code not in card.languages:
        raise ExperimentError(
            f"the task {card.name!r} does not have {find_language(code).name} ({code})",
            where=where,
            why=card.left_out.get(code, ""),
            fix=f"`polyarena tasks {card.name}` lists its {len(card.languages)} languages",
        )


def _suite(
    experiment: Experiment, index: int, spec: SuiteSpec, selected: list[str] | None, named: list[str], where: str
) -> Meant:
    suite = resolve_suite(spec.suite, where=experiment.where("tasks", index, "suite"))
    _check_templates(suite, spec, experiment.where("tasks", index, "templates"))
    _check_without(suite, spec, experiment.where("tasks", index, "without"))
    left_out = [LeftOut(name, (), reason, suite=spec.suite) for name, reason in suite.missing.items()]
    left_out += [LeftOut(name, (), "the experiment leaves it out", suite=spec.suite) for name in spec.without]
    tasks: list[ResolvedTask] = []
    selectors = {entry.task: entry.languages for entry in suite.suite.entries}
    for each in suite.tasks:
        if each.task.card.name in spec.without:
            continue
        languages = tuple(code for code in each.languages if selected is None or code in selected)
        variants = [(each.task.card.name, each.task)] if spec.templates is None else chosen(each.task, spec.templates)
        tasks += [_resolved(spec, name, task, languages, spec.suite) for name, task in variants if languages]
        name = each.task.card.name
        lacking = _lacking(each.task.card, selectors.get(name, ALL), selected)
        left_out += [LeftOut(name, codes, reason, suite=spec.suite) for reason, codes in lacking.items()]
        if not languages and not lacking:
            left_out.append(LeftOut(name, (), "none of the languages selected are the suite's", suite=spec.suite))
    asked = {code for task in tasks for code in task.languages}
    for code in named:
        if code not in asked:
            raise ExperimentError(
                f"no task of the suite {spec.suite!r} has {find_language(code).name} ({code})",
                where=where,
                fix=f"`polyarena tasks coverage --suite {spec.suite}` shows which languages it has",
            )
    return Meant(tuple(tasks), experiment.where("tasks", index), tuple(left_out))


def _lacking(card: TaskCard, selector: str, selected: Collection[str] | None) -> Mapping[str, tuple[str, ...]]:
    """Return the languages that a suite wants of a task and that it does not have, by the reason."""
    if selector == ALL:
        return {}
    found: dict[str, list[str]] = defaultdict(list)
    for language in select_languages(selector):
        if language.code not in card.languages and (selected is None or language.code in selected):
            found[card.left_out.get(language.code, "the task does not have it")].append(language.code)
    return {reason: tuple(codes) for reason, codes in found.items()}


def _check_templates(suite: ResolvedSuite, spec: SuiteSpec, where: str) -> None:
    if spec.templates is None:
        return
    known = {ALL, *(name for each in suite.tasks for name in prompt_templates(each.task))}
    for name in (spec.templates,) if isinstance(spec.templates, str) else spec.templates:
        if name not in known:
            raise unknown(f"template of the suite {spec.suite!r}", name, known, where=where)


def _check_without(suite: ResolvedSuite, spec: SuiteSpec, where: str) -> None:
    known = {each.task.card.name for each in suite.tasks}
    for name in spec.without:
        if name not in known:
            raise unknown(f"task of the suite {spec.suite!r}", name, known, where=where)


def _resolved(
    spec: TaskSpec | SuiteSpec, name: str, task: Task, languages: tuple[str, ...], suite: str = ""
) -> ResolvedTask:
    take = spec.take if isinstance(spec, TaskSpec) else "spread"
    alone = TaskSpec(task=name, languages=spec.languages, limit=spec.limit, take=take)
    return ResolvedTask(alone, task, languages, suite, template_of(name, task))


def merged(meant: list[Meant]) -> Iterator[tuple[ResolvedTask, Meant]]:
    """Yield each task once, with the entry that it comes from.

    A task that is named by itself goes before that of a suite; a task of two suites is asked in the languages of both.

    Args:
        meant: What each entry means, in their order.

    Raises:
        ExperimentError: A task is named twice by itself, or two suites want it with different limits.
    """
    placed = [(task, each) for each in meant for task in each.tasks]
    named: set[str] = set()
    of_suites: dict[str, ResolvedTask] = {}
    for task, each in placed:
        name = task.spec.task
        if not task.suite:
            _refuse_again(named, task, each.where)
        else:
            of_suites[name] = _joined(of_suites[name], task, each.where) if name in of_suites else task
    for task, each in placed:
        if not task.suite:
            yield task, each
        elif task.card.name.casefold() not in named and task.spec.task in of_suites:
            yield of_suites.pop(task.spec.task), each


def _refuse_again(named: set[str], task: ResolvedTask, where: str) -> None:
    """Refuse a task that is among the named ones, and add it to them."""
    # The name becomes a folder; the card's is the same for a task and for its default template.
    names = {task.spec.task.casefold(), task.card.name.casefold()}
    if names & named:
        raise ExperimentError(
            f"{task.spec.task!r} stands twice under tasks", where=where, fix="list each task and template once"
        )
    named |= names


def _joined(one: ResolvedTask, other: ResolvedTask, where: str) -> ResolvedTask:
    if one.spec.limit != other.spec.limit:
        raise ExperimentError(
            f"the suites {one.suite!r} and {other.suite!r} both have {one.spec.task!r}, with different limits",
            where=where,
            fix=f"give both the same limit, or name {one.spec.task!r} by itself with the limit that it should have",
        )
    return replace(one, languages=tuple(sorted({*one.languages, *other.languages})))
