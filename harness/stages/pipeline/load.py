"""Loads the pipeline file; every error names the file, the line and the fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from polyarena.harness.experiment.load import explain_validation, read_mapping
from polyarena.harness.experiment.problems import Problems
from polyarena.harness.models.system_prompt import system_text
from polyarena.harness.stages.pipeline.data_stages import (
    ArbitrageStage,
    MixtureStage,
    PairsStage,
    PoolStage,
    SafetyStage,
    SourceSettings,
    TeacherSettings,
    TranslatedPairsStage,
    teachers_of,
)
from polyarena.harness.stages.pipeline.graph import TRAINED, refuse_wrong_references
from polyarena.harness.stages.pipeline.schema import Pipeline
from polyarena.harness.stages.pipeline.settings import TrainSettings
from polyarena.harness.stages.pipeline.training_stages import DPO_LOSSES, DpoStage, MergeStage, OnlineStage
from polyarena.harness.stages.rows.mixture import mixture_settings
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import ExperimentError, PolyarenaError
from polyarena.tasks.languages import select_languages
from polyarena.tasks.mixtures.allocation import check_weights
from polyarena.tasks.registry import find_task
from polyarena.tasks.suggest import unknown

BY_LANGUAGE = ("by_language", "preambles")
"""Settings whose keys select languages."""


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
    checks = (
        _refuse_double_names, refuse_wrong_references, _refuse_teachers, _refuse_training, _refuse_weights,
        _refuse_arbiters, _refuse_unpriced, _refuse_languages, _refuse_mixtures,
    )  # fmt: skip
    for check in checks:
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
        names: list[str] = []
        for place, teacher in teachers_of(stage).items():
            where = pipeline.where("stages", index, *place)
            _refuse_teacher(teacher, where, model=not isinstance(stage, PoolStage))
            # Refuses a misspelt placeholder, whatever the language.
            system_text(
                teacher.system_prompt, "eng_Latn", where=pipeline.where("stages", index, *place, "system_prompt")
            )
            if teacher.name in names and isinstance(stage, PoolStage):
                raise ExperimentError(
                    f"the teacher {teacher.name!r} appears twice", where=where, fix="give each its own name"
                )
            names.append(teacher.name)
        if isinstance(stage, ArbitrageStage):
            _refuse_router(pipeline, index, stage)


def _refuse_teacher(teacher: TeacherSettings, where: str, *, model: bool = False) -> None:
    sources = [name for name in ("stage", "model", "people") if getattr(teacher, name)]
    if len(sources) != 1:
        given = " and ".join(sources) or "none of them"
        raise ExperimentError(
            f"the teacher {teacher.name!r} needs one of stage, model and people, and has {given}",
            where=where,
            fix="write `stage: NAME`, `model: TYPE` with `args`, or `people: true`",
        )
    if model and teacher.people:
        raise ExperimentError(
            f"the teacher {teacher.name!r} cannot be people",
            where=where,
            why="it is asked something that the rows do not answer",
            fix="write `stage: NAME`, or `model: TYPE` with `args`",
        )


def _refuse_router(pipeline: Pipeline, index: int, stage: ArbitrageStage) -> None:
    pool = next((each for each in pipeline.stages if each.name == stage.pool), None)
    known = [teacher.name for teacher in pool.teachers] if isinstance(pool, PoolStage) else []
    where = pipeline.where("stages", index)
    if stage.router == "single" and stage.teacher is None:
        raise ExperimentError("the router 'single' needs a teacher", where=where, fix=f"one of {', '.join(known)}")
    if stage.router == "fixed" and not stage.by_language:
        raise ExperimentError(
            "the router 'fixed' needs `by_language`",
            where=where,
            fix="write `by_language: {LANGUAGE: TEACHER}`"
            + (f", with teachers of {', '.join(known)}" if known else ""),
        )
    for name in (*((stage.teacher,) if stage.teacher else ()), *stage.by_language.values()):
        if known and name not in known:
            raise unknown("teacher", name, known, where=where)


def _refuse_weights(pipeline: Pipeline) -> None:
    """Refuse merges whose weights do not fit their models."""
    for index, stage in enumerate(pipeline.stages):
        if not isinstance(stage, MergeStage):
            continue
        where = pipeline.where("stages", index)
        merged = _merged(pipeline, stage, where)
        if stage.search is not None and stage.weights:
            raise ExperimentError(
                "`weights` and `search` exclude each other", where=where, fix="remove one: a search finds the weights"
            )
        for name in stage.weights:
            if name not in merged:
                raise unknown("merged model", name, merged, where=where)
        if stage.weights and len(stage.weights) != len(merged):
            raise ExperimentError(
                f"{count_of(len(merged), 'model has', 'models have')} {count_of(len(stage.weights), 'weight')}",
                where=where,
                fix="give one weight for each model, or leave `weights` out for equal ones",
            )
        if stage.weights and sum(stage.weights.values()) <= 0:
            raise ExperimentError("the weights add up to 0", where=where, fix="give one of the models a weight above 0")
        if stage.method in ("ties", "dare_ties") and stage.base is None:
            raise ExperimentError(
                f"the method {stage.method!r} needs `base`",
                where=where,
                why="it merges differences from a common ancestor",
                fix="set `base` to the stage that the merged checkpoints were trained from",
            )
        if stage.method == "slerp" and len(merged) != 2:
            raise ExperimentError(
                "the method 'slerp' merges two models", where=where, fix="name two, or use `method: linear`"
            )


def _merged(pipeline: Pipeline, stage: MergeStage, where: str) -> tuple[str, ...]:
    """Return the names of the checkpoints that a stage merges: stages, or ``checkpoint-STEP`` within a run."""
    if stage.steps_of is None:
        if len(stage.models) < 2:
            raise ExperimentError(
                "a merge needs two checkpoints",
                where=where,
                why=f"`models` has {len(stage.models)}",
                fix="name two stages in `models`, or one stage with `keep_steps` in `steps_of`",
            )
        if twice := [name for name in stage.models if stage.models.count(name) > 1]:
            raise ExperimentError(
                f"the checkpoint of {twice[0]!r} is merged with itself",
                where=where,
                fix="name each stage once; `weights` say how much each counts",
            )
        return stage.models
    if stage.models:
        raise ExperimentError("`models` and `steps_of` exclude each other", where=where, fix="remove one")
    run = next((each for each in pipeline.stages if each.name == stage.steps_of), None)
    steps = run.keep_steps if isinstance(run, TrainSettings) else ()
    if len(steps) < 2:
        raise ExperimentError(
            f"the stage {stage.steps_of!r} keeps {count_of(len(steps), 'checkpoint')} within its run",
            where=where,
            why="a merge needs two",
            fix=f"set `keep_steps` in {stage.steps_of}, such as [20, 40, 60]",
        )
    return tuple(f"checkpoint-{step}" for step in steps)


def _refuse_unpriced(pipeline: Pipeline) -> None:
    """Refuse a budget where an endpoint has no prices."""
    if pipeline.budget is None:
        return
    for index, stage in enumerate(pipeline.stages):
        teachers: tuple[TeacherSettings, ...] = ()
        if isinstance(stage, PoolStage):
            teachers = stage.teachers
        elif isinstance(stage, SafetyStage):
            teachers = (stage.teacher,)
        elif isinstance(stage, TranslatedPairsStage):
            teachers = (stage.strong, stage.weaker, stage.translator)
        for teacher in teachers:
            if teacher.model == "endpoint" and not teacher.args.get("prices"):
                raise ExperimentError(
                    f"a budget needs `prices` for every endpoint; the teacher {teacher.name!r} has none",
                    where=pipeline.where("stages", index),
                    fix="add `prices: {input: ..., output: ..., currency: ...}` to its `args`",
                )


def _refuse_languages(pipeline: Pipeline) -> None:
    """Refuse selectors of languages that mean nothing, before the first stage runs and not at the last."""
    problems = Problems()
    for index, stage in enumerate(pipeline.stages):
        data = stage.model_dump()
        for location, selector in _selectors(data):
            problems.attempt(select_languages, selector, where=pipeline.where("stages", index, *location))
    problems.raise_all()


def _selectors(value: Any, location: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the place and the text of every selector in the settings of a stage."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if key in BY_LANGUAGE:
                yield from (((*location, key), selector) for selector in entry)
            elif key in ("languages", "language") and entry:
                yield (*location, key), entry
            elif key != "args":
                yield from _selectors(entry, (*location, key))
    elif isinstance(value, list | tuple):
        for at, entry in enumerate(value):
            yield from _selectors(entry, (*location, at))


def _refuse_mixtures(pipeline: Pipeline) -> None:
    """Refuse mixtures whose weights do not fit, and tasks that do not exist."""
    for index, stage in enumerate(pipeline.stages):
        for name in stage.refuse_items_of if isinstance(stage, MixtureStage | PairsStage) else ():
            find_task(name, where=pipeline.where("stages", index, "refuse_items_of"))
        if isinstance(stage, PairsStage):
            _refuse_no_source("stage", stage, pipeline.where("stages", index))
        if not isinstance(stage, MixtureStage):
            continue
        where = pipeline.where("stages", index, "sources")
        if stage.temperature != 1 and stage.budget is None:
            raise ExperimentError(
                "a temperature needs a budget",
                where=pipeline.where("stages", index, "temperature"),
                why="without one every row is taken once, whatever its language",
                fix="set `budget` to the rows that you want",
            )
        try:
            check_weights(mixture_settings(stage, None).sources)
        except PolyarenaError as error:
            error.move(where)
            raise
        for at, source in enumerate(stage.sources):
            _refuse_no_source("source", source, pipeline.where("stages", index, "sources", at))


def _refuse_no_source(kind: str, entry: SourceSettings | PairsStage, where: str) -> None:
    """Refuse data from nowhere, or from two places."""
    if (entry.dataset is None) == (entry.path is None):
        raise ExperimentError(
            f"the {kind} {entry.name!r} needs one of dataset and path",
            where=where,
            fix="write `dataset: OWNER/NAME` or `path: FILE.jsonl`",
        )


def _refuse_training(pipeline: Pipeline) -> None:
    """Refuse settings of training stages that mean nothing for their type."""
    for index, stage in enumerate(pipeline.stages):
        if not isinstance(stage, TrainSettings):
            continue
        if stage.keep_steps and stage.type not in TRAINED:
            raise ExperimentError(
                f"a stage of type {stage.type} keeps no checkpoints within its run",
                where=pipeline.where("stages", index, "keep_steps"),
                fix=f"only {' and '.join(TRAINED)} do",
            )
        if list(stage.keep_steps) != sorted({*stage.keep_steps}) or (
            stage.steps is not None and stage.keep_steps and stage.keep_steps[-1] > stage.steps
        ):
            raise ExperimentError(
                "`keep_steps` must rise, and end within the steps of training",
                where=pipeline.where("stages", index, "keep_steps"),
                fix="list steps such as [20, 40, 60]",
            )
        if isinstance(stage, DpoStage | OnlineStage) and stage.loss not in DPO_LOSSES:
            raise unknown("loss", stage.loss, DPO_LOSSES, where=pipeline.where("stages", index, "loss"))
        if not isinstance(stage, OnlineStage) or stage.algorithm == "dpo":
            continue
        if stage.rounds != 1 or stage.reference not in (None, stage.model):
            raise ExperimentError(
                f"`algorithm: {stage.algorithm}` takes one round, held to the start of the stage",
                where=pipeline.where("stages", index),
                fix="set `rounds: 1`, leave `reference` out, and make further rounds stages of their own",
            )


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
