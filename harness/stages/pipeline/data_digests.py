"""Digests of the data that a stage reads from files of the user or from a mirror of the hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from polyarena.harness.models.locations import PACKAGE, Location, locate
from polyarena.harness.models.weights import digest as weights_digest
from polyarena.harness.stages.folders import file_sha256
from polyarena.harness.stages.pipeline.data_stages import (
    MixtureStage,
    PairsStage,
    PoolStage,
    SourceSettings,
    teachers_of,
)
from polyarena.harness.stages.pipeline.schema import AnyStage, Pipeline
from polyarena.harness.stages.pipeline.training_stages import OnlineStage
from polyarena.tasks.card import Dataset
from polyarena.tasks.data.mirror import mirror_file
from polyarena.tasks.data.root import data_root
from polyarena.tasks.errors import DataError
from polyarena.tasks.suggest import closest


def data_digests(pipeline: Pipeline, stage: AnyStage) -> dict[str, str]:
    """Return the SHA-256 of each file that a stage reads itself, by a name that no folder is part of.

    Data and models on the hub have no file here: their revision is one of the settings.

    Raises:
        DataError: A file does not exist.
        ModelError: A package that a model is in is not installed.
    """
    root = data_root(pipeline.data_root, pipeline.base)
    sources: list[tuple[str | None, str | None, tuple[str, ...], Dataset | None, tuple[str | int, ...]]] = []
    if isinstance(stage, PairsStage):
        sources.append((stage.path, stage.dataset, (stage.config,), _dataset(stage), ("path",)))
    if isinstance(stage, MixtureStage):
        sources += [
            (source.path, source.dataset, source.configs, _dataset(source), ("sources", at, "path"))
            for at, source in enumerate(stage.sources)
        ]
    digests: dict[str, str] = {}
    for path, name, configs, dataset, key in sources:
        if path is not None:
            digests[path] = _digest(pipeline.base / Path(path).expanduser(), pipeline.where_stage(stage.name, *key))
        elif root is not None and dataset is not None:
            for config in configs:
                digests[f"{name}/{config}"] = _mirrored(root, dataset, config)
    for label, found in _models(pipeline, stage):
        digests[label] = weights_digest(found.path)
    return digests


def _models(pipeline: Pipeline, stage: AnyStage) -> Iterator[tuple[str, Location]]:
    """Yield what no stage has trained: the checkpoints and files that teachers and arbiters name by their paths."""
    base = str(pipeline.base)
    for place, teacher in teachers_of(stage).items():
        for name, value in teacher.args.items() if teacher.model else ():
            # Only the type of the teacher knows which of its arguments are paths.
            if isinstance(value, str) and value and (value.startswith(PACKAGE) or (pipeline.base / value).exists()):
                found = locate(value, base, pipeline.where_stage(stage.name, *place, "args", name))
                if found is not None:
                    yield f"teacher {'.'.join(map(str, place))}: {name}", found
    for at, arbiter in enumerate(stage.arbiters if isinstance(stage, PoolStage | OnlineStage) else ()):
        if arbiter.model:
            found = locate(arbiter.model, base, pipeline.where_stage(stage.name, "arbiters", at, "model"))
            if found is not None:
                yield f"arbiter {at}", found


def _dataset(source: PairsStage | SourceSettings) -> Dataset | None:
    if source.dataset is None:
        return None
    return Dataset(id=source.dataset, revision=source.revision, split=source.split, licence=source.licence)


def _mirrored(root: Path, dataset: Dataset, config: str) -> str:
    """Return the digest of a part of a mirror; a dry run may lack it, and the stage itself says what is missing."""
    try:
        path = mirror_file(root, dataset, config)
    except DataError:
        return "missing"
    return _digest(path, "")


def _digest(path: Path, where: str) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        near = closest(path.name, [each.name for each in path.parent.glob("[!.]*")]) if not path.exists() else []
        raise DataError(
            f"the file {path.name!r} cannot be read",
            where=where or path,
            why=f"{path}: {error.strerror or error}",
            fix=f"did you mean {near[0]!r}?" if near else "paths are relative to the pipeline file",
        ) from error
