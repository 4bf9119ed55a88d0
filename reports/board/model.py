"""The records of a board."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from polyarena.reports.labels import language_label
from polyarena.reports.stats.resampling import Floats
from polyarena.reports.stats.summary import Estimator
from polyarena.tasks.languages import all_languages
from polyarena.tasks.metrics.metric import Direction

Method = Literal["exact", "approximate"]


@dataclass(frozen=True)
class SystemInfo:
    """A system as the board names it.

    Attributes:
        name: Its name in the runs; the identity.
        title: For people.
        organisation: Who made it.
        size: Billions of parameters.
        licence: SPDX expression or text.
        open_weights: Whether its weights can be downloaded.
        languages: Codes that its makers claim; empty if unknown.
        date: Of its release, ISO 8601.
        link: Its page; only ``http`` and ``https`` become links.
        family: Name of a line of systems whose stages belong together (a model before and after tuning).
        stage: Place within the family, such as ``1 base``.
        effort: Reasoning effort that was asked for.
        tokens: Mean tokens of an answer.
        price: Mean price of an answer, in the currency of the board.
        seconds: Mean seconds of an answer.
        verified: Whether a contributed run was checked; ``None`` where all runs are the board's own.
        runs: Names of the runs that its numbers come from.
    """

    name: str
    title: str = ""
    organisation: str = ""
    size: float | None = None
    licence: str = ""
    open_weights: bool | None = None
    languages: tuple[str, ...] = ()
    date: str = ""
    link: str = ""
    family: str = ""
    stage: str = ""
    effort: str = ""
    tokens: float | None = None
    price: float | None = None
    seconds: float | None = None
    verified: bool | None = None
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoardLanguage:
    """A language as filters see it.

    Attributes:
        code: ``lang_Script``.
        name: In English.
        autonym: In the language itself.
        direction: ``ltr`` or ``rtl``.
        tag: BCP 47.
        family: Top-level family.
        script: ISO 15924.
        tier: Resource tier.
        regions: Regions.
    """

    code: str
    name: str
    autonym: str
    direction: str
    tag: str
    family: str
    script: str
    tier: str
    regions: tuple[str, ...]

    @classmethod
    def of(cls, code: str) -> BoardLanguage:
        """Return what the table of languages says of a code; codes that it lacks stand for themselves."""
        label = language_label(code)
        known = {each.code: each for each in all_languages()}.get(code)
        return cls(
            code=code,
            name=label.name,
            autonym=label.autonym,
            direction=label.direction,
            tag=label.tag,
            family=known.family if known else "",
            script=label.script or code.partition("_")[2],
            tier=label.tier,
            regions=known.regions if known else (),
        )


@dataclass(frozen=True)
class ItemTable:
    """Item values of one column: the data of the exact method.

    Attributes:
        data: Values by cluster (``source_id``) and column of systems and languages.
        places: By (system, language): the column in ``data``.
        item_ids: By language: the item of each cluster of ``data``; empty where the language lacks it.
    """

    data: Estimator
    places: Mapping[tuple[str, str], int]
    item_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def bounded(self) -> bool:
        """Whether every value is a share."""
        return bool(self.data.bounded[list(self.places.values())].all())

    @cached_property
    def n_values(self) -> int:
        """Item values in all."""
        return int(self.data.counts[:, list(self.places.values())].sum())


@dataclass(frozen=True)
class CellTable:
    """Cell means and standard errors of one column: the data of the approximate method.

    Attributes:
        systems: Names, sorted; s of them.
        languages: Codes, sorted; l of them.
        values: Shape (s, l); NaN where there is no cell.
        errors: Shape (s, l); standard errors, NaN where unknown.
        n: Shape (s, l); items.
        clusters: Shape (s,); distinct ``source_id`` behind a system's average.
        correlation: Shape (s,); mean correlation between the errors of two languages.
        noise: Shape (s, l); of shares, the root of the square error that the exact method's interval is made of; NaN
            where unknown.
        adjustment: Shape (s,); the square noise of the average over all languages, divided by what its cells amount to.
        loading: Shape (s,); the correlation of the errors of two systems is the product of their loadings.
        bounded: Whether values are shares.
    """

    systems: tuple[str, ...]
    languages: tuple[str, ...]
    values: Floats
    errors: Floats
    n: Floats
    clusters: Floats
    correlation: Floats
    noise: Floats
    adjustment: Floats
    loading: Floats
    bounded: bool


@dataclass(frozen=True)
class Column:
    """One measurement that systems share: a task and metric, with one signature.

    Attributes:
        key: Unique on the board and safe as a file name.
        task: Task name.
        title: Of the task, for people.
        metric: ``win_rate`` or the metric.
        judge: Of win rates, else empty.
        baseline: Of win rates, else empty.
        signature: Every setting that changes the measurement.
        difference: In what it differs from another column of the same task, metric, judge and baseline; empty if there
            is none.
        unit: ``%`` for shares, else empty.
        scale: What values are multiplied with to be read.
        low: Least possible value; ``None`` if there is none.
        high: Greatest possible value; ``None`` if there is none.
        direction: Which values are good.
        headline: Whether it enters the overall average.
        provenance: Of the items, by language.
        licence: Of the data set.
        dataset: Identity of the data set with its revision.
        texts: Whether item texts are published.
        texts_reason: Why they are not; empty if they are.
        table: The data.
    """

    key: str
    task: str
    title: str
    metric: str
    judge: str
    baseline: str
    signature: str
    table: ItemTable | CellTable
    difference: str = ""
    unit: str = "%"
    scale: float = 100.0
    low: float | None = 0.0
    high: float | None = 1.0
    direction: Direction = Direction.HIGHER
    headline: bool = True
    provenance: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    dataset: str = ""
    texts: bool = False
    texts_reason: str = ""

    @property
    def method(self) -> Method:
        """Whether item values are shipped."""
        return "exact" if isinstance(self.table, ItemTable) else "approximate"

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems that have a value, sorted."""
        if isinstance(self.table, CellTable):
            return self.table.systems
        return tuple(sorted({system for system, _ in self.table.places}))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that have a value, sorted."""
        if isinstance(self.table, CellTable):
            return self.table.languages
        return tuple(sorted({language for _, language in self.table.places}))

    @property
    def averageable(self) -> bool:
        """Whether values can be put on a common scale with other columns: a finite range and one good end."""
        return (
            self.low is not None
            and self.high is not None
            and math.isfinite(self.low)
            and math.isfinite(self.high)
            and self.direction is not Direction.ZERO
        )

    def languages_of(self, system: str) -> frozenset[str]:
        """Return the codes in which a system has a value."""
        if isinstance(self.table, ItemTable):
            return frozenset(language for name, language in self.table.places if name == system)
        row = self.table.systems.index(system)
        present = np.isfinite(self.table.values[row])
        return frozenset(code for code, there in zip(self.table.languages, present, strict=True) if there)


@dataclass(frozen=True)
class PublishedValue:
    """A number that somebody printed: it has no interval and no rank, and never shares a column with a measured one.

    Attributes:
        system: As printed.
        benchmark: As printed.
        language: As printed: a code, a name, or ``avg``.
        metric: As printed.
        value: As printed.
        source: Where it was printed.
        note: What a reader must know; empty if nothing.
    """

    system: str
    benchmark: str
    language: str
    metric: str
    value: float
    source: str
    note: str = ""


@dataclass(frozen=True)
class HistoryEntry:
    """The board as it was after an earlier build.

    Attributes:
        date: Day of the build, ISO 8601.
        changed: What was added or changed, in words.
        overall: By system: value, low and high of the overall average.
        columns: By column key: the same by system.
    """

    date: str
    changed: tuple[str, ...]
    overall: Mapping[str, tuple[float, float | None, float | None]]


@dataclass(frozen=True)
class BoardSettings:
    """What changes a board without changing its data.

    Attributes:
        title: Of the page.
        description: Below the title.
        confidence: Nominal, of every interval and set of ranks.
        coverage: Least share of the languages of a filtered set that a system must have to be ranked.
        currency: Of prices.
    """

    title: str = "Leaderboard"
    description: str = ""
    confidence: float = 0.95
    coverage: float = 0.9
    currency: str = ""


@dataclass(frozen=True)
class Board:
    """Everything that a site shows.

    Attributes:
        settings: Title and rules.
        systems: Sorted by name.
        columns: Sorted by key.
        published: Values that others printed.
        history: Earlier builds, the oldest first.
        notes: What a reader must know of the board as a whole.
    """

    settings: BoardSettings
    systems: tuple[SystemInfo, ...]
    columns: tuple[Column, ...]
    published: tuple[PublishedValue, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def languages(self) -> tuple[BoardLanguage, ...]:
        """All languages of measured columns, sorted by code."""
        return tuple(BoardLanguage.of(code) for code in sorted({c for each in self.columns for c in each.languages}))
