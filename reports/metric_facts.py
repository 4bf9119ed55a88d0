"""What every table, figure and comparison must know of a metric: its unit, its range, and which values are good.

A run records what its metrics were; within :func:`recorded_metrics` that is what counts, not what a plugin declares
today. So a report of an old run stays as it was, also where the plugin has changed since or is not installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from types import MappingProxyType

from polyarena.reports.template_names import plain_metric
from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.metrics.metric import Direction, MetricFacts, Unit
from polyarena.tasks.metrics.registry import find_metric

__all__ = [
    "Direction",
    "MetricFacts",
    "Unit",
    "display_scale",
    "is_share",
    "metric_facts",
    "recorded_metrics",
    "sampled_metric",
    "unit_label",
]

_OWN = {
    "win_rate": MetricFacts(description="Share of battles won, ties counting half."),
    "bad_answers": MetricFacts(description="Share of answers that a judge found bad.", direction=Direction.LOWER),
    "refused_by_host": MetricFacts(
        description="Share of prompts that the host refused to pass on.", direction=Direction.LOWER
    ),
}
_PASS = re.compile(r"\A(?P<metric>.+)@\d+")


_RECORDED: ContextVar[Mapping[str, MetricFacts]] = ContextVar("recorded", default=MappingProxyType({}))


@contextmanager
def recorded_metrics(facts: Mapping[str, MetricFacts]) -> Iterator[None]:
    """Let metrics be what a run has recorded of them, while its results are computed and shown.

    Args:
        facts: By name; those without a description were never declared, and say nothing.
    """
    token = _RECORDED.set({name: each for name, each in facts.items() if each.description})
    try:
        yield
    finally:
        _RECORDED.reset(token)


def metric_facts(metric: str) -> MetricFacts:
    """Return unit, range and direction of a metric, also of one over templates (``acc (median of 5 templates)``).

    What no run records, and no room and no plugin declares, is taken for a share of which more is better.

    Args:
        metric: As in estimates.

    Example:
        >>> metric_facts("chrf++").unit.value, metric_facts("gender_undecided").direction.value
        ('points', 'lower')
    """
    recorded = _RECORDED.get()
    if recorded:
        name = plain_metric(metric)
        for each in (name, sampled_metric(name)):
            if each in recorded:
                return recorded[each]
    return _declared_facts(metric)


@cache
def _declared_facts(metric: str) -> MetricFacts:
    name = plain_metric(metric)
    if name in _OWN:
        return _OWN[name]
    for each in (name, sampled_metric(name)):
        try:
            return find_metric(each).facts
        except PolyarenaError:
            continue
    return MetricFacts()


def sampled_metric(metric: str) -> str:
    """Return the metric that a pass@k is of: ``acc`` for ``acc@4``, and any other metric itself."""
    found = _PASS.fullmatch(metric)
    return found["metric"] if found else metric


def display_scale(metric: str, values: Iterable[float | None] = ()) -> float:
    """Return what values of a metric are multiplied with to be read: 100 for shares, else 1.

    Args:
        metric: As in estimates.
        values: Of a metric that nobody declares: values outside of [-1, 1] show that it is no share.
    """
    if metric_facts(metric).unit is not Unit.SHARE:
        return 1.0
    if not metric_facts(metric).description and any(value is not None and abs(value) > 1 for value in values):
        return 1.0
    return 100.0


def is_share(metric: str) -> bool:
    """Tell whether values of a metric must lie in [0, 1]; taken for granted of a metric that nobody declares."""
    facts = metric_facts(metric)
    return facts.low is not None and facts.high is not None and facts.low >= 0 and facts.high <= 1


def unit_label(scale: float) -> str:
    """Return the unit that stands behind a number of this scale: ``%``, or nothing."""
    return "%" if scale == 100 else ""
