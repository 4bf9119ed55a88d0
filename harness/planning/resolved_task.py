"""A task as it will be asked, with what is not asked or scored of it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from polyarena.harness.experiment import TaskSpec
from polyarena.harness.planning.templates import Template
from polyarena.tasks.card import TaskCard
from polyarena.tasks.metrics.adequacy import Level
from polyarena.tasks.protocol import Task


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What one would expect and is not asked or not scored.

    Attributes:
        task: Name of the task.
        languages: ``lang_Script`` codes, sorted; empty if it is the whole task.
        reason: Why.
        metric: The metric that is not scored; empty if the languages are not asked at all.
        suite: The suite that wants it; empty if none does.
    """

    task: str
    languages: tuple[str, ...]
    reason: str
    metric: str = ""
    suite: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A number that is scored and must be marked wherever it is shown.

    Attributes:
        task: Name of the task.
        language: ``lang_Script``.
        metric: Name of the metric.
        level: ``doubtful``, or ``inadequate`` if the experiment insists on it.
        reason: What is wrong with it.
    """

    task: str
    language: str
    metric: str
    level: Level
    reason: str


@dataclass(frozen=True)
class ResolvedTask:
    """A task of the experiment with the languages that will be asked.

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
    template: Template | None = None
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
        """Return the language in which the items of a language are to be answered, which translation changes.

        A task says so by a method ``answer_language(language)``; without it, it is the same.
        """
        said = getattr(self.task, "answer_language", None)
        return str(said(language)) if said else language
