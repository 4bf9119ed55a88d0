"""Suites: named lists of tasks, each with its languages in the suite.

They are in ``suites.toml``, with the paper that each follows, and how it asked each benchmark: where a task here is
asked otherwise, the difference is computed from that, and is part of the suite's title, of ``polyarena plan`` and of
the page. A suite may name tasks that are not installed; these are reported and left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.hooks import on_split, shots_of, templates_of, variant_of
from polyarena.tasks.languages import select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.registry import find_task
from polyarena.tasks.suggest import unknown

_TABLE = Path(__file__).with_name("suites.toml")


@dataclass(frozen=True, slots=True)
class PaperProtocol:
    """How a paper asked a benchmark, as far as it says so.

    Attributes:
        languages: How many languages; 0 if it is not said.
        split: The split of the data set; empty if it is not said.
        shots: How many solved examples were shown; ``None`` if it is not said.
        templates: How many prompt templates; 0 if it is not said.
        benchmark: The paper's name of the benchmark.
    """

    languages: int = 0
    split: str = ""
    shots: int | None = None
    templates: int = 0
    benchmark: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One task of a suite, and how it is asked.

    Attributes:
        task: Its name, as in ``polyarena tasks``.
        languages: A selector; languages that the task does not have are ignored.
        split: The split of the data set; empty for the one of the task's card.
        shots: How many solved examples are shown; ``None`` for what the task's default template shows.
        templates: ``all`` prompt templates, or the named ones; empty for the default one.
        aggregate: What is reported over several templates: ``median`` or ``mean``; empty for both.
        paper: How the paper asked it, for suites of papers.
        differs: Further differences from the paper.
    """

    task: str
    languages: str
    split: str = ""
    shots: int | None = None
    templates: str | tuple[str, ...] = ""
    aggregate: str = ""
    paper: PaperProtocol | None = None
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """A named list of tasks.

    Attributes:
        name: Its name in experiments and commands.
        title: Its purpose, with the source of the list.
        languages: The selector of the entries that do not choose their own.
        entries: In the order of the reports.
        absent: Benchmarks of the paper that no task here asks, each with the reason.
    """

    name: str
    title: str
    languages: str
    entries: tuple[Entry, ...]
    absent: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class SuiteTask:
    """A task of a suite that is installed.

    Attributes:
        task: The task, on the suite's split.
        languages: Codes of its languages in the suite that the task has, sorted.
        entry: What the suite says of it.
    """

    task: Task
    languages: tuple[str, ...]
    entry: Entry

    @property
    def templates(self) -> int:
        """How many prompt templates are asked."""
        return max(1, len(entry_templates(self.task, self.entry)))

    @property
    def differences(self) -> tuple[str, ...]:
        """How the suite differs from its paper in this task; nothing for suites that follow no paper."""
        paper = self.entry.paper
        if paper is None:
            return (self.entry.differs,) if self.entry.differs else ()
        split, shots = self.task.card.dataset.split, self.entry.shots or 0
        found = []
        if paper.languages and len(self.languages) != paper.languages:
            found.append(f"{count_of(len(self.languages), 'language')} for {paper.languages}")
        if paper.split and split != paper.split:
            found.append(f"split {split} for {paper.split}")
        if paper.shots is not None and shots != paper.shots:
            found.append(f"{shots} examples for {paper.shots}")
        if paper.templates and self.templates != paper.templates:
            found.append(f"{self.templates} templates for {paper.templates}")
        return (*found, *([self.entry.differs] if self.entry.differs else []))


def entry_templates(task: Task, entry: Entry) -> tuple[str, ...]:
    """Return the names of the templates that an entry asks of a task, in the task's order; none for a task without.

    Of ``shots`` examples, those templates are meant that show so many; without ``templates``, the first of them.
    """
    names = templates_of(task)
    if entry.templates == "all":
        wanted = names
    elif entry.templates:
        listed = (entry.templates,) if isinstance(entry.templates, str) else entry.templates
        wanted = tuple(name for name in names if name in listed)
    else:
        wanted = names if entry.shots is not None else names[:1]
    if entry.shots is not None:
        wanted = tuple(name for name in wanted if shots_of(task, name) == entry.shots)
    return wanted if entry.templates else wanted[:1]


def entry_variants(asked: SuiteTask) -> list[Task]:
    """Return the task of a suite in each of the templates that the suite asks, on the suite's split."""
    names = entry_templates(asked.task, asked.entry)
    return [variant_of(asked.task, name) for name in names] or [asked.task]


@dataclass(frozen=True)
class ResolvedSuite:
    """The part of a suite that can be run on this machine.

    Attributes:
        suite: The suite.
        tasks: Those of its tasks that are installed and have one of its languages.
        missing: The reason for each task that is left out, by name.
    """

    suite: Suite
    tasks: tuple[SuiteTask, ...]
    missing: Mapping[str, str]

    @property
    def deviations(self) -> Mapping[str, str]:
        """How the suite differs from its paper, by task or by the paper's name of a benchmark that is absent."""
        found = {each.task.card.name: "; ".join(each.differences) for each in self.tasks if each.differences}
        return MappingProxyType({**found, **self.suite.absent})

    @property
    def title(self) -> str:
        """The suite's title, with the benchmarks in which it differs from its paper."""
        names = ", ".join(self.deviations)
        return f"{self.suite.title}; differs from the paper in {names}" if names else self.suite.title


@cache
def all_suites() -> Mapping[str, Suite]:
    """Return the suites by name, in the order of their file."""
    with _TABLE.open("rb") as file:
        table = tomllib.load(file)
    return MappingProxyType({name: _suite(name, entry) for name, entry in table.items()})


def _suite(name: str, table: Mapping[str, Any]) -> Suite:
    default = str(table.get("languages", "all"))
    entries = tuple(_entry(task, said, default) for task, said in table["tasks"].items())
    return Suite(name, str(table["title"]), default, entries, MappingProxyType(dict(table.get("absent", {}))))


def _entry(task: str, said: str | Mapping[str, Any], default: str) -> Entry:
    """Return the entry of a task, of which the table says the languages alone or a mapping of settings."""
    if isinstance(said, str):
        return Entry(task, said or default)
    settings = dict(said)
    paper, templates = settings.pop("paper", None), settings.pop("templates", "")
    return Entry(
        task,
        settings.pop("languages", "") or default,
        templates=tuple(templates) if isinstance(templates, list) else templates,
        paper=PaperProtocol(**paper) if paper else None,
        **settings,
    )


def find_suite(name: str, *, where: str = "") -> Suite:
    """Return the suite of this name.

    Raises:
        UnknownNameError: There is none; the message has a did-you-mean.
    """
    if name not in all_suites():
        raise unknown("suite", name, all_suites(), where=where)
    return all_suites()[name]


def resolve_suite(name: str, *, where: str = "") -> ResolvedSuite:
    """Find the tasks of a suite; one that is not installed or broken is reported and left out.

    Args:
        name: Of the suite.
        where: The place of the name in the user's file, for messages.

    Raises:
        UnknownNameError: There is no such suite.
    """
    suite = find_suite(name, where=where)
    found: list[SuiteTask] = []
    missing: dict[str, str] = {}
    for entry in suite.entries:
        try:
            task = find_task(entry.task, where=where)
            task = on_split(task, entry.split) if entry.split else task
        except UnknownNameError:
            missing[entry.task] = "not installed"
            continue
        except PolyarenaError as error:
            missing[entry.task] = f"{error.what}: {error.why}"
            continue
        selected = {language.code for language in select_languages(entry.languages)}
        languages = tuple(code for code in sorted(task.card.languages) if code in selected)
        if languages:
            found.append(SuiteTask(task, languages, entry))
        else:
            missing[entry.task] = f"it has none of the languages {entry.languages!r}"
    return ResolvedSuite(suite, tuple(found), MappingProxyType(missing))
