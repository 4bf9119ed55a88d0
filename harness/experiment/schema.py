"""The schema of the experiment file; ``polyarena schema`` prints it as JSON Schema for editors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from polyarena.harness.endpoints import EndpointSettings
from polyarena.tasks.sampling import Sampling

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
"""Names become folders: letters, digits, dot, underscore and hyphen."""

Selector = str | tuple[str, ...]
"""Languages: codes, names and facets as in ``polyarena languages --help``."""


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
            # `judges:` with nothing after it is as good as no `judges:`.
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
        languages: The languages that the system claims to support; all if left out.
    """

    name: Name
    model: str
    args: dict[str, Any] = {}
    chat_template: bool | str = True
    system_prompt: str | None = None
    sampling: SamplingSpec = SamplingSpec()
    samples: Annotated[int, Field(gt=0)] = 1
    languages: Selector | None = None

    @model_validator(mode="after")
    def _greedy_samples_once(self) -> Self:
        if self.samples > 1 and self.sampling.temperature == 0:
            raise PydanticCustomError(
                "greedy_samples", "samples > 1 needs a temperature above 0: greedy answers are all the same", {}
            )
        return self


class TaskSpec(Strict):
    """A task to run; a bare name is short for ``{task: name}``.

    Attributes:
        task: The task's name, as in ``polyarena tasks``.
        languages: Which of its languages; the experiment's ``languages`` if left out, else all.
        limit: Only the first so many items of each language; all if left out.
    """

    task: str
    languages: Selector | None = None
    limit: Annotated[int, Field(gt=0, le=10**9)] | None = None


class JudgeSpec(Strict):
    """A judge of the open-ended tasks; a bare name is short for ``{name: name, judge: name}``.

    Attributes:
        name: How it is called in every table and folder.
        judge: A judge type: ``rules``, ``llm``, or a plugin's.
        args: The judge type's own arguments.
        endpoint: The model that an ``llm`` judge asks.
        repeats: Judgments of each order.
    """

    name: Name
    judge: str
    args: dict[str, Any] = {}
    endpoint: EndpointSettings | None = None
    repeats: Annotated[int, Field(gt=0)] = 1


class StatisticsSpec(Strict):
    """How intervals are made.

    Attributes:
        confidence: Nominal coverage of the intervals.
        rounds: Bootstrap rounds.
        seed: Of the bootstrap.
    """

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    rounds: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    seed: Annotated[int, Field(ge=0)] = 0


def _named(*keys: str) -> BeforeValidator:
    """Let a bare name stand for a mapping that has the name under each of ``keys``."""
    return BeforeValidator(
        lambda value: dict.fromkeys(keys, value) if isinstance(value, str) else value, json_schema_input_type=str | dict
    )


ShortTask = Annotated[TaskSpec, _named("task")]
ShortJudge = Annotated[JudgeSpec, _named("name", "judge")]


class Experiment(Strict):
    """The whole file.

    Attributes:
        name: Names the run folder, ``runs/<name>`` unless ``output`` says otherwise.
        systems: At least one.
        baseline: The system that all others are compared with in the judged tasks.
        tasks: At least one.
        languages: For all tasks that do not choose their own.
        judges: Judges of the open-ended tasks.
        statistics: How intervals are made.
        data_root: Folder of a local mirror of the hub; relative to the file. ``POLYARENA_DATA`` if left out.
        output: The run folder; relative to the file.
        cache: The call cache; relative to the file. ``POLYARENA_CACHE`` if left out, else beside the run folders.
    """

    name: Name
    systems: Annotated[tuple[SystemSpec, ...], Field(min_length=1)]
    baseline: str | None = None
    tasks: Annotated[tuple[ShortTask, ...], Field(min_length=1)]
    languages: Selector | None = None
    judges: tuple[ShortJudge, ...] = ()
    statistics: StatisticsSpec = StatisticsSpec()
    data_root: str | None = None
    output: str | None = None
    cache: str | None = None

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
