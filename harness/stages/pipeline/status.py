"""What is done, what is to do, and why what was done no longer counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarena.harness.stages.folders import (
    Manifest,
    final_folder,
    partial_folder,
    read_current,
    read_manifest,
    refuse_damage,
)
from polyarena.harness.stages.pipeline.graph import ordered
from polyarena.harness.stages.pipeline.keys import StageKey, stage_keys
from polyarena.harness.stages.pipeline.schema import AnyStage, Pipeline


@dataclass(frozen=True)
class StageStatus:
    """Where a stage stands.

    Attributes:
        stage: The stage.
        key: What its output depends on now.
        folder: Of its output, finished or not.
        manifest: Of the finished output; ``None`` if there is none for this key.
        interrupted: Whether a working folder of an earlier run is there to continue from.
        changes: Why the output that was current before no longer counts, one sentence each; empty if there was none,
            or if it still counts.
    """

    stage: AnyStage
    key: StageKey
    folder: Path
    manifest: Manifest | None
    interrupted: bool
    changes: tuple[str, ...] = ()


def stage_statuses(pipeline: Pipeline, until: str | None = None) -> list[StageStatus]:
    """Return the status of every stage in the order in which they run.

    Args:
        pipeline: The pipeline.
        until: Only this stage and what it needs.

    Raises:
        DataError: A file that a stage reads does not exist.
        StoreError: A finished output is damaged.
    """
    keys = stage_keys(pipeline)
    found: dict[str, StageStatus] = {}
    for stage in ordered(pipeline, until):
        key = keys[stage.name]
        home = pipeline.folder / stage.name
        folder = final_folder(home, key.key)
        manifest = read_manifest(folder)
        changes: list[str] = []
        if manifest is not None:
            refuse_damage(folder, manifest)
            changes = _trained_again(stage, manifest, found)
            manifest = None if changes else manifest
        else:
            changes = _changes(home, key)
        interrupted = partial_folder(home, key.key).is_dir()
        found[stage.name] = StageStatus(stage, key, folder, manifest, interrupted, tuple(changes))
    return list(found.values())


def invalidated(statuses: list[StageStatus]) -> list[str]:
    """Return one sentence for each stage whose earlier output no longer counts."""
    return [f"{status.stage.name}: {'; '.join(status.changes)}" for status in statuses if status.changes]


def _trained_again(stage: AnyStage, manifest: Manifest, done: Mapping[str, StageStatus]) -> list[str]:
    """Return the inputs that are no longer what this output was made from: rebuilt with another result, or to be."""
    changes = []
    for name in stage.inputs:
        other = done[name].manifest
        if other is None:
            changes.append(f"its input {name} is made anew")
        elif other.content != manifest.inputs.get(name):
            changes.append(f"its input {name} was rebuilt and differs")
    return changes


def _changes(home: Path, key: StageKey) -> list[str]:
    """Return the differences to the output that was current last."""
    current = read_current(home)
    before = read_manifest(home / current) if current else None
    if before is None:
        return []
    changes = _differences({**before.settings, "version": 0}, {**key.settings, "version": 0}, "")
    if before.settings.get("version") != key.settings["version"]:
        changes.insert(0, "this version of polyarena makes it in another way")
    changes += [f"the data of {name} changed" for name in _unequal(before.data, key.data)]
    environment = [
        f"{name} {before.environment.get(name, 'absent')} -> {key.environment.get(name, 'absent')}"
        for name in _unequal(before.environment, key.environment)
    ]
    changes += [f"made with {', '.join(environment)}"] if environment else []
    return changes or ["an input changed"]


def _unequal(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], path: str) -> list[str]:
    """Return each changed setting as ``lora.rank 8 -> 16``."""
    found = []
    for name in _unequal(before, now):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += _differences(old, new, f"{path}{name}.")
        else:
            found.append(f"{path}{name} {_short(old)} -> {_short(new)}")
    return found


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
