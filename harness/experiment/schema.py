"""The schema of the experiment file; ``polyarena schema`` prints it as JSON Schema for editors."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, PrivateAttr, Tag, model_validator
from pydantic_core import PydanticCustomError

from polyarena.harness.endpoints import EndpointSettings
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
"""Languages: codes, names and facets as in ``polyarena languages --help``."""


RENAMED_KEYS = {"take": "subset", "without": "exclude", "insist": "allow_inadequate"}
"""Keys of earlier drafts of the file, each with the key that took its place."""


class Strict(BaseModel):
    """Base of every part of the file: frozen, and a key that is not known is refused with the known ones at hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    context = {"key": str(key), "known": sorted(cls.model_fields)}
                    raise PydanticCustomError("unknown_key", "unknown key {key}", context)
            # `judges:` with nothing after it means the same as no `judges:`.
            return {key: value for key, value in data.items() if value is not None}
        return data


class SamplingSpec(Strict):
    """How a system's answers are sampled; what is left out comes from the task's card, then from greedy defaults.

    Attributes:
        max_tokens: Longest answer, in tokens of the model; the task's own limit if left out.
        temperature: 0 is greedy.
        top_p: Nucleus; 1 is off.
        stop: Texts that end the answer, beside the model's own end token; the task's own if left out.
        seed: For sampled answers, where the backend has one; repeats add their ``sample_index``.
    """

    max_tokens: Annotated[int, Field(gt=0)] | None = None
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0

    def resolve(self, max_tokens: int, stop: tuple[str, ...]) -> Sampling:
        """Fill in a task's defaults."""
        return Sampling(self.max_tokens or max_tokens, self.temperature, self.top_p, self.stop or stop, self.seed)


DEFAULT_THINKING_BUDGET = 8192
"""Tokens for the thought of a system that is said to think, unless it says how many."""


class ThinkingSpec(Strict):
    """How a system thinks, and how its thought is told from its answer; ``auto``, ``on`` and ``off`` are short forms.

    Whoever sets any of these keys says that the system thinks: it gets a budget beside the limit of its answers.

    Attributes:
        detection: ``auto`` finds thoughts by the marks of the known families, ``off`` takes the whole text as the
            answer; ``marks``, by ``start`` and ``end``, is meant wherever ``end`` is set.
        start: What opens a thought; left out where only the end is marked.
        end: What ends it.
        opened: Whether the prompt opens a thought, so that every text begins inside one. Local models are seen to do
            so; of an endpoint it must be told, or a thought that was cut off is taken for an answer.
        budget: Tokens that the thought may take, beside the ``max_tokens`` of the answer; 8,192 if left out.
        effort: How hard to think, such as ``low``, ``medium`` or ``high``: sent as ``reasoning_effort``, and given to
            the chat templates of local models. ``none`` asks for no thought.
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
            raise PydanticCustomError("marks_and_off", "marks of a thought that is not looked for", {})
        return self

    @property
    def rule(self) -> ThinkingRule:
        """How thoughts are found."""
        detection = Detection.MARKS if self.end is not None else self.detection
        return ThinkingRule(detection, self.start, self.end or "", self.opened)

    @property
    def tokens(self) -> int:
        """The budget of the thought; 0 for a system that is not said to think."""
        if self.budget is not None:
            return self.budget
        asked = self.effort is not None and self.effort != "none"
        return DEFAULT_THINKING_BUDGET if asked or self.end is not None or self.opened else 0


def _thinking_entry(value: Any) -> Any:
    """Let ``auto``, ``on`` and ``off`` stand for a mapping; YAML 1.1 reads the last two as booleans."""
    if value is True or value == "on":
        return {"budget": DEFAULT_THINKING_BUDGET}
    if value is False:
        return {"detection": "off"}
    return {"detection": value} if isinstance(value, str) else value


ShortThinking = Annotated[
    ThinkingSpec,
    BeforeValidator(_thinking_entry, json_schema_input_type=bool | Literal["auto", "on", "off"] | ThinkingSpec),
]


class SystemSpec(Strict):
    """A system: a model plus how it is prompted.

    Attributes:
        name: How it is called in every table.
        model: A model type: ``hf``, ``vllm`` or any other of lm-eval, ``endpoint``, ``completions``, or a plugin's.
        args: The model type's own arguments.
        chat_template: ``true`` for the model's own, ``false`` for none, or the path of a Jinja file.
        system_prompt: Text of the system turn; ``{language}`` becomes the item's language in English,
            ``{autonym}`` its name in itself, and ``{code}`` its code.
        sampling: How answers are sampled.
        samples: Answers per open-ended item.
        thinking: How a reasoning model thinks, and how its thought is told from its answer: ``auto`` (found by the
            marks that model families use), ``on`` (found likewise, with a budget of its own), ``off``, or a mapping.
        fewshot_as_multiturn: Whether few-shot examples are turns of user and model, and not text before the question.
        languages: The languages that the system claims to support; all if left out.
    """

    name: Name
    model: str
    args: dict[str, Any] = {}
    chat_template: bool | str = True
    system_prompt: str | None = None
    sampling: SamplingSpec = SamplingSpec()
    samples: Annotated[int, Field(gt=0)] = 1
    thinking: ShortThinking = ThinkingSpec()
    fewshot_as_multiturn: bool = False
    languages: Selector | None = None

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
    """Prompts of one's own in an experiment; the keys are those of :class:`polyarena.tasks.own_prompts.OwnPrompts`."""


class TaskSpec(Strict):
    """A task to run; a bare name is short for ``{task: name}``.

    ``task: {path: prompts.jsonl}`` makes a task of one's own prompts; it is short for a name and ``prompts``.

    Attributes:
        task: The task's name, as in ``polyarena tasks``.
        prompts: Where the prompts of a task of one's own are, and what they are.
        languages: Which of its languages; the experiment's ``languages`` if left out, else all.
        limit: So many items of each language, the same source items in every language; all if left out.
        subset: Which items a limit selects: ``spread`` over the data, or the ``first`` ones, for example because
            only their answers are stored.
        templates: ``all`` of its prompt templates or those named, each asked as a task of its own; its default one if
            left out.
    """

    task: str
    prompts: PromptsSpec | None = None
    languages: Selector | None = None
    limit: Limit | None = None
    subset: Literal["spread", "first"] = "spread"
    templates: Templates | None = None


class SuiteSpec(Strict):
    """All tasks of a suite, each in the languages that the suite asks it in.

    A task that is also named by itself is asked as it says there.

    Attributes:
        suite: The suite's name, as in ``polyarena tasks coverage --suite``.
        exclude: Tasks of the suite that are not asked, for example because their data are not at hand.
        languages: Which of the suite's languages; the experiment's ``languages`` if left out, else all.
        limit: As of a task, for each of the suite's.
        templates: As of a task, for those of the suite's that have them.
    """

    suite: str
    exclude: tuple[str, ...] = ()
    languages: Selector | None = None
    limit: Limit | None = None
    templates: Templates | None = None


class JudgeSpec(Strict):
    """A judge of the open-ended tasks; a bare name is short for ``{name: name, judge: name}``.

    Attributes:
        name: How it is called in every table and folder.
        judge: A judge type: ``rules``, ``llm``, ``harm``, ``reward``, or a plugin's.
        args: The judge type's own arguments.
        endpoint: The model that an ``llm`` or ``harm`` judge asks.
        repeats: Judgments of each order, each asked and paid for. Of a greedy judge they tell how repeatable its
            endpoint is, and nothing else.
        budget: Most money for this judge in this run folder, in the currency of its prices, which it then needs.
        language_gate: What becomes of an answer identified as another language than was expected: ``judge`` (judged
            and marked), ``loss`` or ``tie`` (neither is judged, so nothing is paid).
    """

    name: Name
    judge: str
    args: dict[str, Any] = {}
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
    """Several judges as one, derived from their games without a further call.

    Attributes:
        name: How it is called in every table and folder.
        judges: Names of two or more judges of the experiment.
        rule: ``majority`` of the verdicts on each game, or their ``mean``.
    """

    name: Name
    judges: Annotated[tuple[str, ...], Field(min_length=2)]
    rule: PanelRule = PanelRule.MAJORITY


class StatisticsSpec(Strict):
    """How numbers and intervals are made.

    Attributes:
        confidence: Nominal coverage of the intervals.
        rounds: Bootstrap rounds.
        seed: Of the bootstrap.
        groupings: What languages are averaged by, beside the average over all: any of ``tier``, ``family``,
            ``script``, ``region``, ``joshi``, ``direction`` and ``set``.
        groups: Further averages, each over the languages of a selector, by the name that it has in tables.
        strong_weight: How many times a verdict with ``>>`` counts among the games of its item; 1 makes it a ``>``.
    """

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    rounds: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    seed: Annotated[int, Field(ge=0)] = 0
    groupings: tuple[str, ...] = ("tier",)
    groups: dict[Annotated[str, Field(min_length=1, max_length=100)], Selector] = {}
    strong_weight: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 1.0


def _named(*keys: str) -> BeforeValidator:
    """Let a bare name stand for a mapping that has the name under each of ``keys``."""
    return BeforeValidator(
        lambda value: dict.fromkeys(keys, value) if isinstance(value, str) else value, json_schema_input_type=str | dict
    )


A_TASK, A_SUITE = "(task)", "(suite)"
"""Which of the two an entry of ``tasks`` is; in brackets, so that messages can tell them from keys."""


def _task_or_suite(value: Any) -> str:
    """Return which of the two an entry is; what is neither is refused as a task."""
    suite = value.get("suite") is not None if isinstance(value, Mapping) else isinstance(value, SuiteSpec)
    return A_SUITE if suite else A_TASK


def _own_prompts(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let what an entry says of own prompts under ``task`` stand for a name and ``prompts``."""
    if not isinstance(value.get("task"), Mapping | PromptsSpec):
        return value
    prompts = value["task"]
    named = prompts.model_dump() if isinstance(prompts, PromptsSpec) else prompts
    name = task_name(*(str(named.get(key) or "") for key in ("name", "path", "dataset")))
    return {**value, "task": name, "prompts": prompts}


def _task_entry(value: Any) -> Any:
    """Let a bare name stand for a task, and refuse an entry that names both a task and a suite, or neither."""
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
            raise PydanticCustomError("no_task", "a task or a suite is wanted here", {})
    return value


TaskOrSuite = Annotated[
    Annotated[TaskSpec, Tag(A_TASK)] | Annotated[SuiteSpec, Tag(A_SUITE)], Discriminator(_task_or_suite)
]
ShortTask = Annotated[TaskOrSuite, BeforeValidator(_task_entry, json_schema_input_type=str | TaskOrSuite)]
ShortJudge = Annotated[JudgeSpec, _named("name", "judge")]


class Experiment(Strict):
    """The whole file.

    Attributes:
        name: Names the run folder, ``runs/<name>`` unless ``output`` says otherwise.
        systems: At least one.
        baseline: The system that all others are compared with in the judged tasks.
        tasks: Tasks and suites, at least one.
        languages: For all tasks that do not choose their own.
        allow_inadequate: Metrics to score even where they are inadequate for a language; such numbers are flagged.
        judges: Judges of the open-ended tasks.
        panels: Judges taken together.
        statistics: How numbers and intervals are made.
        budget: Most money for all endpoints in this run folder; each of them then needs prices, in one currency.
        data_root: Folder of a local mirror of the hub; relative to the file. ``POLYARENA_DATA`` if left out.
        output: The run folder; relative to the file.
        cache: The call cache; relative to the file. ``POLYARENA_CACHE`` if left out, else beside the run folders.
    """

    name: Name
    systems: Annotated[tuple[SystemSpec, ...], Field(min_length=1)]
    baseline: str | None = None
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
        """A budget of the whole experiment needs prices wherever money is spent; systems are checked when planning."""
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

    def where(self, *location: str | int) -> str:
        """Return ``file:line`` of a part, or its dotted name when there is no file."""
        dotted = ".".join(str(part) for part in location)
        if self._path is None:
            return dotted
        probe = location
        while probe and probe not in self._lines:
            probe = probe[:-1]
        return f"{self._path}:{self._lines.get(probe, 1)} ({dotted})" if dotted else str(self._path)

    def system(self, name: str) -> SystemSpec:
        """Return the system of this name."""
        return next(system for system in self.systems if system.name == name)
