"""Checks whether a task's metrics are adequate in its languages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from polyarena.tasks.audit.card import is_listed
from polyarena.tasks.audit.finding import Finding, Severity
from polyarena.tasks.card import TaskCard
from polyarena.tasks.counts import count_of
from polyarena.tasks.metrics.adequacy import adequacy, rated_metrics

_SEVERITIES = {"inadequate": Severity.ERROR, "doubtful": Severity.NOTE}


def audit_metrics(card: TaskCard) -> Iterator[Finding]:
    """Yield the metrics that are inadequate or doubtful for languages of a task, with the reason.

    An inadequate metric is an error where it is the headline, and a warning beside an adequate one.
    """
    for metric in card.metrics:
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        if metric not in rated_metrics():
            message = f"the adequacy of {metric} in the task's languages is unknown"
            yield Finding("metric-unrated", Severity.NOTE, card.name, "", message)
            continue
        for language in card.languages:
            if not is_listed(language):
                continue
            verdict = adequacy(metric, language)
            found[verdict.level.value, verdict.reason].append(language)
        for (level, reason), languages in found.items():
            severity = _SEVERITIES.get(level)
            if severity is None:
                continue
            if severity is Severity.ERROR and metric != card.metrics[0]:
                severity = Severity.WARNING
            message = f"{metric} is {level} in {count_of(len(languages), 'language')}: {reason}"
            yield Finding(f"metric-{level}", severity, card.name, "", message, tuple(languages[:5]))
