"""Reads and writes the tensors of a checkpoint one at a time, in the safetensors format.

The format (huggingface/safetensors, *Format*) is eight bytes with the length of a header, the header as JSON, and the
bytes of the tensors at the places that the header names. All shapes are known before the first tensor is computed, so
the header is written first and no tensor waits in memory for the others.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from polyarena.tasks.errors import DataError, StoreError

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARD_BYTES = 5_000_000_000
"""Most bytes of tensors in one file."""
NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16", torch.float64: "F64",
         torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
         torch.bool: "BOOL"}  # fmt: skip
"""What the format calls the types of elements."""
DTYPES = {name: dtype for dtype, name in NAMES.items()}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """The shape and element type of a tensor."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * int(self.dtype.itemsize)


class TensorReader:
    """The tensors of a checkpoint folder, in one safetensors file or several; a context manager.

    Attributes:
        folder: Of the checkpoint.
        tensors: Shape and element type of each tensor, by name.

    Raises:
        DataError: The folder has no safetensors file, or one that is missing, cut off or not of this format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open = ExitStack()
        self._files: dict[str, Any] = {}
        self.tensors: dict[str, TensorInfo] = {}
        try:
            for path in weight_files(folder):
                self._add(path)
        except BaseException:
            self.close()
            raise

    def _add(self, path: Path) -> None:
        try:
            file = self._open.enter_context(safe_open(path, framework="pt"))
            for name in file.keys():  # noqa: SIM118 - not a mapping
                part = file.get_slice(name)
                if part.get_dtype() not in DTYPES:
                    raise DataError(
                        f"the tensor {name!r} has elements of type {part.get_dtype()}",
                        where=path,
                        why=f"known types are {', '.join(DTYPES)}",
                        fix="convert the checkpoint to float32 or bfloat16",
                    )
                self.tensors[name] = TensorInfo(tuple(part.get_shape()), DTYPES[part.get_dtype()])
                self._files[name] = file
        except (SafetensorError, OSError) as error:
            raise DataError(
                "the file of weights cannot be read",
                where=path,
                why=str(error),
                fix="copy the checkpoint again, or run the stage that wrote it",
            ) from error

    def read(self, name: str) -> Tensor:
        """Return one tensor."""
        found: Tensor = self._files[name].get_tensor(name)
        return found

    def close(self) -> None:
        """Close the files."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a checkpoint, sorted by name.

    Raises:
        DataError: There is none, or one that the index names is missing.
    """
    single, index = folder / SINGLE, folder / INDEX
    if single.is_file():
        return [single]
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise DataError(
                "the index of the weights cannot be read", where=index, why=str(error), fix="copy the checkpoint again"
            ) from error
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise DataError(
                f"{len(missing)} of {len(names)} files of weights are missing",
                where=folder / missing[0],
                fix="copy the checkpoint again, or run the stage that wrote it",
            )
        return [folder / name for name in names]
    adapter = (folder / "adapter_config.json").is_file()
    raise DataError(
        "the folder has an adapter but no whole model" if adapter else "the folder has no safetensors weights",
        where=folder,
        why="merging reads whole models" if adapter else f"neither {SINGLE} nor {INDEX} exists",
        fix="merge the adapter into its base first" if adapter else "name the folder of a checkpoint",
    )


def write_tensors(
    folder: Path,
    infos: Mapping[str, TensorInfo],
    compute: Callable[[str], Tensor],
    *,
    order: Iterable[str],
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write a checkpoint's tensors, each computed when its turn comes.

    Args:
        folder: Of the checkpoint; it must exist.
        infos: Shape and element type of each tensor.
        compute: Returns a tensor of the shape and type announced.
        order: In which the tensors are computed and written.
        shard_bytes: Most bytes in one file; a tensor that is larger has a file of its own.

    Raises:
        StoreError: The disk is full or the folder cannot be written.
    """
    shards = list(_shards(order, infos, shard_bytes))
    total = sum(info.size for info in infos.values())
    names = [SINGLE] if len(shards) == 1 else [
        f"model-{place:05}-of-{len(shards):05}.safetensors" for place in range(1, len(shards) + 1)
    ]  # fmt: skip
    try:
        for file_name, shard in zip(names, shards, strict=True):
            _write_shard(folder / file_name, shard, infos, compute)
        if len(shards) > 1:
            place = {name: file_name for file_name, shard in zip(names, shards, strict=True) for name in shard}
            index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(place.items()))}
            (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise StoreError(
            "the merged checkpoint cannot be written",
            where=folder,
            why=error.strerror or str(error),
            fix=f"free {total / 1e9:.1f} GB there, or choose another folder",
        ) from error


def _shards(order: Iterable[str], infos: Mapping[str, TensorInfo], most: int) -> Iterator[list[str]]:
    shard: list[str] = []
    size = 0
    for name in order:
        if shard and size + infos[name].size > most:
            yield shard
            shard, size = [], 0
        shard.append(name)
        size += infos[name].size
    yield shard


def _write_shard(
    path: Path, names: list[str], infos: Mapping[str, TensorInfo], compute: Callable[[str], Tensor]
) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name in names:
        info = infos[name]
        header[name] = {"dtype": NAMES[info.dtype], "shape": list(info.shape), "data_offsets": [at, at + info.size]}
        at += info.size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in names:
            tensor = compute(name).contiguous()
            if tuple(tensor.shape) != infos[name].shape or tensor.dtype != infos[name].dtype:
                raise ValueError(f"{name}: {tuple(tensor.shape)} of {tensor.dtype} is not what was announced")
            file.write(memoryview(tensor.reshape(-1).view(torch.uint8).numpy()))
            del tensor  # before the next one is computed
