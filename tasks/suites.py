"""Suites: named lists of tasks, each with its languages in the suite.

They are in ``suites.toml``, with the paper that each follows. A suite may name tasks that are not installed; these are
reported and left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.languages import select_languages
from polyarena.tasks.protocol import Task
from polyarena.tasks.registry import find_task
from polyarena.tasks.suggest import unknown

_TABLE = Path(__file__).with_name("suites.toml")


@dataclass(frozen=True, slots=True)
class Entry:
    """One task of a suite.

    Attributes:
        task: Its name, as in ``polyarena tasks``.
        languages: A selector; languages that the task does not have are ignored.
    """

    task: str
    languages: str


@dataclass(frozen=True, slots=True)
class Suite:
    """A named list of tasks.

    Attributes:
        name: Its name in experiments and commands.
        title: Its purpose, with the source of the list.
        languages: The selector of the entries that do not choose their own.
        entries: In the order of the reports.
    """

    name: str
    title: str
    languages: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class SuiteTask:
    """A task of a suite that is installed.

    Attributes:
        task: The task.
        languages: Codes of its languages in the suite that the task has, sorted.
    """

    task: Task
    languages: tuple[str, ...]


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


@cache
def all_suites() -> Mapping[str, Suite]:
    """Return the suites by name, in the order of their file."""
    with _TABLE.open("rb") as file:
        table = tomllib.load(file)
    return MappingProxyType({name: _suite(name, entry) for name, entry in table.items()})


def _suite(name: str, entry: Mapping[str, object]) -> Suite:
    tasks, default = entry["tasks"], str(entry.get("languages", "all"))
    own = tasks if isinstance(tasks, Mapping) else {}
    return Suite(
        name, str(entry["title"]), default, tuple(Entry(task, str(text) or default) for task, text in own.items())
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
        except UnknownNameError:
            missing[entry.task] = "not installed"
            continue
        except PolyarenaError as error:
            missing[entry.task] = f"{error.what}: {error.why}"
            continue
        selected = {language.code for language in select_languages(entry.languages)}
        languages = tuple(code for code in sorted(task.card.languages) if code in selected)
        if languages:
            found.append(SuiteTask(task, languages))
        else:
            missing[entry.task] = f"it has none of the languages {entry.languages!r}"
    return ResolvedSuite(suite, tuple(found), MappingProxyType(missing))
