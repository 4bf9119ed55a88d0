"""Merges checkpoint folders into a checkpoint folder."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import Tensor

from polyarena.harness.stages.merging import methods
from polyarena.harness.stages.merging.checks import Checkpoint, read_config, shared_tensors
from polyarena.harness.stages.merging.settings import FROM_BASE, MergeMethod, MergeSettings
from polyarena.harness.stages.merging.tensor_files import SHARD_BYTES, TensorInfo, TensorReader, write_tensors
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.suggest import unknown

Progress = Callable[[int, int], None]
"""Called with the tensors that are done and how many there are."""
TOKENIZER_FILES = (
    "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.model",
    "vocab.json", "vocab.txt", "merges.txt", "added_tokens.json", "chat_template.jinja", "spiece.model",
    "sentencepiece.bpe.model",
)  # fmt: skip
"""What is copied beside the config: a merge changes neither tokenizer nor chat template."""


def merge_checkpoints(
    folders: Mapping[str, Path],
    output: Path,
    settings: MergeSettings,
    *,
    base: Path | None = None,
    seed: int = 0,
    progress: Progress = lambda done, total: None,  # noqa: ARG005
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Merge checkpoints into a new folder: weights, config, tokenizer.

    Tensors are read, merged and written one name at a time, in the order of their names, so that memory holds the
    tensors of one name in each checkpoint and a few of the same size.

    Args:
        folders: Of the checkpoints, by name; at least two.
        output: Folder to write into; created if need be.
        settings: Method and weights.
        base: The checkpoint that the others were trained from; needed by ``ties`` and ``dare_ties``, unused by others.
        seed: Of the draws of ``dare_ties``, unless the settings have one.
        progress: Called after each tensor.
        shard_bytes: Most bytes of tensors in one file.

    Raises:
        ExperimentError: The settings do not fit the checkpoints.
        DataError: The checkpoints cannot be merged, or a value is not finite.
        StoreError: The output cannot be written.
    """
    weights = merge_weights(list(folders), settings)
    if settings.method in FROM_BASE and base is None:
        raise ExperimentError(
            f"a merge by `{settings.method.value}` needs a base",
            why="it merges the differences from the checkpoint that the others were trained from",
            fix="name that checkpoint as `base`, or use `method: linear`",
        )
    with ExitStack() as stack:
        opened = [
            Checkpoint(name, folder, read_config(folder), stack.enter_context(TensorReader(folder)))
            for name, folder in folders.items()
        ]
        origin = None
        if settings.method in FROM_BASE and base is not None:
            origin = Checkpoint("the base", base, read_config(base), stack.enter_context(TensorReader(base)))
        infos = shared_tensors([*opened, *([origin] if origin else [])])
        dtype: torch.dtype = getattr(torch, settings.dtype)
        written = {
            name: TensorInfo(info.shape, dtype if info.dtype.is_floating_point else info.dtype)
            for name, info in infos.items()
        }
        generator = torch.Generator().manual_seed(settings.seed if settings.seed is not None else seed)
        done = 0

        def compute(name: str) -> Tensor:
            nonlocal done
            merged = _merged(name, opened, origin, weights, settings, generator).to(written[name].dtype)
            done += 1
            progress(done, len(written))
            return merged

        output.mkdir(parents=True, exist_ok=True)
        # Wide elements first, so that every tensor is aligned in the file; floats, which are of one width, stay in the
        # order of their names, in which the draws are made.
        order = sorted(written, key=lambda name: (-written[name].dtype.itemsize, name))
        write_tensors(output, written, compute, order=order, shard_bytes=shard_bytes)
    _write_config(opened[0], output, settings.dtype)


def merge_weights(names: Sequence[str], settings: MergeSettings) -> list[float]:
    """Return the weight of each checkpoint: that of the settings, or 1 for all where they have none.

    Raises:
        ExperimentError: There are fewer than two checkpoints, another number than two for ``slerp``, or a checkpoint
            without a weight.
        UnknownNameError: A weight is of a checkpoint that does not exist.
    """
    if len(names) < 2:
        raise ExperimentError("a merge needs at least two checkpoints", why=f"{len(names)} given", fix="name another")
    if settings.method is MergeMethod.SLERP and len(names) != 2:
        raise ExperimentError(
            "a merge by `slerp` needs two checkpoints",
            why=f"{len(names)} given, and an arc has two ends",
            fix="merge two and then the result with the third, or use `method: linear`",
        )
    if not settings.weights:
        return [1.0] * len(names)
    for name in settings.weights:
        if name not in names:
            raise unknown("checkpoint of a weight", name, names)
    missing = [name for name in names if name not in settings.weights]
    if missing:
        raise ExperimentError(
            f"the merge has no weight for {', '.join(missing)}",
            why="either all checkpoints have a weight or none has",
            fix=f"add `{missing[0]}: 0.5` to `weights`, with the weight that you want",
        )
    return [settings.weights[name] for name in names]


def _merged(
    name: str,
    checkpoints: Sequence[Checkpoint],
    base: Checkpoint | None,
    weights: Sequence[float],
    settings: MergeSettings,
    generator: torch.Generator,
) -> Tensor:
    tensors = [_finite(each, name) for each in checkpoints]
    if not tensors[0].is_floating_point():
        return _equal(name, checkpoints, tensors)
    match settings.method:
        case MergeMethod.LINEAR:
            return methods.linear(tensors, weights, normalize=settings.normalizes)
        case MergeMethod.SLERP:
            return methods.slerp(tensors[0], tensors[1], weights[1] / sum(weights))
    if base is None:
        raise ValueError("a method with a base was called without one")
    origin = _finite(base, name)
    common = {"density": settings.density, "scale": settings.scale}
    if settings.method is MergeMethod.TIES:
        return methods.ties(origin, tensors, weights, normalize=settings.normalizes, **common)
    return methods.dare_ties(
        origin,
        tensors,
        weights,
        generator=generator,
        normalize=settings.normalizes,
        rescale=settings.rescale,
        **common,
    )


def _finite(checkpoint: Checkpoint, name: str) -> Tensor:
    tensor = checkpoint.reader.read(name)
    # If a value is not finite, the least or the greatest is not either, and those are found at the speed of memory.
    if (
        tensor.is_floating_point()
        and tensor.numel()
        and not all(math.isfinite(each.item()) for each in tensor.aminmax())
    ):
        raise DataError(
            f"the tensor {name!r} has values that are not finite",
            where=checkpoint.folder,
            why="training has diverged, or the file is damaged",
            fix=f"leave {checkpoint.name} out of the merge, or train it again with a lower learning rate",
        )
    return tensor


def _equal(name: str, checkpoints: Sequence[Checkpoint], tensors: Sequence[Tensor]) -> Tensor:
    for checkpoint, tensor in zip(checkpoints[1:], tensors[1:], strict=True):
        if not torch.equal(tensor, tensors[0]):
            raise DataError(
                f"the integers of {name!r} differ between the checkpoints",
                where=f"{checkpoints[0].folder} and {checkpoint.folder}",
                why="integers are copied, not averaged",
                fix="merge checkpoints of one architecture; quantised weights cannot be merged",
            )
    return tensors[0]


def _write_config(first: Checkpoint, output: Path, dtype: str) -> None:
    config = {key: value for key, value in first.config.items() if key not in ("torch_dtype", "_name_or_path")}
    text = json.dumps({**config, "dtype": dtype}, indent=2, sort_keys=True, ensure_ascii=False)
    (output / "config.json").write_text(text + "\n", "utf-8")
    for name in TOKENIZER_FILES:
        if (first.folder / name).is_file():
            shutil.copyfile(first.folder / name, output / name)
