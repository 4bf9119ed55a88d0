"""Finds the output of a stage for an experiment or a judge, on this or another machine than it was trained on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.stages.folders import Manifest, content_digest, read_current, read_manifest, refuse_damage
from polyarena.harness.stages.pipeline.keys import settings_of, stage_keys
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.schema import AnyStage, Pipeline
from polyarena.harness.stages.pipeline.training_stages import OnlineStage
from polyarena.tasks.errors import DataError, ModelError
from polyarena.tasks.suggest import unknown


@dataclass(frozen=True, slots=True)
class Output:
    """A finished checkpoint.

    Attributes:
        folder: With config.json, weights and tokenizer.
        content: Digest of its files.
        label: Pipeline and stage, for identities.
    """

    folder: Path
    content: str
    label: str


def stage_output(pipeline_file: Path, reference: str, where: str, *, kind: str = "checkpoint") -> Output:
    """Return the output of a stage that was trained with the settings that the file has now.

    Libraries and threads of this machine do not matter: what was trained elsewhere is taken as it is.

    Args:
        pipeline_file: The pipeline file.
        reference: A stage, or a round of one.
        where: The place in the user's file, for messages.
        kind: ``checkpoint`` for a language model, ``reward`` for a reward model.

    Raises:
        UnknownNameError: There is no such stage.
        ModelError: The stage makes no such checkpoint, or has not been trained with these settings.
        StoreError: A file of the output is missing or damaged.
    """
    pipeline = load_pipeline(pipeline_file)
    name, _, part = reference.partition("/")
    stages = {stage.name: stage for stage in pipeline.stages}
    if name not in stages:
        raise unknown("stage", name, stages, where=where)
    stage = stages[name]
    if not _makes(stage, kind):
        what = "reward model" if kind == "reward" else "language model"
        fitting = [each.name for each in pipeline.stages if _makes(each, kind)]
        raise ModelError(
            f"the stage {name!r} makes no {what}",
            where=where,
            why=f"it is of type {stage.type}",
            fix=f"use one of: {', '.join(fitting)}" if fitting else f"add a stage that makes a {what}",
        )
    _refuse_other_rounds(stage, part, where)
    found = _trained(pipeline, name)
    if found is None or not (found[0] / part / "config.json").is_file():
        raise ModelError(
            f"the stage {reference!r} has not been trained with the settings that the pipeline file has now",
            where=where,
            why=f"looked in {pipeline.folder / name}",
            fix=f"polyarena train {shlex.quote(str(pipeline_file))} --until {name}",
        )
    folder, manifest = found
    refuse_damage(folder, manifest)
    prefix = f"{part}/" if part else ""
    files = {file: entry for file, entry in manifest.files.items() if file.startswith(prefix)}
    content = content_digest(files) if part else manifest.content
    return Output(folder / part, content, f"{pipeline.name}/{reference}")


def _makes(stage: AnyStage, kind: str) -> bool:
    """Return whether a stage makes a checkpoint of a kind."""
    return stage.makes_checkpoint and (stage.type == "reward") == (kind == "reward")


def _refuse_other_rounds(stage: AnyStage, part: str, where: str) -> None:
    """Refuse a part of a stage that no training would make."""
    rounds = [f"round-{number}" for number in range(1, stage.rounds + 1)] if isinstance(stage, OnlineStage) else []
    if part and part not in rounds:
        raise ModelError(
            f"the stage {stage.name!r} has no {part!r}",
            where=where,
            why=f"it has the rounds {', '.join(rounds)}" if rounds else f"a stage of type {stage.type} has no rounds",
            fix=f"name {stage.name!r} alone for its last checkpoint",
        )


def _trained(pipeline: Pipeline, name: str) -> tuple[Path, Manifest] | None:
    """Return the current output of a stage if it was made by the present recipe, else another that was."""
    home = pipeline.folder / name
    current = read_current(home)
    if current is None:
        return None
    stage = next(each for each in pipeline.stages if each.name == name)
    try:
        recipe = stage_keys(pipeline)[name].recipe
    except DataError:
        recipe = None  # the data are not on this machine: the settings must do
    others = sorted(path.name for path in home.iterdir() if path.is_dir() and not path.name.endswith(".partial"))
    for key in dict.fromkeys([current, *others]):
        manifest = read_manifest(home / key)
        if manifest is None:
            continue
        same = manifest.settings == settings_of(stage, pipeline.seed) if recipe is None else manifest.recipe == recipe
        if same:
            return home / key, manifest
    return None
