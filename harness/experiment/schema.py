"""The schema of the experiment file; ``polyarena schema`` prints it as JSON Schema for editors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.experiment.games import GamesBudget, ShortStopRule
from polyarena.harness.experiment.server import LOCAL_SERVER, ShortServer
from polyarena.harness.experiment.strict import Strict
from polyarena.judges.language_gate import GatePolicy
from polyarena.judges.panels import PanelRule
from polyarena.tasks.own_prompts import OwnPrompts, task_name
from polyarena.tasks.sampling import Sampling
from polyarena.tasks.thinking import Detection, ThinkingRule

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
"""Names become folders: letters, digits, dot, underscore and hyphen."""

Money = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
"""An amount, exact."""

Selector = str | tuple[str, ...]
"""One selector of languages, or several; the grammar is in :mod:`polyarena.tasks.languages.selection`."""


class SamplingSpec(Strict):
    """How a system's answers are sampled. Missing values come from the task's card, else from greedy defaults.

    Attributes:
        max_tokens: Longest answer, in tokens of the model; the task's limit if left out.
        temperature: 0 is greedy.
        top_p: Nucleus sampling; 1 turns it off.
        stop: Texts that end the answer, in addition to the model's end token; those of the task if left out.
        seed: Seed for sampled answers, if the backend takes one; each repeat adds its ``sample_index``.
    """

    max_tokens: Annotated[int, Field(gt=0)] | None = None
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0

    def resolve(self, max_tokens: int, stop: tuple[str, ...]) -> Sampling:
        """Return the sampling of a task: the values set here, else the task's ``max_tokens`` and ``stop``."""
        return Sampling(self.max_tokens or max_tokens, self.temperature, self.top_p, self.stop or stop, self.seed)


DEFAULT_THINKING_BUDGET = 8192
"""Token budget for the thought of a system that is set to think and has no ``budget`` of its own."""


class ThinkingSpec(Strict):
    """How a system thinks, and how its thought is separated from its answer.

    ``auto``, ``on`` and ``off`` are short forms. A system with an ``effort``, an ``end`` or ``opened`` is set to think:
    it gets a token budget for the thought in addition to the limit of its answers.

    Attributes:
        detection: ``auto`` finds thoughts by the marks of the known model families; ``off`` takes the whole text as
            the answer; ``marks`` uses ``start`` and ``end``, and is implied if ``end`` is set.
        start: Mark that opens a thought; leave it out if only the end is marked.
        end: Mark that ends a thought.
        opened: Whether the prompt opens a thought, so that every text begins inside one. For local models polyarena
            detects this; for an endpoint you must set it, or a thought that was cut off is taken for an answer.
        budget: Most tokens of the thought, in addition to the ``max_tokens`` of the answer; 8,192 if left out.
        effort: How hard to think, such as ``low``, ``medium`` or ``high``: sent as ``reasoning_effort``, and passed to
            the chat templates of local models. ``none`` turns thinking off.
    """

    detection: Detection = Detection.AUTO
    start: Annotated[str, Field(min_length=1)] | None = None
    end: Annotated[str, Field(min_length=1)] | None = None
    opened: bool = False
    budget: Annotated[int, Field(ge=0, le=10**7)] | None = None
    effort: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=40)] | None = None

    @model_validator(mode="after")
    def _marks_fit(self) -> Self:
        if self.end is None and (self.start is not None or self.detection is Detection.MARKS):
            raise PydanticCustomError("no_end_mark", "the end of a thought needs a mark", {})
        if self.detection is Detection.OFF and (self.end is not None or self.opened):
            raise PydanticCustomError("marks_and_off", "marks of a thought, with detection turned off", {})
        return self

    @property
    def rule(self) -> ThinkingRule:
        """The rule by which thoughts are found."""
        detection = Detection.MARKS if self.end is not None else self.detection
        return ThinkingRule(detection, self.start, self.end or "", self.opened)

    @property
    def tokens(self) -> int:
        """The token budget of the thought; 0 for a system that is not set to think."""
        if self.budget is not None:
            return self.budget
        asked = self.effort is not None and self.effort != "none"
        return DEFAULT_THINKING_BUDGET if asked or self.end is not None or self.opened else 0


def _thinking_entry(value: Any) -> Any:
    """Expand ``auto``, ``on`` and ``off`` to a mapping; YAML 1.1 reads the last two as booleans."""
    if value is True or value == "on":
        return {"budget": DEFAULT_THINKING_BUDGET}
    if value is False:
        return {"detection": "off"}
    if isinstance(value, str) and value not in tuple(Detection):
        raise PydanticCustomError("one_of", "unknown value of thinking", {"expected": "'auto', 'on', 'off'"})
    return {"detection": value} if isinstance(value, str) else value


ShortThinking = Annotated[
    ThinkingSpec,
    BeforeValidator(_thinking_entry, json_schema_input_type=bool | Literal["auto", "on", "off"] | ThinkingSpec),
]


class SystemSpec(Strict):
    """A system: a model plus how it is prompted.

    Attributes:
        name: Its name in tables and folders.
        model: A model type: ``hf``, ``vllm`` or any other of lm-eval, ``endpoint``, ``completions``, or a plugin's.
        args: The arguments of the model type.
        server: A server that is started for the system; its answers are cached by engine, model and arguments.
        chat_template: ``true`` for the model's own template, ``false`` for none, or the path of a Jinja file.
        system_prompt: Text of the system turn; ``{language}`` becomes the English name of the item's language,
            ``{autonym}`` its name in the language itself, and ``{code}`` its code.
        sampling: How answers are sampled.
        samples: Number of answers to each open-ended item.
        thinking: How a reasoning model thinks, and how its thought is separated from its answer: ``auto`` (found by
            the marks that model families use), ``on`` (likewise, with a token budget), ``off``, or a mapping.
        fewshot_as_multiturn: Whether few-shot examples are turns of user and model instead of text before the question.
        languages: The languages that the system supports; all if left out.
        group: Name of a group of systems that are training seeds of one recipe. A report has the group as one system,
            with the mean over its seeds, and an interval with the variation between seeds and that of items.
        seen: What of each task was in its training data, where you know it: ``none``, the ``task`` (other data of the
            kind, such as its training split), or its ``items``.
    """

    name: Name
    model: str
    args: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies defaults
    server: ShortServer | None = None
    chat_template: bool | str = True
    system_prompt: str | None = None
    sampling: SamplingSpec = SamplingSpec()
    samples: Annotated[int, Field(gt=0)] = 1
    thinking: ShortThinking = ThinkingSpec()
    fewshot_as_multiturn: bool = False
    languages: Selector | None = None
    group: Name | None = None
    seen: dict[str, Literal["none", "task", "items"]] = {}  # noqa: RUF012 - pydantic copies defaults

    @model_validator(mode="after")
    def _server_of_an_endpoint(self) -> Self:
        """Check that a server is for an endpoint without an address of its own, and name its answers by what it is."""
        if self.server is None:
            return self
        taken = sorted({"base_url", "identity"} & self.args.keys())
        if self.model != "endpoint" or (taken and self.args.get("base_url") != LOCAL_SERVER):
            what = "is for the model type `endpoint`" if self.model != "endpoint" else f"excludes `{taken[0]}`"
            raise PydanticCustomError(
                "server", "`server` {what}: the run starts it and knows its address", {"what": what}
            )
        shown = self.server.model_dump(mode="json", exclude={"command", "wait_s"}, exclude_defaults=True)
        identity = json.dumps({"server": shown}, sort_keys=True, ensure_ascii=False)
        object.__setattr__(self, "args", {**self.args, "base_url": LOCAL_SERVER, "identity": identity})
        return self

    @model_validator(mode="after")
    def _greedy_samples_once(self) -> Self:
        if self.samples > 1 and self.sampling.temperature == 0:
            raise PydanticCustomError(
                "greedy_samples", "samples > 1 needs a temperature above 0: greedy answers are all the same", {}
            )
        return self


Templates = str | tuple[str, ...]
"""Prompt templates: ``all``, a name, or a list of names."""

Limit = Annotated[int, Field(gt=0, le=10**9)]


class PromptsSpec(OwnPrompts, Strict):
    """Your own prompts in an experiment; the keys are those of :class:`polyarena.tasks.own_prompts.OwnPrompts`."""


class TaskSpec(Strict):
    """A task to run; a bare name is short for ``{task: name}``.

    ``task: {path: prompts.jsonl}`` makes a task of your own prompts; it is short for a name and ``prompts``.

    Attributes:
        task: The task's name, as in ``polyarena tasks``.
        prompts: File or data set of your own prompts, with its columns, metrics and card.
        languages: Which of its languages to run; the experiment's ``languages`` if left out, else all.
        limit: Number of items per language, the same source items in every language; all if left out.
        subset: Which items a limit selects: ``spread`` over the data, or the ``first`` ones, for example because
            only their answers are stored.
        templates: ``all`` prompt templates or the named ones, each run as a separate task; the default template if
            left out.
        split: The split of the data set; the one of the task's card if left out.
        shots: Number of solved examples before each question; selects among the task's templates.
        aggregate: What is reported over several templates: ``median`` or ``mean``; both if left out.
    """

    task: str
    prompts: PromptsSpec | None = None
    languages: Selector | None = None
    limit: Limit | None = None
    subset: Literal["spread", "first"] = "spread"
    templates: Templates | None = None
    split: Annotated[str, Field(min_length=1)] | None = None
    shots: Annotated[int, Field(ge=0)] | None = None
    aggregate: Literal["median", "mean"] | None = None


class SuiteSpec(Strict):
    """All tasks of a suite, each in the languages that the suite lists for it, and asked as the suite says.

    An entry for a single task overrides what the suite says of that task.

    Attributes:
        suite: The suite's name, as in ``polyarena tasks coverage --suite``.
        exclude: Tasks of the suite to leave out, for example because you do not have their data.
        languages: Which of the suite's languages to run; the experiment's ``languages`` if left out, else all.
        limit: Number of items per language, for each task of the suite; all if left out.
        templates: ``all`` prompt templates or the named ones, for the tasks of the suite that have them.
    """

    suite: str
    exclude: tuple[str, ...] = ()
    languages: Selector | None = None
    limit: Limit | None = None
    templates: Templates | None = None


class JudgeSpec(Strict):
    """A judge of the open-ended tasks; a bare name is short for ``{name: name, judge: name}``.

    Attributes:
        name: Its name in tables and folders.
        judge: A judge type: ``rules``, ``llm``, ``harm``, ``reward``, or a plugin's.
        args: The arguments of the judge type.
        endpoint: The model that an ``llm`` or ``harm`` judge asks.
        repeats: Number of judgments of each order, each requested and paid for separately. For a greedy judge, repeats
            only measure how repeatable its endpoint is.
        budget: Most money that this judge may spend in this run folder, in the currency of its ``prices``, which are
            then required.
        language_gate: What happens to an answer in another language than expected: ``judge`` (it is judged and
            marked), ``loss`` or ``tie`` (the outcome is set without judging, so nothing is paid).
    """

    name: Name
    judge: str
    args: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies defaults
    endpoint: EndpointSettings | None = None
    repeats: Annotated[int, Field(gt=0)] = 1
    budget: Money | None = None
    language_gate: GatePolicy = GatePolicy.JUDGE

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.budget is not None and (self.endpoint is None or self.endpoint.prices is None):
            raise PydanticCustomError("no_prices", "a budget needs `prices` in the endpoint of this judge", {})
        return self


class PanelSpec(Strict):
    """Several judges combined into one, from their stored games and without further calls.

    Attributes:
        name: Its name in tables and folders.
        judges: Names of two or more judges of the experiment.
        rule: ``majority`` of the verdicts on each game, or their ``mean``.
    """

    name: Name
    judges: Annotated[tuple[str, ...], Field(min_length=2)]
    rule: PanelRule = PanelRule.MAJORITY


class StatisticsSpec(Strict):
    """How numbers and intervals are computed.

    Attributes:
        confidence: Nominal coverage of the intervals.
        rounds: Number of bootstrap rounds.
        seed: Seed of the bootstrap.
        groupings: Properties of languages to average by, in addition to the average over all languages: any of
            ``tier``, ``family``, ``script``, ``region``, ``joshi``, ``direction`` and ``set``.
        groups: Further averages: the name of each in tables, and a selector of its languages.
        averages: The languages of a task that are averaged: ``all``, or only the ``native`` ones, whose items were
            written in the language. Single languages are reported in both cases.
        strong_weight: How many times a verdict with ``>>`` counts among the games of its item; with 1 it counts as
            ``>``.
    """

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    rounds: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    seed: Annotated[int, Field(ge=0)] = 0
    groupings: tuple[str, ...] = ("tier",)
    groups: dict[Annotated[str, Field(min_length=1, max_length=100)], Selector] = {}  # noqa: RUF012
    averages: Literal["all", "native"] = "all"
    strong_weight: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 1.0


def _named(*keys: str) -> BeforeValidator:
    """Expand a bare name to a mapping that has the name under each of ``keys``."""
    return BeforeValidator(
        lambda value: dict.fromkeys(keys, value) if isinstance(value, str) else value, json_schema_input_type=str | dict
    )


A_TASK, A_SUITE = "(task)", "(suite)"
"""The two kinds of entries of ``tasks``; in brackets, so that messages can distinguish them from keys."""


def _task_or_suite(value: Any) -> str:
    """Return the kind of an entry; one that is neither is validated, and refused, as a task."""
    suite = value.get("suite") is not None if isinstance(value, Mapping) else isinstance(value, SuiteSpec)
    return A_SUITE if suite else A_TASK


def _own_prompts(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Expand a mapping under ``task``, which describes your own prompts, to a name and ``prompts``."""
    if not isinstance(value.get("task"), Mapping | PromptsSpec):
        return value
    prompts = value["task"]
    named = prompts.model_dump() if isinstance(prompts, PromptsSpec) else prompts
    name = task_name(*(str(named.get(key) or "") for key in ("name", "path", "dataset")))
    return {**value, "task": name, "prompts": prompts}


def _task_entry(value: Any) -> Any:
    """Expand a bare name to a task; refuse an entry that names both a task and a suite, or neither."""
    if isinstance(value, str):
        value = {"task": value}
    if isinstance(value, Mapping):
        value = _own_prompts(value)
        named = [key for key in ("task", "suite") if value.get(key) not in (None, "")]
        known = sorted({*TaskSpec.model_fields, *SuiteSpec.model_fields})
        strange = [str(key) for key in value if key not in known]
        if len(named) == 2:
            raise PydanticCustomError("task_and_suite", "a task and a suite at once", {})
        if not named and strange:
            raise PydanticCustomError("unknown_key", "unknown key {key}", {"key": strange[0], "known": known})
        if not named:
            raise PydanticCustomError("no_task", "expected a task or a suite", {})
    return value


TaskOrSuite = Annotated[
    Annotated[TaskSpec, Tag(A_TASK)] | Annotated[SuiteSpec, Tag(A_SUITE)], Discriminator(_task_or_suite)
]
ShortTask = Annotated[TaskOrSuite, BeforeValidator(_task_entry, json_schema_input_type=str | TaskOrSuite)]
ShortJudge = Annotated[JudgeSpec, _named("name", "judge")]


def _opponents_form(value: Any) -> str:
    """Return which form of ``opponents`` a value is meant to have."""
    if isinstance(value, Mapping | GamesBudget):
        return A_BUDGET
    return ALL_PAIRS if isinstance(value, str) else SOME_PAIRS


ALL_PAIRS, SOME_PAIRS, A_BUDGET = "(all)", "(pairs)", "(budget)"
"""The forms of ``opponents``; in brackets, so that messages can tell them from keys."""

PairOfNames = Annotated[tuple[Name, ...], Field(min_length=2, max_length=2)]

Opponents = Annotated[
    Annotated[Literal["all"], Tag(ALL_PAIRS)]
    | Annotated[tuple[PairOfNames, ...], Field(min_length=1), Tag(SOME_PAIRS)]
    | Annotated[GamesBudget, Tag(A_BUDGET)],
    Discriminator(_opponents_form),
]


class Experiment(Strict):
    """The whole file.

    Attributes:
        name: Name of the experiment and of its run folder, ``runs/<name>`` unless ``output`` is set.
        systems: The systems to evaluate, at least one.
        baseline: The system that all others are compared with in the judged tasks.
        opponents: Which pairs of systems the judges compare; every system with the baseline if left out. ``all`` pairs,
            a list of pairs such as ``[[a, b], [a, c]]``, or a budget such as ``{games: 20000}`` that is spent where
            ratings are uncertain.
        stop_when: ``decided`` ends the judging of a pair as soon as it is clear which system wins; a mapping sets
            steps, confidence, or a gate whose checks must be decided.
        tasks: Tasks and suites, at least one.
        languages: The languages of all tasks that do not set their own.
        allow_inadequate: Metrics to compute even in languages for which they are inadequate; such numbers are flagged.
        judges: Judges of the open-ended tasks.
        panels: Judges that combine several judges.
        statistics: How numbers and intervals are computed.
        budget: Most money that all endpoints together may spend in this run folder; each endpoint then needs prices,
            all in one currency.
        data_root: Folder of a local mirror of the hub, relative to the file. If left out: ``POLYARENA_DATA``.
        output: The run folder, relative to the file.
        cache: File of the call cache, relative to the file. If left out: ``POLYARENA_CACHE``, else a file beside the
            run folders.
    """

    name: Name
    systems: Annotated[tuple[SystemSpec, ...], Field(min_length=1)]
    baseline: str | None = None
    opponents: Opponents | None = None
    stop_when: ShortStopRule | None = None
    tasks: Annotated[tuple[ShortTask, ...], Field(min_length=1)]
    languages: Selector | None = None
    allow_inadequate: tuple[str, ...] = ()
    judges: tuple[ShortJudge, ...] = ()
    panels: tuple[PanelSpec, ...] = ()
    statistics: StatisticsSpec = StatisticsSpec()
    budget: Money | None = None
    data_root: str | None = None
    output: str | None = None
    cache: str | None = None

    @model_validator(mode="after")
    def _all_priced(self) -> Self:
        """Check that every judge's endpoint has prices if there is a budget; planning checks the systems."""
        unpriced = [judge.name for judge in self.judges if judge.endpoint and judge.endpoint.prices is None]
        if self.budget is not None and unpriced:
            raise PydanticCustomError(
                "no_prices", "a budget needs `prices` for every endpoint; {name} has none", {"name": unpriced[0]}
            )
        currencies = {
            judge.endpoint.prices.currency for judge in self.judges if judge.endpoint and judge.endpoint.prices
        }
        if self.budget is not None and len(currencies) > 1:
            raise PydanticCustomError(
                "two_currencies",
                "a budget needs the `prices` of every endpoint in one currency, not in {names}",
                {"names": " and ".join(sorted(currencies))},
            )
        return self

    _path: Path | None = PrivateAttr(default=None)
    _lines: Mapping[tuple[str | int, ...], int] = PrivateAttr(default_factory=dict)

    @property
    def base(self) -> Path:
        """The folder that relative paths start from."""
        return self._path.parent if self._path else Path.cwd()

    @property
    def path(self) -> Path | None:
        """The file it was read from."""
        return self._path

    def located(self, path: Path) -> Self:
        """Return the same experiment as if it was read from this file, which relative paths start from."""
        copy = self.model_copy()
        copy._path, copy._lines = path, {}
        return copy

    def where(self, *location: str | int) -> str:
        """Return ``file:line`` of a part, or its dotted name when there is no file."""
        dotted = ".".join(str(part) for part in location)
        if self._path is None:
            return dotted
        probe = location
        while probe and probe not in self._lines:
            probe = probe[:-1]
        return f"{self._path}:{self._lines.get(probe, 1)} ({dotted})" if dotted else str(self._path)

    @property
    def seed_groups(self) -> dict[str, tuple[str, ...]]:
        """The systems of each group of seeds, in their order."""
        groups: dict[str, tuple[str, ...]] = {}
        for system in self.systems:
            if system.group is not None:
                groups[system.group] = (*groups.get(system.group, ()), system.name)
        return groups

    def system(self, name: str) -> SystemSpec:
        """Return the system of this name."""
        return next(system for system in self.systems if system.name == name)
