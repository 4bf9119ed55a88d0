"""Whether groups get the numbers that they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyarena.tasks.audit.configs.functions import returns_one_value
from polyarena.tasks.audit.configs.index import Config, ConfigIndex
from polyarena.tasks.audit.configs.loading import Function
from polyarena.tasks.audit.finding import Finding, Severity, shown
from polyarena.tasks.counts import count_of

DEFAULTS = {
    "loglikelihood": ("perplexity", "acc"),
    "loglikelihood_rolling": ("word_perplexity", "byte_perplexity", "bits_per_byte"),
    "multiple_choice": ("acc", "acc_norm"),
    "generate_until": ("exact_match",),
}
"""The metrics of a task that names none, by ``output_type`` (``DEFAULT_METRIC_REGISTRY`` of lm-eval 0.4.13)."""


def emitted(task: Config) -> frozenset[str] | None:
    """Return the names of the metrics that a task reports, ``None`` if only running it would tell.

    That is so for tasks that are Python classes, and for metric functions that may return several.
    """
    if task.get("class") is not None:
        return None
    listed = task.get("metric_list")
    if not isinstance(listed, list):
        return frozenset(DEFAULTS.get(str(task.get("output_type") or "generate_until"), ()))
    metrics = [entry.get("metric") for entry in listed if isinstance(entry, dict)]
    if task.get("process_results") is None and any(
        isinstance(metric, Function) and not returns_one_value(metric) for metric in metrics
    ):
        return None
    return frozenset(metric.name if isinstance(metric, Function) else str(metric) for metric in metrics)


def audit_groups(index: ConfigIndex, groups: list[Config]) -> Iterator[Finding]:
    """Yield the groups that ask for a metric which none, or not all, of their tasks report."""
    for group in groups:
        leaves = index.leaves(group)
        reported = [emitted(leaf) for leaf in leaves]
        for metric in _asked(group):
            yield from _missing(group, metric, leaves, reported)


def _missing(
    group: Config, metric: Any, leaves: list[Config], reported: list[frozenset[str] | None]
) -> Iterator[Finding]:
    if isinstance(metric, Function):
        message = f"the group asks for the function {metric.dotted}, and tasks report metrics by name: it gets none"
        yield Finding("metric-not-emitted", Severity.ERROR, group.name, "", message)
        return
    without = [leaf for leaf, names in zip(leaves, reported, strict=True) if names is not None and metric not in names]
    if not leaves:
        message = f"the group asks for {metric} and no task of it can be found"
        yield Finding("empty-group", Severity.WARNING, group.name, "", message)
    elif len(without) == len(leaves):
        found = sorted(frozenset[str]().union(*(names for names in reported if names is not None)))
        message = (
            f"the group asks for {metric}, which none of its {count_of(len(leaves), 'task')} reports (they report "
            f"{', '.join(found) or 'nothing'}): it gets no number"
        )
        yield Finding("metric-not-emitted", Severity.ERROR, group.name, "", message, _names(leaves))
    elif without:
        message = (
            f"the group's {metric} leaves out {len(without)} of its {count_of(len(leaves), 'task')}, for lack of it"
        )
        yield Finding("metric-partly-emitted", Severity.WARNING, group.name, "", message, _names(without))


def _asked(group: Config) -> list[Any]:
    listed = group.get("aggregate_metric_list") or []
    return [entry.get("metric") for entry in (listed if isinstance(listed, list) else [listed])]


def _names(tasks: list[Config]) -> tuple[str, ...]:
    return shown(task.name for task in tasks)
