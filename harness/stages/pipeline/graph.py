"""The stages as a graph: which reads which, and in what order they run."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from polyarena.harness.stages.pipeline.data_stages import (
    ArbitrageStage,
    PoolStage,
    PreferencesStage,
    SafetyStage,
    TranslatedPairsStage,
)
from polyarena.harness.stages.pipeline.schema import AnyStage, Pipeline
from polyarena.harness.stages.pipeline.settings import TrainSettings
from polyarena.harness.stages.pipeline.training_stages import (
    BaseStage,
    DpoStage,
    MergeStage,
    OnlineStage,
    RewardStage,
    SftStage,
)
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import unknown

CHECKPOINTS = ("base", "sft", "dpo", "online", "merge")
ROWS = ("mixture", "arbitrage", "safety")
PAIRS = ("pairs", "preferences", "translated_pairs")
TRAINED = ("sft", "dpo")
"""Stages that can keep checkpoints within their run."""


def ordered(pipeline: Pipeline, until: str | None = None) -> list[AnyStage]:
    """Return the stages in an order in which each comes after its inputs; that of the file where it is free.

    Args:
        pipeline: The pipeline.
        until: Only this stage and what it needs.

    Raises:
        UnknownNameError: There is no stage of this name.
        ExperimentError: Stages depend on one another in a circle.
    """
    stages = {stage.name: stage for stage in pipeline.stages}
    if until is not None and until not in stages:
        raise unknown("stage", until, stages, where=f"{pipeline._path or pipeline.name}, --until")
    sorter = TopologicalSorter({name: stage.inputs for name, stage in stages.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ExperimentError(
            "stages depend on one another in a circle",
            where=pipeline.where_stage(error.args[1][0]),
            why=circle,
            fix="let one of them read another stage",
        ) from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=list(stages).index)
        order += ready
        sorter.done(*ready)
    wanted = set(order) if until is None else _needed(stages, until)
    return [stages[name] for name in order if name in wanted]


def _needed(stages: dict[str, AnyStage], name: str) -> set[str]:
    return {name}.union(*(_needed(stages, other) for other in stages[name].inputs))


def refuse_wrong_references(pipeline: Pipeline) -> None:
    """Refuse references to stages that do not exist, or whose output is of another kind than what is read.

    Raises:
        UnknownNameError: No such stage.
        ExperimentError: A circle, a stage of the wrong kind, or a round of a stage that has no rounds.
    """
    stages = {stage.name: stage for stage in pipeline.stages}
    for index, stage in enumerate(pipeline.stages):
        for key, references, kinds in _wanted(stage):
            for reference in references:
                name, _, part = reference.partition("/")
                where = pipeline.where("stages", index, key)
                if name not in stages:
                    raise unknown("stage", name, stages, where=where)
                other = stages[name]
                if other.type not in kinds:
                    raise ExperimentError(
                        f"{key!r} of the stage {stage.name!r} cannot be {name!r}",
                        where=where,
                        why=f"{name!r} is of type {other.type}",
                        fix=f"name a stage of type {', '.join(kinds)}",
                    )
                rounds = other.rounds if isinstance(other, OnlineStage) else 0
                if part and not 0 < int(part.removeprefix("round-")) <= rounds:
                    raise ExperimentError(
                        f"the stage {name!r} has no {part!r}",
                        where=where,
                        why=f"it has {count_of(rounds, 'round')}",
                        fix=f"name {name!r} alone for its last checkpoint",
                    )
    ordered(pipeline)


def _wanted(stage: AnyStage) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return each key that names stages, with the names and the types that they may have."""
    wanted: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    if isinstance(stage, TrainSettings):
        wanted.append(("model", (stage.model,), CHECKPOINTS))
    if isinstance(stage, SftStage):
        wanted.append(("data", stage.data, ROWS))
        wanted.append(("measure_on", (stage.measure_on,) if stage.measure_on else (), ("mixture",)))
    if isinstance(stage, RewardStage | DpoStage):
        wanted.append(("data", (stage.data,), PAIRS))
    if isinstance(stage, DpoStage | OnlineStage) and stage.reference:
        wanted.append(("reference", (stage.reference,), CHECKPOINTS))
    if isinstance(stage, MergeStage):
        wanted.append(("models", stage.models, CHECKPOINTS))
        wanted.append(("steps_of", (stage.steps_of,) if stage.steps_of else (), TRAINED))
        wanted.append(("search", (stage.search.measure_on,) if stage.search else (), ("mixture",)))
        wanted.append(("base", (stage.base,) if stage.base else (), CHECKPOINTS))
    return [*wanted, *_wanted_of_data(stage)]


def _wanted_of_data(stage: AnyStage) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return the same for stages that ask models, or read what models said."""
    wanted: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    if isinstance(stage, OnlineStage | PoolStage):
        wanted.append(("prompts", (stage.prompts,), ROWS))
        wanted.append(("arbiters", tuple(each.stage for each in stage.arbiters if each.stage), ("reward",)))
    if isinstance(stage, PoolStage):
        wanted.append(("teachers", tuple(each.stage for each in stage.teachers if each.stage), CHECKPOINTS))
    if isinstance(stage, ArbitrageStage | PreferencesStage):
        wanted.append(("pool", (stage.pool,), ("pool",)))
    if isinstance(stage, SafetyStage):
        wanted.append(("prompts", (stage.prompts,), ROWS))
        wanted.append(("rows", (stage.rows,), ROWS))
        wanted.append(("teacher", (stage.teacher.stage,) if stage.teacher.stage else (), CHECKPOINTS))
    if isinstance(stage, TranslatedPairsStage):
        wanted.append(("prompts", (stage.prompts,), ROWS))
        for key in ("strong", "weaker", "translator"):
            teacher = getattr(stage, key).stage
            wanted.append((key, (teacher,) if teacher else (), CHECKPOINTS))
    return wanted


def base_of(pipeline: Pipeline, stage: AnyStage) -> BaseStage | None:
    """Return the base model that a stage's checkpoints come from; ``None`` for a stage that reads no checkpoint."""
    if isinstance(stage, BaseStage):
        return stage
    stages = {each.name: each for each in pipeline.stages}
    return next((found for name in stage.inputs if (found := base_of(pipeline, stages[name]))), None)
