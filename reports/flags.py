"""Flags of numbers whose metric is doubtful or inadequate in a language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.reports.metric_facts import sampled_metric
from polyarena.reports.template_names import is_over_templates, plain_metric

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.stats.groupings import Groupings

MARK = "‡"
"""What stands beside a flagged number."""


@dataclass(frozen=True, slots=True)
class Flag:
    """The flag of a metric in one language of a task.

    Attributes:
        task: Task name.
        language: ``lang_Script``.
        metric: The metric's name.
        level: ``doubtful`` or ``inadequate``.
        reason: Why.
    """

    task: str
    language: str
    metric: str
    level: str
    reason: str


def add_flags(estimates: pd.DataFrame, flags: Iterable[Flag], groupings: Groupings | None = None) -> pd.DataFrame:
    """Return the estimates with their column ``flag`` filled in.

    A language's number has ``doubtful: <reason>``. An average has ``doubtful in 2 of 11 languages: <reason>`` for the
    reasons of all languages that it may hold, each reason once. Estimates over prompt templates have the flags of the
    templates.

    Args:
        estimates: Rows of :class:`polyarena.reports.records.Estimate`.
        flags: At most one for each task, language and metric.
        groupings: What the averages are over; by default the resource tiers.
    """
    from polyarena.reports.stats.groupings import tier_groups

    known: dict[tuple[str, str], dict[str, Flag]] = defaultdict(dict)
    for flag in flags:
        known[flag.task, flag.metric][flag.language] = flag
        known[f"{flag.task.partition('.')[0]}.*", flag.metric].setdefault(flag.language, flag)
    languages = _languages(estimates)
    chosen = tier_groups() if groupings is None else groupings
    names = ("system", "task", "metric", "level", "group")
    texts = []
    for system, task, metric, level, group in zip(*(estimates[name].astype(str) for name in names), strict=True):
        key = (f"{task}.*" if is_over_templates(metric) else task, sampled_metric(plain_metric(metric)))
        said = known.get(key, {})
        if level == "language":
            texts.append(f"{said[group].level}: {said[group].reason}" if group in said else "")
        else:
            members = chosen.get(level, {}).get(group)
            asked = languages[system, task, metric]
            texts.append(_of_average(said, [code for code in asked if members is None or code in members]))
    earlier = estimates["flag"] if "flag" in estimates else [""] * len(estimates)
    return estimates.assign(
        flag=[
            own if said in own else "; ".join(filter(None, (own, said)))
            for own, said in zip(earlier, texts, strict=True)
        ]
    )


def _languages(estimates: pd.DataFrame) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    # Several judges and baselines have rows of the same language.
    own = estimates[estimates["level"] == "language"].drop_duplicates(["system", "task", "metric", "group"])
    for system, task, metric, group in zip(
        *(own[name].astype(str) for name in ("system", "task", "metric", "group")), strict=True
    ):
        found[system, task, metric].append(group)
    return found


def _of_average(said: dict[str, Flag], within: list[str]) -> str:
    reasons: dict[tuple[str, str], int] = defaultdict(int)
    for code in within:
        if code in said:
            reasons[said[code].level, said[code].reason] += 1
    many = f"{len(within)} language{'s' if len(within) != 1 else ''}"
    return "; ".join(f"{what} in {count} of {many}: {why}" for (what, why), count in sorted(reasons.items()))
