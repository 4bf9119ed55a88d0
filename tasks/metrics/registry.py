"""The metrics by name: polyarena's own, and those of the entry-point group ``polyarena.metrics``.

A plugin's metric cannot take the name of one of polyarena's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.metrics.builtin import METRICS
from polyarena.tasks.metrics.metric import Metric
from polyarena.tasks.plugins import Plugins, plugins
from polyarena.tasks.suggest import unknown

__all__ = ["METRICS", "Metric", "available", "find_metric", "metric_names", "metric_plugins", "unavailable_reason"]


def metric_plugins() -> Plugins:
    """Return the entry points of all metrics from other distributions."""
    return plugins("polyarena.metrics", "metric")


def metric_names() -> tuple[str, ...]:
    """Return the names of all metrics, sorted, whether or not their plugins import."""
    return tuple(sorted({*METRICS, *metric_plugins().names}))


def unavailable_reason(name: str) -> str:
    """Return why a metric cannot be computed on this machine; empty if it can, or if no metric has this name."""
    if name in METRICS or name in metric_plugins().points:
        return find_metric(name).unavailable()
    return ""


def available(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of some metrics that can be computed on this machine."""
    return tuple(name for name in names if not unavailable_reason(name))


def find_metric(name: str, *, where: str = "") -> Metric:
    """Return a metric.

    Args:
        name: As in cards, scores and estimates.
        where: The place of the name in the user's file, for messages.

    Raises:
        UnknownNameError: There is none of this name; the message has a did-you-mean.
        PolyarenaError: The plugin cannot be imported, is no metric, or is one of another name.
    """
    if name in METRICS:
        return METRICS[name]
    if name not in metric_plugins().points:
        raise unknown("metric", name, metric_names(), where=where)
    found = metric_plugins().load(name, where=where)
    if not isinstance(found, Metric) or found.name != name:
        is_what = f"a metric named {found.name!r}" if isinstance(found, Metric) else type(found).__name__
        raise PolyarenaError(
            f"the plugin {name!r} is not a metric of this name",
            where=where or metric_plugins().points[name].value,
            why=f"it is {is_what}",
            fix="let the entry point name a polyarena.tasks.metrics.metric.Metric with the same name",
        )
    return found
