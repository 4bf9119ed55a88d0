"""Digests of the data that a stage reads from files of the user or from a mirror of the hub."""

from __future__ import annotations

from pathlib import Path

from polyarena.harness.stages.folders import file_sha256
from polyarena.harness.stages.pipeline.data_stages import MixtureStage, PairsStage, SourceSettings
from polyarena.harness.stages.pipeline.schema import AnyStage, Pipeline
from polyarena.tasks.card import Dataset
from polyarena.tasks.data.mirror import mirror_file
from polyarena.tasks.data.root import data_root
from polyarena.tasks.errors import DataError
from polyarena.tasks.suggest import closest


def data_digests(pipeline: Pipeline, stage: AnyStage) -> dict[str, str]:
    """Return the SHA-256 of each file that a stage reads itself, by a name that no folder is part of.

    Data on the hub have no file here: their revision is one of the settings.

    Raises:
        DataError: A file does not exist.
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
    return digests


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
