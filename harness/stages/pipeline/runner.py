"""Runs a pipeline: each stage in a working folder that becomes its output when everything in it is written."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from polyarena.harness.experiment.problems import Problems
from polyarena.harness.stages.endpoints import TeacherEndpoints
from polyarena.harness.stages.folders import (
    CARD,
    Manifest,
    final_folder,
    finish,
    partial_folder,
    refuse_damage,
    set_current,
    storing,
)
from polyarena.harness.stages.launching import launch, launched_here
from polyarena.harness.stages.libraries import quiet_libraries
from polyarena.harness.stages.parts import clear_but_parts, drop_parts
from polyarena.harness.stages.pipeline.cards import warnings_of, write_card
from polyarena.harness.stages.pipeline.data_stages import teachers_of
from polyarena.harness.stages.pipeline.keys import processes_of
from polyarena.harness.stages.pipeline.schema import AnyStage, Pipeline
from polyarena.harness.stages.pipeline.settings import TrainSettings
from polyarena.harness.stages.pipeline.status import StageStatus, invalidated, stage_statuses
from polyarena.harness.stages.pipeline.training_stages import OnlineStage
from polyarena.harness.stages.pipeline.work import find_settings_check, find_stage_work
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.teacher_calls import model_type_of
from polyarena.tasks.data.root import data_root
from polyarena.tasks.errors import ExperimentError, PolyarenaError, StoreError

LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class StageDone:
    """A stage is finished.

    Attributes:
        name: Of the stage.
        folder: Its output.
        manifest: Of the output.
        seconds: That it took; ``None`` if it was finished before.
        warnings: What whoever trains must know of a stage that ran now.
    """

    name: str
    folder: Path
    manifest: Manifest
    seconds: float | None
    warnings: tuple[str, ...] = ()


class TrainListener(Protocol):
    """Receives progress."""

    def invalidated(self, sentences: list[str]) -> None:
        """Earlier outputs that no longer count, once, before anything runs."""

    def started(self, name: str, number: int, count: int) -> None:
        """A stage starts; ``number`` counts from 1."""

    def report(self, activity: str, done: int, total: int, numbers: Mapping[str, float]) -> None:
        """Progress within the stage that started last."""

    def done(self, result: StageDone) -> None:
        """A stage is finished, or was finished before."""


class Silence:
    """A listener that shows nothing."""

    def invalidated(self, sentences: list[str]) -> None:
        """Show nothing."""

    def started(self, name: str, number: int, count: int) -> None:
        """Show nothing."""

    def report(self, activity: str, done: int, total: int, numbers: Mapping[str, float]) -> None:
        """Show nothing."""

    def done(self, result: StageDone) -> None:
        """Show nothing."""


def train(pipeline: Pipeline, *, until: str | None = None, listener: TrainListener | None = None) -> list[StageDone]:
    """Run every stage that is not finished.

    Args:
        pipeline: The pipeline.
        until: Only this stage and what it needs.
        listener: Receives progress.

    Returns:
        Every stage in order.

    Raises:
        PolyarenaError: A stage failed, or the folder is in use. Stages that were finished stay.
        ExperimentError: A launcher started several processes of this.
    """
    if launched_here():
        raise ExperimentError(
            "a pipeline is started once, not by a launcher",
            where=pipeline.folder,
            why="WORLD_SIZE says that several processes were started",
            fix="run `polyarena train` itself, with `hardware: {processes: ...}` in the file: it starts the processes",
        )
    told = listener or Silence()
    with storing(pipeline.folder):
        pipeline.folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(pipeline.folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StoreError(
            "another process trains in this folder",
            where=pipeline.folder,
            fix="wait until it has ended, or set another `output` in the pipeline file",
        ) from None
    try:
        statuses = stage_statuses(pipeline, until)
        told.invalidated(invalidated(statuses))
        _refuse_settings(pipeline, statuses)
        results: dict[str, StageDone] = {}
        for number, status in enumerate(statuses, 1):
            told.started(status.stage.name, number, len(statuses))
            with TeacherEndpoints(pipeline) as endpoints:
                results[status.stage.name] = _stage(pipeline, status, results, told, endpoints)
            told.done(results[status.stage.name])
        return list(results.values())
    finally:
        lock.release()


def _refuse_settings(pipeline: Pipeline, statuses: Sequence[StageStatus]) -> None:
    """Refuse what only libraries and model types can judge before the first stage runs, for all stages at once."""
    problems = Problems()
    for status in statuses:
        for place, teacher in teachers_of(status.stage).items() if status.manifest is None else ():
            # One of another stage may be trained by then.
            if teacher.model is not None and teacher.model != "stage":
                where = pipeline.where_stage(status.stage.name, *place, "args")
                problems.attempt(model_type_of, teacher, pipeline.base, where)
        if status.manifest is None and isinstance(status.stage, TrainSettings):
            check = find_settings_check(status.stage.type)
            problems.attempt(_placed, pipeline, status.stage.name, check, status.stage, pipeline.hardware.device)
    problems.raise_all()


def _placed(pipeline: Pipeline, name: str, call: Callable[..., None], *args: Any) -> None:
    """Call a function, and give what it raises the file and the line of a stage."""
    try:
        call(*args)
    except PolyarenaError as error:
        error.move(_place(pipeline, name, error.where))
        raise


def _stage(
    pipeline: Pipeline,
    status: StageStatus,
    done: dict[str, StageDone],
    told: TrainListener,
    endpoints: TeacherEndpoints,
) -> StageDone:
    stage, home = status.stage, pipeline.folder / status.stage.name
    if status.manifest is not None:
        set_current(home, status.key.key)
        return StageDone(stage.name, status.folder, status.manifest, None)
    for name in stage.inputs:
        refuse_damage(done[name].folder, done[name].manifest, thorough=True)
    partial = partial_folder(home, status.key.key)
    started = time.monotonic()
    work = find_stage_work(stage.type)
    with storing(home):
        if partial.exists() and not isinstance(stage, TrainSettings | OnlineStage):
            clear_but_parts(partial)
        partial.mkdir(parents=True, exist_ok=True)
        context = StageContext(
            folder=partial,
            inputs=_input_folders(stage, done),
            base=pipeline.base,
            data_root=data_root(pipeline.data_root, pipeline.base),
            seed=status.key.settings["seed"],
            threads=pipeline.hardware.threads,
            device=pipeline.hardware.device,
            report=told.report,
            open_endpoint=endpoints.open,
        )
        try:
            if (processes := processes_of(pipeline, stage)) > 1:
                launch(stage.model_dump(mode="json"), context, processes)
            else:
                with quiet_libraries():
                    work(stage, context)
        except PolyarenaError as error:
            error.move(_place(pipeline, stage.name, error.where))
            raise
        gc.collect()
        drop_parts(partial)
        write_card(partial / CARD, pipeline, status, {name: each.folder for name, each in done.items()})
    manifest = finish(
        partial,
        final_folder(home, status.key.key),
        {
            "stage": stage.name,
            "type": stage.type,
            "key": status.key.key,
            "recipe": status.key.recipe,
            "settings": dict(status.key.settings),
            "data": dict(status.key.data),
            "environment": dict(status.key.environment),
            "inputs": {name: done[name].manifest.content for name in stage.inputs},
        },
    )
    warnings = warnings_of(status.folder, [done[name].folder for name in stage.inputs])
    return StageDone(stage.name, status.folder, manifest, time.monotonic() - started, warnings)


def _place(pipeline: Pipeline, name: str, where: str) -> str:
    """Return the place of an error with the file and line of the stage that it stopped, where there is a file."""
    if ":" not in pipeline.where_stage(name):
        return where or name
    if where in ("", name):
        return pipeline.where_stage(name)
    if where.startswith(f"{name}."):
        return pipeline.where_stage(name, *where.removeprefix(f"{name}.").split("."))
    stage = pipeline.where_stage(name)
    return where if where.startswith(stage.partition(":")[0]) else f"{stage}, {where}"


def _input_folders(stage: AnyStage, done: dict[str, StageDone]) -> dict[str, Path]:
    folders = {}
    for reference in stage.references:
        name, _, part = reference.partition("/")
        folder = done[name].folder / part
        if not folder.is_dir():
            raise StoreError(
                f"the stage {name!r} has no {part!r}",
                where=done[name].folder,
                why="it stopped before that round",
                fix=f"name {name!r} alone for its last checkpoint",
            )
        folders[reference] = folder
    return folders
