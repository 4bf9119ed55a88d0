"""Loads the pipeline file; every error names the file, the line and the fix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from polyarena.harness.experiment.load import explain_validation, read_mapping
from polyarena.harness.experiment.problems import Problems
from polyarena.harness.stages.pipeline.data_stages import ArbitrageStage, PoolStage
from polyarena.harness.stages.pipeline.graph import refuse_wrong_references
from polyarena.harness.stages.pipeline.schema import Pipeline
from polyarena.harness.stages.pipeline.training_stages import MergeStage, OnlineStage
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import unknown


def load_pipeline(source: str | Path | Mapping[str, Any]) -> Pipeline:
    """Read a pipeline from a YAML file, or from a mapping with the same keys.

    Raises:
        ExperimentError: The file is missing or not YAML, a key is unknown or missing, a value has the wrong type, a
            name appears twice, or stages depend on one another in a circle.
        UnknownNameError: A stage names another that does not exist.
    """
    if isinstance(source, Mapping):
        return _validated(dict(source), {}, None)
    path = Path(source)
    return _validated(*read_mapping(path, "pipeline", "examples/stages-mini.yaml"), path)


def _validated(data: dict[str, Any], lines: Mapping[tuple[str | int, ...], int], path: Path | None) -> Pipeline:
    try:
        pipeline = Pipeline.model_validate(data)
    except ValidationError as error:
        raise explain_validation(error, lines, path) from None
    pipeline._path = path
    pipeline._lines = lines
    problems = Problems()
    for check in (_refuse_double_names, refuse_wrong_references, _refuse_teachers, _refuse_weights, _refuse_arbiters):
        problems.attempt(check, pipeline)
    problems.raise_all()
    return pipeline


def _refuse_double_names(pipeline: Pipeline) -> None:
    # Names become folders, and some file systems ignore letter case.
    folded = [stage.name.casefold() for stage in pipeline.stages]
    for index, name in enumerate(folded):
        if name in folded[:index]:
            raise ExperimentError(
                f"{pipeline.stages[index].name!r} appears twice under stages",
                where=pipeline.where("stages", index),
                fix="give each stage its own name",
            )


def _refuse_teachers(pipeline: Pipeline) -> None:
    """Refuse a teacher that is nothing or several things, two of one name, and routers that name none of the pool."""
    for index, stage in enumerate(pipeline.stages):
        if isinstance(stage, PoolStage):
            names: list[str] = []
            for at, teacher in enumerate(stage.teachers):
                where = pipeline.where("stages", index, "teachers", at)
                sources = [name for name in ("stage", "model", "people") if getattr(teacher, name)]
                if len(sources) != 1:
                    given = " and ".join(sources) or "none of them"
                    raise ExperimentError(
                        f"the teacher {teacher.name!r} needs one of stage, model and people, and has {given}",
                        where=where,
                        fix="write `stage: NAME`, `model: TYPE` with `args`, or `people: true`",
                    )
                if teacher.name in names:
                    raise ExperimentError(f"the teacher {teacher.name!r} appears twice", where=where)
                names.append(teacher.name)
        if isinstance(stage, ArbitrageStage):
            _refuse_router(pipeline, index, stage)


def _refuse_router(pipeline: Pipeline, index: int, stage: ArbitrageStage) -> None:
    pool = next((each for each in pipeline.stages if each.name == stage.pool), None)
    known = [teacher.name for teacher in pool.teachers] if isinstance(pool, PoolStage) else []
    where = pipeline.where("stages", index)
    if stage.router == "single" and stage.teacher is None:
        raise ExperimentError("the router 'single' needs a teacher", where=where, fix=f"one of {', '.join(known)}")
    if stage.router == "fixed" and not stage.by_language:
        raise ExperimentError("the router 'fixed' needs `by_language`", where=where)
    for name in (*((stage.teacher,) if stage.teacher else ()), *stage.by_language.values()):
        if known and name not in known:
            raise unknown("teacher", name, known, where=where)


def _refuse_weights(pipeline: Pipeline) -> None:
    """Refuse merges whose weights do not fit their models."""
    for index, stage in enumerate(pipeline.stages):
        if not isinstance(stage, MergeStage):
            continue
        where = pipeline.where("stages", index)
        for name in stage.weights:
            if name not in stage.models:
                raise unknown("merged model", name, stage.models, where=where)
        if stage.weights and len(stage.weights) != len(stage.models):
            raise ExperimentError(
                f"{len(stage.models)} models have {len(stage.weights)} weights",
                where=where,
                fix="give one weight for each model, or leave `weights` out for equal ones",
            )
        if stage.weights and sum(stage.weights.values()) <= 0:
            raise ExperimentError("the weights add up to 0", where=where)
        if stage.method in ("ties", "dare_ties") and stage.base is None:
            raise ExperimentError(
                f"the method {stage.method!r} needs `base`",
                where=where,
                why="it merges differences from a common ancestor",
            )
        if stage.method == "slerp" and len(stage.models) != 2:
            raise ExperimentError("the method 'slerp' merges two models", where=where)


def _refuse_arbiters(pipeline: Pipeline) -> None:
    """Refuse reward arbiters without a checkpoint, and others with one."""
    for index, stage in enumerate(pipeline.stages):
        for at, arbiter in enumerate(stage.arbiters if isinstance(stage, PoolStage | OnlineStage) else ()):
            sources = [name for name in ("stage", "model") if getattr(arbiter, name)]
            if len(sources) != (arbiter.judge == "reward"):
                raise ExperimentError(
                    "a reward arbiter needs one checkpoint"
                    if arbiter.judge == "reward"
                    else f"the arbiter {arbiter.judge!r} has no checkpoint",
                    where=pipeline.where("stages", index, "arbiters", at),
                    fix="`{judge: reward, stage: NAME}`, `{judge: reward, model: FOLDER}` or `{judge: rules}`",
                )
