"""The lock of a run as a typed record: everything that its numbers depend on.

The manner is that of ``EvalSpec`` and ``EvalLog`` of inspect_ai: one frozen, versioned record, written by one function
and read by one function (:mod:`polyarena.harness.store.folder`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from polyarena.harness.experiment.schema import Experiment, SystemSpec
from polyarena.judges.panels import PanelRule
from polyarena.reports.flags import Flag
from polyarena.tasks.card import TaskCard
from polyarena.tasks.metrics.metric import MetricFacts
from polyarena.tasks.sampling import Sampling
from polyarena.tasks.signature import Signature

FORMAT: Literal[2] = 2
"""Of ``lock.json``; raised whenever a part of the lock gets, loses or renames a field.

So a folder of another build is refused by its number, and not by what its lock lacks.
"""


class Record(BaseModel):
    """Base of the lock's parts: frozen, and a key that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pair(NamedTuple):
    """One pair of cells that a judge decides.

    Attributes:
        judge: Name of the judge or panel.
        candidate: Name of the system under evaluation.
        baseline: Name of the system it is compared with.
        task: Name of the task.
        language: ``lang_Script``.
    """

    judge: str
    candidate: str
    baseline: str
    task: str
    language: str


class Cell(NamedTuple):
    """One cell.

    Attributes:
        system: Name of the system.
        task: Name of the task.
        language: ``lang_Script``.
    """

    system: str
    task: str
    language: str


class LockedExperiment(Record):
    """The experiment file as resolved.

    Attributes:
        name: Of the experiment.
        digest: Of ``resolved``.
        resolved: All of its keys, with their defaults.
    """

    name: str
    digest: str
    resolved: Experiment


class LockedSampling(Record):
    """How a system's answers to a task are sampled.

    Attributes:
        settings: Of each answer.
        samples: Answers per item.
    """

    settings: Sampling
    samples: int = 1


class LockedTask(Record):
    """A task with the settings with which it was run.

    Attributes:
        card: Its identity.
        metrics: Facts of each metric: unit, range, direction and aggregation.
        languages: That were asked, as ``lang_Script``.
        limit: Items of each language; ``None`` for all.
        subset: Which items a limit selects.
        suite: The suite that it comes from; empty if it is named by itself.
        family: The task's name without its prompt template; empty if it has a single template.
        template: Name of its prompt template, where it has several.
        aggregate: What is reported over its templates, ``median`` or ``mean``; empty for both.
        answer_languages: The language of the answers, where it differs from that of the items (translation), by the
            language of the items.
        sampling: By system; systems that are not sampled (multiple choice, stored answers) are absent.
    """

    card: TaskCard
    metrics: Mapping[str, MetricFacts] = {}
    languages: tuple[str, ...]
    limit: int | None = None
    subset: Literal["spread", "first"] = "first"
    suite: str = ""
    family: str = ""
    template: str = ""
    aggregate: str = ""
    answer_languages: Mapping[str, str] = {}
    sampling: Mapping[str, LockedSampling] = {}


class LockedJudge(Record):
    """A judge or panel.

    Attributes:
        signature: Every setting that changes its verdicts.
        description: The same for people.
        repeats: Judgments of each order.
        orders: In how many orders answers were shown.
        order_known: Whether it is known which answer was shown first.
        members: Names of a panel's judges; empty for a judge.
        rule: How a panel's members are combined; ``None`` for a judge.
        relatives: What the model of the judge shares with the models of systems (makers), by system.
        shards: Keys of the shards that contain its games, where several were written together and belong together
            (imported or reparsed verdicts), by :func:`shard_name`. Empty where each shard stands for itself.
    """

    signature: Signature
    description: str
    repeats: int = 1
    orders: int = 2
    order_known: bool = True
    members: tuple[str, ...] = ()
    rule: PanelRule | None = None
    relatives: Mapping[str, tuple[str, ...]] = {}
    shards: Mapping[str, str] = {}


class LockedGames(Record):
    """The pairs of cells that a judge decides on one task.

    Attributes:
        judge: Name of the judge or panel.
        candidate: Name of the candidate.
        baseline: Name of the baseline.
        task: Name of the task.
        languages: That are judged, sorted.
    """

    judge: str
    candidate: str
    baseline: str
    task: str
    languages: tuple[str, ...]

    def pairs(self) -> Iterator[Pair]:
        """Yield the pairs, one for each language."""
        for language in self.languages:
            yield Pair(self.judge, self.candidate, self.baseline, self.task, language)


class Omission(Record):
    """A task, language or metric that is left out, with the reason.

    Attributes:
        task: Name of the task.
        languages: ``lang_Script`` codes, sorted; empty if it is the whole task.
        reason: Why.
        metric: The metric that is not scored; empty if the languages are not asked at all.
        suite: The suite that has the task; empty if none does.
    """

    task: str
    languages: tuple[str, ...] = ()
    reason: str
    metric: str = ""
    suite: str = ""


OTHER_BATCHES = "other batches of the same run"
"""Source of flip rates that a run measures beside its work."""


class FlipRate(Record):
    """How often an item's value differs between two runs of one model with the settings of this run.

    Attributes:
        per_10000: Items of 10,000 with another value.
        items: Paired items that it was measured on.
        source: What was compared, in words.
    """

    per_10000: float
    items: int
    source: str

    @property
    def flips(self) -> int:
        """Items with another value."""
        return round(self.per_10000 * self.items / 10_000)

    @property
    def share(self) -> float:
        """Share of items with another value.

        What a run measures beside its work are few items, of which none may differ. Their share has half an item with
        another value and half one without added (the mean of the posterior of Jeffreys' prior), since none of 20 is no
        sign of none at all.
        """
        if self.source == OTHER_BATCHES:
            return (self.flips + 0.5) / (self.items + 1)
        return self.per_10000 / 10_000


class Deviation(Record):
    """A difference between a suite and the paper that it follows.

    Attributes:
        suite: The suite.
        task: Name of the task, or the paper's name of a benchmark that no task asks.
        reason: What is different, or why the benchmark is not asked.
    """

    suite: str
    task: str
    reason: str


class UnmappedField(Record):
    """A part of an imported file that has no place in the records of polyarena.

    Attributes:
        what: What it is.
        count: How often it occurs.
        examples: Some of them, shortened.
    """

    what: str
    count: int
    examples: tuple[str, ...] = ()


class ImportedJudge(Record):
    """Verdicts from elsewhere, imported as a judge of this run.

    Attributes:
        format: Of the files.
        files: Digest of each file by its name.
        judge: The judge as shown while the experiment has all that its games are about.
        games: All of its pairs, those that the experiment does not have included.
        unmapped: What the files contain and polyarena's records do not.
        renamed: Names that could not be folders, each with the name that took its place.
        facts: What the files say of the judge.
        polyarena: The version that imported it.
    """

    format: str
    files: Mapping[str, str]
    judge: LockedJudge
    games: tuple[LockedGames, ...]
    unmapped: tuple[UnmappedField, ...] = ()
    renamed: Mapping[str, str] = {}
    facts: Mapping[str, str] = {}
    polyarena: str


class Lock(Record):
    """What the experiment of a run resolved to.

    Attributes:
        format: Of the file, :data:`FORMAT`.
        experiment: As resolved.
        versions: Of Python and of each package that can change a number.
        identifier: What identifies the languages of answers.
        tasks: By name.
        flags: Numbers that are doubtful, or inadequate and allowed.
        omissions: What is not asked or not scored, with the reasons.
        deviations: How suites differ from the papers that they follow.
        data: Content digest of each part of a data set that was read, by its name.
        models: What each model told of itself when it was loaded, by system.
        judges: Judges and panels by name.
        cells: Key of each cell by system, task and language.
        games: What is judged, sorted.
        unsupported: (system, language) pairs that are not asked because the system does not claim the language.
        imported: Imported judges by name, shown or not.
        flips: Measured flip rates by system and ``task/metric``: of some items in other
            batches, which a run measures by itself, or of two runs (``polyarena gate calibrate --record``).
        stored_answers: Of systems whose answers were generated elsewhere, what is known of how, by system; an empty
            mapping if nothing is.
    """

    format: Literal[2] = FORMAT
    experiment: LockedExperiment
    versions: Mapping[str, str] = {}
    identifier: str = ""
    tasks: Mapping[str, LockedTask] = {}
    flags: tuple[Flag, ...] = ()
    omissions: tuple[Omission, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    data: Mapping[str, str] = {}
    models: Mapping[str, Mapping[str, str]] = {}
    judges: Mapping[str, LockedJudge] = {}
    cells: Mapping[str, Mapping[str, Mapping[str, str]]] = {}
    games: tuple[LockedGames, ...] = ()
    unsupported: tuple[tuple[str, str], ...] = ()
    imported: Mapping[str, ImportedJudge] = {}
    stored_answers: Mapping[str, Mapping[str, str]] = {}
    flips: Mapping[str, Mapping[str, FlipRate]] = {}

    @property
    def settings(self) -> Experiment:
        """The experiment with all of its keys."""
        return self.experiment.resolved

    @property
    def system_names(self) -> tuple[str, ...]:
        """The systems in the order of the experiment."""
        return tuple(system.name for system in self.settings.systems)

    @property
    def seed_groups(self) -> dict[str, tuple[str, ...]]:
        """The systems of each group of seeds."""
        return self.settings.seed_groups

    @property
    def reported_systems(self) -> tuple[str, ...]:
        """The systems in the order of the experiment, each group of seeds in the place of its first seed."""
        return tuple(dict.fromkeys(system.group or system.name for system in self.settings.systems))

    @property
    def template_families(self) -> dict[str, tuple[str, str]]:
        """The family and the template of each task that has several prompt templates."""
        return {name: (task.family, task.template) for name, task in self.tasks.items() if task.family}

    @property
    def answer_languages(self) -> dict[str, Mapping[str, str]]:
        """By task and language of the items, the language of the answers where it is another one."""
        return {name: task.answer_languages for name, task in self.tasks.items() if task.answer_languages}

    def system(self, name: str) -> SystemSpec:
        """Return the settings of a system."""
        return self.settings.system(name)

    def all_cells(self) -> Iterator[Cell]:
        """Yield every cell of the experiment, sorted."""
        for system, tasks in sorted(self.cells.items()):
            for task, languages in sorted(tasks.items()):
                for language in sorted(languages):
                    yield Cell(system, task, language)

    def all_pairs(self) -> Iterator[Pair]:
        """Yield every pair of cells that is judged, sorted."""
        yield from sorted(pair for games in self.games for pair in games.pairs())

    def data_digests(self, task: str) -> dict[str, str]:
        """Return the digests of the data behind a task."""
        dataset = self.tasks[task].card.dataset
        prefix = f"{dataset.id}@{dataset.revision}/"
        return {name: digest for name, digest in self.data.items() if name.startswith(prefix)}

    def with_model(self, systems: tuple[str, ...], provenance: Mapping[str, str]) -> Self:
        """Return the lock with what a model told of itself, for each system that uses it."""
        return self.model_copy(update={"models": {**self.models, **{name: dict(provenance) for name in systems}}})

    def with_flips(self, system: str, task: str, items: int, flips: Mapping[str, int]) -> Self:
        """Return the lock with further items that were computed in other batches; what two runs showed stays.

        Args:
            system: Name of the system.
            task: Name of the task.
            items: That were scored or answered twice.
            flips: Of them, those with another value, by metric.
        """
        rates = dict(self.flips.get(system, {}))
        for metric, count in flips.items():
            earlier = rates.get(f"{task}/{metric}")
            if earlier is not None and earlier.source != OTHER_BATCHES:
                continue
            before, found = (earlier.items, earlier.flips) if earlier else (0, 0)
            total = before + items
            rate = FlipRate(per_10000=10_000 * (found + count) / total, items=total, source=OTHER_BATCHES)
            rates[f"{task}/{metric}"] = rate
        return self.model_copy(update={"flips": {**self.flips, system: dict(sorted(rates.items()))}})

    def with_judges(self, judges: Mapping[str, LockedJudge]) -> Self:
        """Return the lock with some judges replaced."""
        return self.model_copy(update={"judges": {**self.judges, **judges}})

    def with_strong_weight(self, weight: float) -> Self:
        """Return the lock with another weight of strong verdicts."""
        statistics = self.settings.statistics.model_copy(update={"strong_weight": weight})
        resolved = self.settings.model_copy(update={"statistics": statistics})
        return self.model_copy(update={"experiment": self.experiment.model_copy(update={"resolved": resolved})})


def shard_name(pair: Pair) -> str:
    """Return the name of the shard of a pair's games in :attr:`LockedJudge.shards`."""
    return f"{pair.candidate}--{pair.baseline}/{pair.task}/{pair.language}"
