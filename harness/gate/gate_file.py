"""The gate file: what is checked and how strictly, with defaults for every key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator

from polyarena.harness.experiment.file_kinds import refuse_other_kind
from polyarena.harness.experiment.load import explain_validation
from polyarena.harness.experiment.positions import parse_yaml
from polyarena.harness.experiment.schema import Selector
from polyarena.harness.experiment.strict import Strict
from polyarena.harness.experiment.text_file import read_text
from polyarena.reports.gate.settings import DEFAULT_ACTIONS, Action, GateSettings, Level, Limits
from polyarena.reports.stats.groupings import Groupings, custom_groups, facet_groups
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import select_languages

Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
"""Hundredths of a metric's range."""
Share = Annotated[float, Field(ge=0, le=1)]

OWN_GROUPS = "group"
"""The level of groups that a gate file names itself."""


class MetricRule(Strict):
    """Settings of one metric.

    Attributes:
        floor: Least drop of a regression in a language, in points.
        average_floor: The same in an average.
        margin: A drop shown to be smaller than this is ``ok``.
        low: Least value of the metric, where it declares none that is finite.
        high: Greatest value.
        higher_is_better: Direction, where the metric is not one of this installation.
        check: ``false`` leaves the metric out.
    """

    floor: Points | None = None
    average_floor: Points | None = None
    margin: Points | None = None
    low: float | None = None
    high: float | None = None
    higher_is_better: bool | None = None
    check: bool = True


class LevelActions(Strict):
    """What a regression at each level does.

    Attributes:
        overall: The mean over all tasks.
        suite: The mean over the tasks of a suite.
        task: A task's average over languages.
        group: The average over a family, a tier or another group.
        language: One task in one language.
    """

    overall: Action = DEFAULT_ACTIONS[Level.OVERALL]
    suite: Action = DEFAULT_ACTIONS[Level.SUITE]
    task: Action = DEFAULT_ACTIONS[Level.TASK]
    group: Action = DEFAULT_ACTIONS[Level.GROUP]
    language: Action = DEFAULT_ACTIONS[Level.CELL]


class AllowEntry(Strict):
    """A regression that is known and accepted for a while; what is left out matches everything.

    Attributes:
        reason: Why.
        until: The last day on which the entry holds, such as ``2026-12-31``.
        task: Task name.
        metric: Metric name.
        language: Language code, name or selector.
        group: Name of a group, of a suite, or ``all`` for averages over languages.
    """

    reason: Annotated[str, Field(min_length=1)]
    until: date
    task: str | None = None
    metric: str | None = None
    language: str | None = None
    group: str | None = None

    @field_validator("until", mode="before")
    @classmethod
    def _iso(cls, value: Any) -> Any:
        return value if isinstance(value, date) else date.fromisoformat(str(value))


class SystemPair(Strict):
    """Which system of each run is compared; needed where a run has several.

    Attributes:
        candidate: Name in the candidate's run.
        baseline: Name in the baseline's run; the candidate's name if left out.
    """

    candidate: str
    baseline: str | None = None


class GateFile(Strict):
    """A gate file.

    Attributes:
        alpha: Chance of a false alarm of the whole gate.
        floor: Least drop of a regression in one language and task, in points.
        average_floor: The same in an average.
        margin: A drop shown to be smaller than this is ``ok``; in points.
        control: ``fwer`` bounds the chance of any false alarm, ``fdr`` the share of false ones among alarms.
        levels: What a regression at each level does.
        groupings: Facets of languages whose groups are averaged: ``family``, ``tier``, ``script``, ``region``, ...
        groups: Own groups by name, each a selector of languages.
        languages: Only these languages.
        tasks: Only these tasks.
        metrics: By name, what holds for single metrics.
        rates: Whether shares of empty, cut-off and off-target answers are checked too.
        systems: Which systems are compared.
        comparison: ``shared`` compares both systems' win rates against the runs' common baseline; ``direct`` takes the
            games of the candidate against the old system itself, which halves the variance.
        allow: Regressions that are accepted for a while.
        on_inconclusive: ``fail`` makes an inconclusive check of a level that fails a failure of its own kind (exit
            code 4), as ``--strict`` does.
        held_back: Share of the source items of each task on which a regression or an improvement must be found a second
            time before it counts; 0 for none.
        sequential: Whether the answer also says after how many source items each check that fails the gate was settled,
            at the level ``alpha`` whenever one looks. The verdicts stay those of all items.
        on_missing: ``fail`` or ``warn`` where the candidate lacks a cell of the baseline.
        allow_differences: Differences between the systems' settings that do not make them incomparable, such as
            ``decoding`` or ``system prompt``.
        max_unknown: Share of a cell's items that may lack a value on one side.
        min_paired: Share of the baseline's items that the candidate must have.
        rounds: Sign vectors of the test.
        seed: Of the generator.
        power: That minimal detectable drops refer to.
    """

    _path: Path | None = PrivateAttr(default=None)

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    floor: Points = 2.0
    average_floor: Points = 0.5
    margin: Annotated[float, Field(gt=0, le=100)] = 4.0
    control: Literal["fwer", "fdr"] = "fwer"
    levels: LevelActions = LevelActions()
    groupings: tuple[str, ...] = ("family", "tier")
    groups: Mapping[str, Selector] = {}
    languages: Selector | None = None
    tasks: tuple[str, ...] | None = None
    metrics: Mapping[str, MetricRule] = {}
    rates: bool = True
    systems: SystemPair | None = None
    comparison: Literal["shared", "direct"] = "shared"
    allow: tuple[AllowEntry, ...] = ()
    on_inconclusive: Literal["pass", "fail"] = "pass"
    held_back: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    sequential: bool = False
    on_missing: Literal["fail", "warn"] = "fail"
    allow_differences: tuple[str, ...] = ()
    max_unknown: Share = 0.02
    min_paired: Share = 0.9
    rounds: Annotated[int, Field(ge=999, le=1_000_000)] = 10_000
    seed: Annotated[int, Field(ge=0)] = 0
    power: Annotated[float, Field(gt=0, lt=1)] = 0.8

    def settings(self) -> GateSettings:
        """Return the statistical half."""
        levels = self.levels
        return GateSettings(
            alpha=self.alpha,
            floor=self.floor,
            average_floor=self.average_floor,
            margin=self.margin,
            control=self.control,
            actions={
                Level.OVERALL: levels.overall,
                Level.SUITE: levels.suite,
                Level.TASK: levels.task,
                Level.GROUP: levels.group,
                Level.CELL: levels.language,
            },
            max_unknown=self.max_unknown,
            min_paired=self.min_paired,
            rounds=self.rounds,
            seed=self.seed,
            power=self.power,
            limits={name: Limits(rule.floor, rule.average_floor, rule.margin) for name, rule in self.metrics.items()},
        )

    @property
    def where(self) -> str:
        """The file that these settings were read from, for messages."""
        return "the gate file" if self._path is None else str(self._path)

    def grouped(self) -> Groupings:
        """Return the groups of languages that are averaged.

        Raises:
            UnknownNameError: There is no such facet or language.
        """
        own = custom_groups(OWN_GROUPS, self.groups) if self.groups else {}
        return {**facet_groups(self.groupings), **own}

    def chosen_languages(self) -> frozenset[str] | None:
        """Return the languages that are checked; ``None`` for all."""
        if self.languages is None:
            return None
        return frozenset(language.code for language in select_languages(self.languages))


def load_gate_file(path: Path | None) -> GateFile:
    """Read a gate file; the defaults without one.

    Raises:
        ExperimentError: The file is missing or not YAML, or a key or value is wrong.
        UnknownNameError: It names a language or facet that does not exist.
    """
    if path is None:
        return GateFile()
    text = read_text(path, "gate")
    data, lines = parse_yaml(text, str(path))
    if data is None:
        return GateFile()
    if not isinstance(data, dict):
        raise ExperimentError("the gate file contains no mapping", where=path, fix="write `key: value`, one a line")
    refuse_other_kind(data, "gate", path)
    try:
        found = GateFile.model_validate(data)
    except ValidationError as error:
        raise explain_validation(error, lines, path) from None
    found._path = path
    found.grouped()
    found.chosen_languages()
    return found
