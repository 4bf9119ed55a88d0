"""The schema of the pipeline file; ``polyarena schema --pipeline`` prints it as JSON Schema for editors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag
from pydantic_core import PydanticCustomError

from polyarena.harness.experiment.schema import Money, Name
from polyarena.harness.experiment.strict import Strict
from polyarena.harness.stages.pipeline.data_stages import (
    ArbitrageStage,
    MixtureStage,
    PairsStage,
    PoolStage,
    PreferencesStage,
    SafetyStage,
    TranslatedPairsStage,
)
from polyarena.harness.stages.pipeline.training_stages import (
    BaseStage,
    DpoStage,
    MergeStage,
    OnlineStage,
    RewardStage,
    SftStage,
)

STAGE_TYPES = {
    "base": BaseStage,
    "mixture": MixtureStage,
    "pool": PoolStage,
    "arbitrage": ArbitrageStage,
    "pairs": PairsStage,
    "preferences": PreferencesStage,
    "translated_pairs": TranslatedPairsStage,
    "safety": SafetyStage,
    "sft": SftStage,
    "reward": RewardStage,
    "dpo": DpoStage,
    "online": OnlineStage,
    "merge": MergeStage,
}
"""The types of stages, by the value of ``type``."""


def _known_type(value: Any) -> Any:
    """Refuse an entry whose type does not exist."""
    if isinstance(value, Mapping) and str(value.get("type")) not in STAGE_TYPES:
        if "type" not in value:
            raise PydanticCustomError("no_stage_type", "the key 'type' is missing", {})
        context = {"kind": "stage type", "key": "type", "value": str(value["type"]), "known": sorted(STAGE_TYPES)}
        raise PydanticCustomError("unknown_value", "unknown stage type {value}", context)
    return value


def _type_of(value: Any) -> str:
    named = value.get("type") if isinstance(value, Mapping) else getattr(value, "type", None)
    return f"({named if str(named) in STAGE_TYPES else 'base'})"


# In brackets, so that messages can tell the tags of pydantic from keys.
AnyStage = Annotated[
    Annotated[BaseStage, Tag("(base)")]
    | Annotated[MixtureStage, Tag("(mixture)")]
    | Annotated[PoolStage, Tag("(pool)")]
    | Annotated[ArbitrageStage, Tag("(arbitrage)")]
    | Annotated[PairsStage, Tag("(pairs)")]
    | Annotated[PreferencesStage, Tag("(preferences)")]
    | Annotated[TranslatedPairsStage, Tag("(translated_pairs)")]
    | Annotated[SafetyStage, Tag("(safety)")]
    | Annotated[SftStage, Tag("(sft)")]
    | Annotated[RewardStage, Tag("(reward)")]
    | Annotated[DpoStage, Tag("(dpo)")]
    | Annotated[OnlineStage, Tag("(online)")]
    | Annotated[MergeStage, Tag("(merge)")],
    Discriminator(_type_of),
]


class HardwareSettings(Strict):
    """The machine: what stages run on, and what the dry run computes times from.

    Attributes:
        device: ``cpu`` or ``cuda``; what training runs on.
        memory_gib: Of the device.
        peak_tflops: Dense peak of the device in the type that is computed in, such as 989 for an H100 in bfloat16.
        utilization: Share of the peak that training reaches.
        generation_utilization: Share of the peak that sampling reaches.
        threads: Threads of torch on a processor; part of the key of every stage that loads a model, as it can change
            sums.
        processes: Processes that share the training of each `sft`, `reward` and `dpo` stage, one for each GPU; part of
            the key of these stages.
    """

    device: Literal["cpu", "cuda"] = "cpu"
    memory_gib: Annotated[float, Field(gt=0)] | None = None
    peak_tflops: Annotated[float, Field(gt=0)] | None = None
    utilization: Annotated[float, Field(gt=0, le=1)] = 0.35
    generation_utilization: Annotated[float, Field(gt=0, le=1)] = 0.05
    threads: Annotated[int, Field(gt=0)] = 2
    processes: Annotated[int, Field(gt=0)] = 1


class Pipeline(Strict):
    """The whole file.

    Attributes:
        name: Name of the pipeline and of its folder, ``training/<name>`` unless ``output`` is set.
        stages: The stages; they run in the order of their inputs.
        seed: Of everything that is drawn.
        hardware: The machine.
        data_root: Folder of a local mirror of the hub, relative to the file. If left out: ``POLYARENA_DATA``.
        output: The folder of all stages, relative to the file.
        budget: Most money that teachers behind endpoints may cost in this folder; their endpoints then need `prices`.
        cache: File of the call cache, relative to the file. If left out: ``POLYARENA_CACHE``, else one in the folder.
    """

    name: Name
    stages: Annotated[
        tuple[Annotated[AnyStage, BeforeValidator(_known_type, json_schema_input_type=AnyStage)], ...],
        Field(min_length=1),
    ]
    seed: Annotated[int, Field(ge=0)] = 0
    hardware: HardwareSettings = HardwareSettings()
    data_root: str | None = None
    output: str | None = None
    budget: Money | None = None
    cache: str | None = None

    _path: Path | None = PrivateAttr(default=None)
    _lines: Mapping[tuple[str | int, ...], int] = PrivateAttr(default_factory=dict)

    @property
    def base(self) -> Path:
        """The folder that relative paths start from."""
        return self._path.parent if self._path else Path.cwd()

    @property
    def folder(self) -> Path:
        """The folder of all stages."""
        return (self.base / Path(self.output or f"training/{self.name}").expanduser()).absolute()

    def where(self, *location: str | int) -> str:
        """Return ``file:line`` of a part, or its dotted name when there is no file."""
        dotted = ".".join(str(part) for part in location)
        if self._path is None:
            return dotted
        probe = location
        while probe and probe not in self._lines:
            probe = probe[:-1]
        return f"{self._path}:{self._lines.get(probe, 1)} ({dotted})" if dotted else str(self._path)

    def where_stage(self, name: str, *location: str | int) -> str:
        """Return ``file:line`` of a stage or a part of it."""
        return self.where("stages", [stage.name for stage in self.stages].index(name), *location)
