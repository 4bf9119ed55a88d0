"""Keys: what a stage's output depends on, as digests.

The *recipe* of a stage is its settings, the seed, the data that it reads and the recipes of its inputs: what a user
chose. Its *environment* is what the machine adds: versions of libraries, threads and the kind of device, which can
change the last bits of a sum. The *key* is the digest of both, and of the keys of its inputs; it names the folder.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyarena.harness.models.locations import locate
from polyarena.harness.models.precision import has_bfloat16
from polyarena.harness.models.weights import digest as weights_digest
from polyarena.harness.stages.folders import file_sha256
from polyarena.harness.stages.pipeline.data_digests import data_digests
from polyarena.harness.stages.pipeline.graph import ordered
from polyarena.harness.stages.pipeline.schema import AnyStage, Pipeline
from polyarena.harness.stages.pipeline.settings import StageSettings, TrainSettings
from polyarena.harness.stages.pipeline.training_stages import BaseStage
from polyarena.tasks.errors import DataError

ASKS_MODELS = ("pool", "safety", "translated_pairs")
"""Types of data stages whose output comes from models."""
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers", "safetensors", "numpy")
"""Libraries whose version is part of the environment."""


@dataclass(frozen=True, slots=True)
class StageKey:
    """What a stage's output depends on.

    Attributes:
        settings: Every setting that can change the output, as JSON values, with the seed.
        data: Digests of the data that the stage reads itself, by name.
        environment: Versions, threads, device.
        inputs: The key of each input.
        recipe: Digest of settings, data and the inputs' recipes.
        key: Digest of everything.
    """

    settings: Mapping[str, Any]
    data: Mapping[str, str]
    environment: Mapping[str, str]
    inputs: Mapping[str, str]
    recipe: str
    key: str


def stage_keys(pipeline: Pipeline, environment: Mapping[str, str] | None = None) -> dict[str, StageKey]:
    """Return the key of every stage, in the order of the graph.

    Args:
        pipeline: The pipeline.
        environment: Taken as it is; that of this machine if left out.

    Raises:
        DataError: A file that a stage reads does not exist.
    """
    found: dict[str, StageKey] = {}
    machine = dict(this_environment(pipeline) if environment is None else environment)
    for stage in ordered(pipeline):
        settings = settings_of(stage, pipeline.seed)
        data = _data(pipeline, stage)
        inputs = {name: found[name].key for name in stage.inputs}
        recipe = sha256_of([settings, data, {name: found[name].recipe for name in stage.inputs}])
        # A data stage without a model gives the same rows with any library.
        own = machine if stage.makes_checkpoint or stage.type in ASKS_MODELS else {}
        if (processes := processes_of(pipeline, stage)) > 1:
            own = {**own, "processes": str(processes)}
        key = sha256_of([recipe, own, inputs])
        found[stage.name] = StageKey(settings, data, own, inputs, recipe, key)
    return found


def processes_of(pipeline: Pipeline, stage: StageSettings) -> int:
    """Return how many processes share the work of a stage."""
    return pipeline.hardware.processes if isinstance(stage, TrainSettings) and stage.is_shared else 1


def settings_of(stage: AnyStage, seed: int) -> dict[str, Any]:
    """Return every setting of a stage that can change its output, with the version of its code."""
    defaults = type(stage).model_fields
    unset = {name for name in stage.added_later if getattr(stage, name) == defaults[name].default}
    settings = stage.model_dump(mode="json", exclude={*stage.not_in_digest, *unset})
    own = settings.get("seed")
    return {**settings, "version": stage.version, "seed": seed if own is None else own}


def this_environment(pipeline: Pipeline) -> dict[str, str]:
    """Return the versions of the libraries here, the threads and the device that the pipeline names."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "absent"
    hardware = pipeline.hardware
    bfloat16 = "native" if has_bfloat16(hardware.device) else "none"
    return {**versions, "device": hardware.device, "threads": str(hardware.threads), "bfloat16": bfloat16}


def sha256_of(value: Any) -> str:
    """Return the SHA-256 of a JSON value, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _data(pipeline: Pipeline, stage: AnyStage) -> dict[str, str]:
    if isinstance(stage, BaseStage):
        return _base_digests(pipeline, stage)
    return data_digests(pipeline, stage)


def _base_digests(pipeline: Pipeline, stage: BaseStage) -> dict[str, str]:
    """Return the digest of the weights on this machine; a model on the hub is known by its revision."""
    where = pipeline.where_stage(stage.name, "pretrained")
    found = locate(stage.pretrained, str(pipeline.base), where)
    if found and stage.gguf_file and not (found.path / stage.gguf_file).is_file():
        others = sorted(path.name for path in found.path.glob("*.gguf"))
        raise DataError(
            f"there is no GGUF file {stage.gguf_file!r}",
            where=pipeline.where_stage(stage.name, "gguf_file"),
            why=f"looked in {found.path}",
            fix=f"use one of: {', '.join(others)}" if others else "leave `gguf_file` out: the folder has none",
        )
    digests = {"weights": weights_digest(found.path, only=stage.gguf_file or "")} if found else {}
    template = pipeline.base / stage.chat_template
    if stage.chat_template not in ("own", "chatml") and template.is_file():
        digests["chat_template"] = file_sha256(template)
    return digests
