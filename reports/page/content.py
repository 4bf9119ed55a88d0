"""What a page is made of; the harness fills it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polyarena.reports.page.off_target import OffTargetCount
from polyarena.tasks.card import TaskCard

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SystemInfo:
    """A system that took part.

    Attributes:
        name: In the experiment.
        role: ``candidate``, ``baseline``, or ``both``; empty where nothing is compared.
        description: What it is, in one line: model, revision, system prompt, sampling, chat template.
    """

    name: str
    role: str
    description: str


@dataclass(frozen=True)
class TaskInfo:
    """A task that was run.

    Attributes:
        card: The task's own card.
        digests: Content digests of the data that was read, by name.
        limit: Items per language if the run was cut short, else ``None``.
        first: Whether those are the first of the data and no spread of them.
    """

    card: TaskCard
    digests: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    first: bool = False


@dataclass(frozen=True)
class Table:
    """A further table.

    Attributes:
        title: A line.
        columns: Headings.
        rows: Texts, as many in each row as there are columns; the first is what the row is about.
        texts: How many of the first columns are texts; the others are numbers.
        notes: Sentences below.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class JudgeInfo:
    """A judge that decided.

    Attributes:
        name: In the experiment.
        description: What the judge says of itself.
        signature: Every setting that changes its verdicts.
        orders: In how many orders answers were shown.
        repeats: Judgments of each order.
        findings: What stands out in its card, one sentence each.
        card: Its card as a table; ``None`` without games.
    """

    name: str
    description: str
    signature: str
    orders: int = 2
    repeats: int = 1
    findings: tuple[str, ...] = ()
    card: Table | None = None


@dataclass(frozen=True)
class Figure:
    """A figure as it is shown on the page.

    Attributes:
        title: A line; also the text for those who cannot see it.
        images: As SVG, from :func:`polyarena.reports.figures.render`; several where a chart has several parts.
        files: Where the same figure lies, relative to the page: ``figures/x.pdf``.
        caption: What is shown, items, intervals and marks.
    """

    title: str
    images: tuple[bytes, ...]
    files: tuple[str, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class Licence:
    """The terms of something that a run used.

    Attributes:
        kind: ``task``, ``model``, ``metric`` or ``method``.
        name: In the experiment.
        licence: SPDX expression, or words where none is known.
        source: Where it comes from: data set and revision, model, package and version.
    """

    kind: str
    name: str
    licence: str
    source: str = ""


@dataclass(frozen=True)
class Reproduction:
    """How to reproduce a run.

    Attributes:
        commands: To be typed, in order.
        versions: Of Python and of each package that can change a number.
        digest: Of the experiment as resolved.
    """

    commands: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True)
class PageContent:
    """Everything on the page. There are no dates: the same content gives the same bytes.

    Attributes:
        title: Of the experiment.
        version: Of polyarena.
        systems: In the order shown.
        tasks: Likewise.
        judges: Likewise.
        estimates: Rows of :class:`polyarena.reports.records.Estimate`.
        figures: In the order shown.
        answers: From :func:`polyarena.reports.page.off_target_counts`.
        files: Results to link to, relative to the page.
        notes: What else a reader must know; one sentence each.
        tables: Further results, in the order shown.
        warnings: What must be known before any number is read; above everything else.
        rankings: Ranks over all languages by judge and task, from :func:`polyarena.reports.stats.rank`.
        language_tables: On the languages of answers and thoughts.
        costs: What was asked and paid; ``None`` if nothing was.
        support: Which system was asked in which language, where they differ.
        licences: Of tasks, models, metrics and methods.
        reproduction: How to reproduce the run.
        identifier: What identified the languages of answers.
        rounds: Of the bootstrap; 0 if it is not known.
        seed: Likewise.
        items: The item browser, relative to the page; empty if there is none.
    """

    title: str
    version: str
    systems: tuple[SystemInfo, ...]
    tasks: tuple[TaskInfo, ...]
    judges: tuple[JudgeInfo, ...]
    estimates: pd.DataFrame
    figures: tuple[Figure, ...] = ()
    answers: tuple[OffTargetCount, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
    rankings: Mapping[tuple[str, str], pd.DataFrame] = field(default_factory=dict)
    language_tables: tuple[Table, ...] = ()
    costs: Table | None = None
    support: Table | None = None
    licences: tuple[Licence, ...] = ()
    reproduction: Reproduction = Reproduction()
    identifier: str = ""
    rounds: int = 0
    seed: int = 0
    items: str = ""
