"""Metrics that do not measure what their name says in a language are not scored, unless the experiment insists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from types import MappingProxyType

from polyarena.harness.planning.resolved_task import Flag, LeftOut, ResolvedTask
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.adequacy import Adequacy, Level, adequacy, rated_metrics, require_adequate
from polyarena.tasks.metrics.registry import METRICS
from polyarena.tasks.suggest import unknown


def weighed(
    resolved: ResolvedTask, named: Collection[str], insist: Collection[str], where: str
) -> tuple[ResolvedTask, list[LeftOut]]:
    """Take out of a task what its metrics cannot measure.

    A language in which all metrics are inadequate is left out; one in which some are is asked and scored by the
    others. Open-ended answers are asked for all the same, since they are judged. Metrics of which nothing is known are
    scored.

    Args:
        resolved: The task.
        named: The languages that the experiment calls by their names for this task.
        insist: Metrics that are scored all the same; their numbers are flagged.
        where: The place of the task in the user's file, for messages.

    Returns:
        The task, perhaps without any language, and what was taken out of it.

    Raises:
        ExperimentError: A language that was called by its name has none of the metrics.
    """
    refused: dict[str, dict[str, Adequacy]] = defaultdict(dict)
    flags: list[Flag] = []
    name = resolved.spec.task
    rated = [metric for metric in resolved.card.metrics if metric in rated_metrics()]
    for language in resolved.languages:
        for metric in rated:
            found = adequacy(metric, resolved.answer_language(language))
            if found.level is Level.INADEQUATE and metric not in insist:
                refused[language][metric] = found
            elif found.level is not Level.ADEQUATE:
                flags.append(Flag(name, language, metric, found.level, found.reason))
    judged = resolved.card.kind is Kind.OPEN_ENDED
    bare = {code for code, metrics in refused.items() if len(metrics) == len(resolved.card.metrics) and not judged}
    for language in resolved.languages:
        if language in bare and language in named:
            _refuse(resolved, language, where)
    kept = replace(
        resolved,
        languages=tuple(language for language in resolved.languages if language not in bare),
        unscored=MappingProxyType({code: frozenset(refused[code]) for code in sorted(refused.keys() - bare)}),
        flags=tuple(flag for flag in flags if flag.language not in bare),
    )
    taken = ((language, metric, found.reason) for language in refused for metric, found in refused[language].items())
    return kept, _grouped(resolved, taken)


def _grouped(resolved: ResolvedTask, taken: Iterable[tuple[str, str, str]]) -> list[LeftOut]:
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for language, metric, reason in taken:
        grouped[metric, reason].append(language)
    return [
        LeftOut(resolved.spec.task, tuple(sorted(languages)), reason, metric, resolved.suite)
        for (metric, reason), languages in grouped.items()
    ]


def _refuse(resolved: ResolvedTask, language: str, where: str) -> None:
    try:
        require_adequate(resolved.card.metrics[0], resolved.answer_language(language))
    except ExperimentError as error:
        raise ExperimentError(
            f"no metric of the task {resolved.spec.task!r} is adequate for {find_language(language).name} ({language})",
            where=where,
            why=f"{resolved.card.metrics[0]}: {error.why}",
            fix=f"leave the language out, or add `insist: [{resolved.card.metrics[0]}]` to the experiment: the numbers "
            "are then flagged wherever they are shown",
        ) from None


def check_insisted(insist: Iterable[str], tasks: Iterable[ResolvedTask], where: str) -> None:
    """Refuse to insist on a metric that nobody computes.

    Raises:
        UnknownNameError: There is no such metric; the message has a did-you-mean.
    """
    known = {*METRICS, *rated_metrics(), *(metric for task in tasks for metric in task.card.metrics)}
    for metric in insist:
        if metric not in known:
            raise unknown("metric", metric, known, where=where)
