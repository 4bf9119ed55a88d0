"""Coverage of languages by tasks: number of items, provenance, and adequacy of the metric.

This is cheap, because only cards are read. Items are counted only on request (see :func:`coverage`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from polyarena.tasks.card import TaskCard
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import Language, find_language, select_languages
from polyarena.tasks.metrics.adequacy import adequacy, rated_metrics
from polyarena.tasks.protocol import Task
from polyarena.tasks.suites import ResolvedSuite, all_suites

TIERS = ("high", "mid", "low", "")


class CoverageKind(StrEnum):
    """What a task tests, as the Aya evaluations group their tasks."""

    DISCRIMINATIVE = "discriminative"
    GENERATIVE = "generative"
    OPEN_ENDED = "open_ended"
    SAFETY = "safety"


_KINDS: Mapping[Kind, CoverageKind] = MappingProxyType(
    {
        Kind.MULTIPLE_CHOICE: CoverageKind.DISCRIMINATIVE,
        Kind.GENERATIVE: CoverageKind.GENERATIVE,
        Kind.OPEN_ENDED: CoverageKind.OPEN_ENDED,
    }
)


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One language of one task.

    Attributes:
        language: ``lang_Script``.
        task: Name of the task.
        kind: What it tests.
        n_items: How many items there are; ``None`` where they were not counted or are not on this machine.
        provenance: How they came to be in the language.
        adequacy: Of the task's headline metric in the language: ``adequate``, ``doubtful`` or ``inadequate``;
            ``judged`` where a judge decides, ``unrated`` where nothing is known of the metric.
    """

    language: str
    task: str
    kind: CoverageKind
    n_items: int | None
    provenance: str
    adequacy: str


def coverage_kind(card: TaskCard) -> CoverageKind:
    """Return what a task tests: safety for the tasks of the suite ``safety``, else by how its items are answered."""
    safety = {entry.task for entry in all_suites()["safety"].entries}
    return CoverageKind.SAFETY if card.name in safety else _KINDS[card.kind]


def coverage(suite: ResolvedSuite, data: DataSource | None = None) -> list[CoverageRow]:
    """Return the coverage of a suite, by language and task.

    Args:
        suite: What to look at.
        data: Where items are counted, task by task, one language at a time; ``None`` counts nothing.
    """
    rows = [
        CoverageRow(
            language,
            each.task.card.name,
            coverage_kind(each.task.card),
            None if data is None else _count(each.task, language, data),
            each.task.card.provenance[language].value,
            headline_adequacy(each.task.card, language),
        )
        for each in suite.tasks
        for language in each.languages
    ]
    return sorted(rows, key=lambda row: (row.language, row.kind, row.task))


def headline_adequacy(card: TaskCard, language: str) -> str:
    """Return how far the headline metric of a task can be trusted in a language.

    Returns:
        ``adequate``, ``doubtful`` or ``inadequate``; ``judged`` if there is no metric, ``unrated`` if nothing is known
        of it.
    """
    if not card.metrics:
        return "judged"
    return adequacy(card.metrics[0], language).level.value if card.metrics[0] in rated_metrics() else "unrated"


def _count(task: Task, language: str, data: DataSource) -> int | None:
    try:
        return sum(1 for _ in task.items(language, data))
    except PolyarenaError:
        return None


@dataclass(frozen=True, slots=True)
class LanguageCoverage:
    """How many tasks of each kind a language has.

    Attributes:
        language: The language.
        tasks: Names of its tasks, by kind.
    """

    language: Language
    tasks: Mapping[CoverageKind, tuple[str, ...]]

    @property
    def scored(self) -> bool:
        """Whether it has a discriminative task and two generative ones, judged ones included."""
        generated = len(self.tasks[CoverageKind.GENERATIVE]) + len(self.tasks[CoverageKind.OPEN_ENDED])
        return bool(self.tasks[CoverageKind.DISCRIMINATIVE]) and generated >= 2


def by_language(rows: Iterable[CoverageRow], languages: str | Sequence[str]) -> list[LanguageCoverage]:
    """Return the tasks of each language, by tier and then by code; a language without any is there too.

    Args:
        rows: As :func:`coverage` gives them.
        languages: A selector.
    """
    found: dict[str, dict[CoverageKind, set[str]]] = {}
    for row in rows:
        found.setdefault(row.language, {}).setdefault(row.kind, set()).add(row.task)
    listed = {language.code for language in select_languages(languages)} | set(found)
    ordered = sorted(map(find_language, listed), key=lambda language: (TIERS.index(language.tier), language.code))
    return [
        LanguageCoverage(
            language,
            MappingProxyType(
                {kind: tuple(sorted(found.get(language.code, {}).get(kind, ()))) for kind in CoverageKind}
            ),
        )
        for language in ordered
    ]


def left_out(rows: Iterable[CoverageRow], manifest: str | Sequence[str]) -> list[str]:
    """Return the covered languages that are not in a system's ``languages``, sorted.

    Args:
        rows: As :func:`coverage` gives them.
        manifest: The system's selector.
    """
    claimed = {language.code for language in select_languages(manifest)}
    return sorted({row.language for row in rows} - claimed)
