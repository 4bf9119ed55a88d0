"""Resolves the tasks of an experiment: suites, templates, languages and inadequate metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from polyarena.harness.experiment import Experiment, SuiteSpec, TaskSpec
from polyarena.harness.experiment.problems import Problems
from polyarena.harness.lock import Deviation, Omission
from polyarena.reports.flags import Flag
from polyarena.tasks.card import TaskCard
from polyarena.tasks.counts import count_of
from polyarena.tasks.data import DataSource, data_root
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.hooks import answer_language_of, on_split
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language, named_languages, select_languages
from polyarena.tasks.metrics.adequacy import Adequacy, Level, adequacy, rated_metrics
from polyarena.tasks.metrics.registry import METRICS, unavailable_reason
from polyarena.tasks.own_prompts import load_own_task
from polyarena.tasks.prompt_templates import (
    ALL,
    PromptTemplate,
    no_such_shots,
    prompt_template,
    prompt_templates,
    shots_variant,
    shown_examples,
    suite_template_variants,
    template_variants,
)
from polyarena.tasks.protocol import Task
from polyarena.tasks.registry import find_task, task_plugins
from polyarena.tasks.suggest import unknown
from polyarena.tasks.suites import ResolvedSuite, entry_variants, resolve_suite


@dataclass(frozen=True)
class ResolvedTask:
    """A task of the experiment with its selected languages.

    Attributes:
        spec: As in the file; of a suite's task, as if it stood there by itself.
        task: The task.
        languages: That will be asked.
        suite: The suite that it comes from; empty if it is named by itself.
        template: Its prompt template, where it has several.
        unscored: Metrics that are not scored because they are inadequate, by language.
        flags: Numbers to be marked.
    """

    spec: TaskSpec
    task: Task
    languages: tuple[str, ...]
    suite: str = ""
    template: PromptTemplate | None = None
    unscored: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    flags: tuple[Flag, ...] = ()

    @property
    def card(self) -> TaskCard:
        """The task's identity."""
        return self.task.card

    def metrics(self, language: str) -> tuple[str, ...]:
        """Return the metrics that are scored in a language."""
        return tuple(metric for metric in self.card.metrics if metric not in self.unscored.get(language, ()))

    def answer_language(self, language: str) -> str:
        """Return the language in which the items of a language are answered; translation changes it."""
        return answer_language_of(self.task, language)


@dataclass(frozen=True)
class Selection:
    """The tasks of an experiment.

    Attributes:
        tasks: In the order of the file; a suite's in the order of the suite.
        omissions: What suites want and cannot have, and metrics that are not scored.
        deviations: How suites differ from the papers that they follow.
    """

    tasks: tuple[ResolvedTask, ...]
    omissions: tuple[Omission, ...]
    deviations: tuple[Deviation, ...] = ()


def select_tasks(experiment: Experiment) -> Selection:
    """Find the tasks, select their languages, and drop languages whose metrics are inadequate.

    Raises:
        UnknownNameError: A task, suite, template, metric or language does not exist.
        ExperimentError: A task does not have a language that is named for it or none of those selected, appears twice,
            or has no adequate metric in a language that is named for it; or nothing of a suite is left.
    """
    problems = Problems()
    expanded = [problems.attempt(expand, experiment, index) for index in range(len(experiment.tasks))]
    _add_unknown_tasks(experiment, problems)
    problems.raise_all()
    meant = [entry for entry in expanded if entry is not None]
    tasks: list[ResolvedTask] = []
    omissions = [each for entry in meant for each in entry.omissions]
    for task, entry in deduplicate(meant):
        kept, without = drop_inadequate_metrics(task, entry.named, experiment.allow_inadequate, entry.where)
        omissions += without
        if kept.languages:
            tasks.append(kept)
        elif not kept.suite:
            raise ExperimentError(
                f"no metric of the task {task.spec.task!r} is adequate for any of its languages",
                where=entry.where,
                why=without[0].reason,
                fix="do what the reason says, or leave the task out"
                if unavailable_reason(without[0].metric)
                else f"leave the task out, or add `allow_inadequate: [{without[0].metric}]`: its numbers are flagged",
            )
    refuse_unknown_seen(experiment, tasks)
    refuse_unknown_metrics(experiment.allow_inadequate, tasks, experiment.where("allow_inadequate"))
    if not tasks:
        suites = [spec.suite for spec in experiment.tasks if isinstance(spec, SuiteSpec)]
        raise ExperimentError(
            f"nothing of {', '.join(map(repr, suites))} is left",
            where=experiment.where("tasks"),
            why="; ".join(dict.fromkeys(f"{each.task}: {each.reason}" for each in omissions[:3])),
            fix=f"select other languages; `polyarena tasks coverage --suite {suites[0]}` shows which it has",
        )
    deviations = dict.fromkeys(each for entry in meant for each in entry.deviations)
    return Selection(tuple(tasks), tuple(omissions), tuple(deviations))


def resolve_tasks(experiment: Experiment) -> tuple[ResolvedTask, ...]:
    """Return the tasks of :func:`select_tasks`, which says what is raised."""
    return select_tasks(experiment).tasks


@dataclass(frozen=True, slots=True)
class ExpandedEntry:
    """The tasks that one entry of ``tasks`` stands for.

    Attributes:
        tasks: The tasks, in the order of the report.
        omissions: What a suite wants and cannot have.
        deviations: How a suite differs from the paper that it follows.
        named: Languages that a task's entry calls by their names.
        where: The place of the entry in the user's file.
    """

    tasks: tuple[ResolvedTask, ...]
    where: str
    omissions: tuple[Omission, ...] = ()
    named: frozenset[str] = field(default=frozenset())
    deviations: tuple[Deviation, ...] = ()


def _add_unknown_tasks(experiment: Experiment, problems: Problems) -> None:
    """Add unknown tasks to other problems: a wrong language is found before the task is looked up."""
    if not problems.errors:
        return
    for index, entry in enumerate(experiment.tasks):
        if isinstance(entry, TaskSpec) and entry.prompts is None:
            problems.attempt(_find_task, experiment, index, entry)


def expand(experiment: Experiment, index: int) -> ExpandedEntry:
    """Return the tasks that an entry of ``tasks`` stands for.

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
) -> ExpandedEntry:
    task = _find_task(experiment, index, spec)
    if spec.split is not None:
        task = on_split(task, spec.split, where=experiment.where("tasks", index, "split"))
    for code in named:
        _refuse_missing(task.card, code, where)
    available = task.card.languages
    languages = tuple(available) if selected is None else tuple(code for code in selected if code in available)
    if not languages:
        raise ExperimentError(
            f"the task {spec.task!r} has none of the languages selected for it",
            where=where,
            fix=f"`polyarena tasks {spec.task}` lists its {count_of(len(available), 'language')}",
        )
    if spec.templates is None and spec.shots is None:
        variants: list[tuple[str, Task]] = [(spec.task, task)]
    elif spec.templates is None:
        variants = [shots_variant(task, spec.shots or 0, experiment.where("tasks", index, "shots"))]
    else:
        variants = list(template_variants(task, spec.templates, experiment.where("tasks", index, "templates")))
        variants = [pair for pair in variants if spec.shots is None or shown_examples(task, pair[1]) == spec.shots]
    if not variants:
        raise no_such_shots(task, spec.shots or 0, experiment.where("tasks", index, "shots"))
    return ExpandedEntry(
        tuple(_resolved(spec, name, variant, languages) for name, variant in variants),
        experiment.where("tasks", index),
        named=frozenset(named),
    )


def _find_task(experiment: Experiment, index: int, spec: TaskSpec) -> Task:
    """Return an installed task, or the task of own prompts."""
    where = experiment.where("tasks", index, "task")
    if spec.prompts is None:
        return find_task(spec.task, where=where)
    if spec.task in task_plugins().points:
        raise ExperimentError(
            f"own prompts are called {spec.task!r}, as an installed task is",
            where=where,
            fix="give them another `name`",
        )
    root = data_root(experiment.data_root, experiment.base) if spec.prompts.dataset else None
    return load_own_task(spec.prompts, experiment.base, DataSource(root), where=where)


def _refuse_missing(card: TaskCard, code: str, where: str) -> None:
    if code not in card.languages:
        raise ExperimentError(
            f"the task {card.name!r} does not have {find_language(code).name} ({code})",
            where=where,
            why=card.left_out.get(code, ""),
            fix=f"`polyarena tasks {card.name}` lists its {count_of(len(card.languages), 'language')}",
        )


def _suite(
    experiment: Experiment, index: int, spec: SuiteSpec, selected: list[str] | None, named: list[str], where: str
) -> ExpandedEntry:
    suite = resolve_suite(spec.suite, where=experiment.where("tasks", index, "suite"))
    _check_templates(suite, spec, experiment.where("tasks", index, "templates"))
    _check_without(suite, spec, experiment.where("tasks", index, "exclude"))
    omissions = [Omission(task=name, reason=reason, suite=spec.suite) for name, reason in suite.missing.items()]
    omissions += [Omission(task=name, reason="the experiment leaves it out", suite=spec.suite) for name in spec.exclude]
    tasks: list[ResolvedTask] = []
    selectors = {entry.task: entry.languages for entry in suite.suite.entries}
    for each in suite.tasks:
        if each.task.card.name in spec.exclude:
            continue
        languages = tuple(code for code in each.languages if selected is None or code in selected)
        variants = (
            [(task.card.name, task) for task in entry_variants(each)]
            if spec.templates is None
            else suite_template_variants(each.task, spec.templates)
        )
        tasks += [
            _resolved(spec, name, task, languages, spec.suite, each.entry.aggregate)
            for name, task in variants
            if languages
        ]
        name = each.task.card.name
        lacking = _lacking(each.task.card, selectors.get(name, ALL), selected)
        omissions += [
            Omission(task=name, languages=codes, reason=reason, suite=spec.suite) for reason, codes in lacking.items()
        ]
        if not languages and not lacking:
            omissions.append(
                Omission(task=name, reason="none of the languages selected are the suite's", suite=spec.suite)
            )
    asked = {code for task in tasks for code in task.languages}
    for code in named:
        if code not in asked:
            raise ExperimentError(
                f"no task of the suite {spec.suite!r} has {find_language(code).name} ({code})",
                where=where,
                fix=f"`polyarena tasks coverage --suite {spec.suite}` shows which languages it has",
            )
    deviations = tuple(
        Deviation(suite=spec.suite, task=name, reason=reason) for name, reason in suite.deviations.items()
    )
    return ExpandedEntry(tuple(tasks), experiment.where("tasks", index), tuple(omissions), deviations=deviations)


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
    for name in spec.exclude:
        if name not in known:
            raise unknown(f"task of the suite {spec.suite!r}", name, known, where=where)


def _resolved(
    spec: TaskSpec | SuiteSpec,
    name: str,
    task: Task,
    languages: tuple[str, ...],
    suite: str = "",
    aggregate: str = "",
) -> ResolvedTask:
    subset = spec.subset if isinstance(spec, TaskSpec) else "spread"
    over = spec.aggregate if isinstance(spec, TaskSpec) else aggregate or None
    alone = TaskSpec.model_validate(
        {"task": name, "languages": spec.languages, "limit": spec.limit, "subset": subset, "aggregate": over}
    )
    return ResolvedTask(alone, task, languages, suite, prompt_template(name, task))


def deduplicate(meant: list[ExpandedEntry]) -> Iterator[tuple[ResolvedTask, ExpandedEntry]]:
    """Yield each task once, with the entry that it comes from.

    An entry for a single task takes precedence over a suite; a task of two suites has the languages of both.

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
    """Refuse a task that is listed already, and add it to the list."""
    # The name becomes a folder; the card's is the same for a task and for its default template.
    names = {task.spec.task.casefold(), task.card.name.casefold()}
    if names & named:
        raise ExperimentError(
            f"{task.spec.task!r} appears twice under tasks", where=where, fix="list each task and template once"
        )
    named |= names


def _joined(one: ResolvedTask, other: ResolvedTask, where: str) -> ResolvedTask:
    if one.spec.limit != other.spec.limit:
        raise ExperimentError(
            f"the suites {one.suite!r} and {other.suite!r} both have {one.spec.task!r}, with different limits",
            where=where,
            fix=f"give both the same limit, or name {one.spec.task!r} by itself with the limit that it should have",
        )
    if one.card.dataset.split != other.card.dataset.split:
        raise ExperimentError(
            f"the suites {one.suite!r} and {other.suite!r} both have {one.spec.task!r}, on different splits",
            where=where,
            why=f"{one.card.dataset.split!r} and {other.card.dataset.split!r}",
            fix=f"leave it out of one of them with `exclude: [{one.spec.task}]`, or name it by itself with its `split`",
        )
    return replace(one, languages=tuple(sorted({*one.languages, *other.languages})))


def drop_inadequate_metrics(
    resolved: ResolvedTask, named: Collection[str], allowed: Collection[str], where: str
) -> tuple[ResolvedTask, list[Omission]]:
    """Drop languages and metrics where the metrics are inadequate.

    A language in which all metrics are inadequate is left out; one in which some are is asked and scored by the
    others. Open-ended answers are asked for all the same, since they are judged. Metrics of which nothing is known are
    scored. A metric that cannot be computed on this machine is treated like one that is inadequate everywhere, and
    cannot be allowed.

    Args:
        resolved: The task.
        named: The languages that the experiment calls by their names for this task.
        allowed: Metrics that are scored all the same; their numbers are flagged.
        where: The place of the task in the user's file, for messages.

    Returns:
        The task, possibly without any language, and what was left out of it.

    Raises:
        ExperimentError: A language that was called by its name has none of the metrics.
    """
    refused: dict[str, dict[str, Adequacy]] = {code: {} for code in resolved.languages}
    flags: list[Flag] = []
    name = resolved.spec.task
    faults = {metric: reason for metric in resolved.card.metrics if (reason := unavailable_reason(metric))}
    rated = [metric for metric in resolved.card.metrics if metric in rated_metrics() and metric not in faults]
    for language in resolved.languages:
        refused[language] |= {metric: Adequacy(Level.INADEQUATE, reason) for metric, reason in faults.items()}
        for metric in rated:
            found = adequacy(metric, resolved.answer_language(language))
            if found.level is Level.INADEQUATE and metric not in allowed:
                refused[language][metric] = found
            elif found.level is not Level.ADEQUATE:
                flags.append(Flag(name, language, metric, str(found.level), found.reason))
    refused = {code: metrics for code, metrics in refused.items() if metrics}
    judged = resolved.card.kind is Kind.OPEN_ENDED
    bare = {code for code, metrics in refused.items() if len(metrics) == len(resolved.card.metrics) and not judged}
    for language in resolved.languages:
        if language in bare and language in named:
            _refuse(resolved, language, refused[language], where)
    kept = replace(
        resolved,
        languages=tuple(language for language in resolved.languages if language not in bare),
        unscored=MappingProxyType({code: frozenset(refused[code]) for code in sorted(refused.keys() - bare)}),
        flags=tuple(flag for flag in flags if flag.language not in bare),
    )
    taken = ((language, metric, found.reason) for language in refused for metric, found in refused[language].items())
    return kept, _grouped(resolved, taken)


def _grouped(resolved: ResolvedTask, taken: Iterable[tuple[str, str, str]]) -> list[Omission]:
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for language, metric, reason in taken:
        grouped[metric, reason].append(language)
    return [
        Omission(
            task=resolved.spec.task,
            languages=tuple(sorted(languages)),
            reason=reason,
            metric=metric,
            suite=resolved.suite,
        )
        for (metric, reason), languages in grouped.items()
    ]


def _refuse(resolved: ResolvedTask, language: str, refused: Mapping[str, Adequacy], where: str) -> None:
    metric = resolved.card.metrics[0]
    raise ExperimentError(
        f"no metric of the task {resolved.spec.task!r} is adequate for {find_language(language).name} ({language})",
        where=where,
        why=f"{metric}: {refused[metric].reason}",
        fix="do what the reason says, or leave the task out"
        if unavailable_reason(metric)
        else f"leave the language out, or add `allow_inadequate: [{metric}]` to the experiment: "
        "its numbers are then flagged wherever they are shown",
    )


def refuse_unknown_seen(experiment: Experiment, tasks: Iterable[ResolvedTask]) -> None:
    """Refuse names under ``seen`` of a system that no task has, installed or of the experiment.

    Raises:
        UnknownNameError: There is no such task; the message has a did-you-mean.
    """
    known = {*task_plugins().points, *(task.card.name for task in tasks)}
    for index, system in enumerate(experiment.systems):
        for name in system.seen:
            if name not in known:
                raise unknown("task", name, known, where=experiment.where("systems", index, "seen"))


def refuse_unknown_metrics(allowed: Iterable[str], tasks: Iterable[ResolvedTask], where: str) -> None:
    """Refuse names under ``allow_inadequate`` that no metric has.

    Raises:
        UnknownNameError: There is no such metric; the message has a did-you-mean.
    """
    known = {*METRICS, *rated_metrics(), *(metric for task in tasks for metric in task.card.metrics)}
    for metric in allowed:
        if metric not in known:
            raise unknown("metric", metric, known, where=where)
