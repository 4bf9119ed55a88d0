"""Checks that checkpoints can be merged: one architecture, one vocabulary, the same tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from polyarena.harness.stages.merging.tensor_files import TensorInfo, TensorReader
from polyarena.tasks.errors import DataError

HARMLESS = frozenset({
    "_name_or_path", "name_or_path", "transformers_version", "dtype", "torch_dtype", "use_cache", "architectures",
    "_attn_implementation", "_attn_implementation_autoset", "quantization_config",
})  # fmt: skip
"""Keys of a config that do not change what the weights mean."""
TIED_HEADS = ("lm_head.weight", "embed_out.weight", "output.weight")
"""Names under which the output matrix is stored where it is not tied to the embeddings."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint to merge.

    Attributes:
        name: As in the settings of the merge, for messages.
        folder: With ``config.json`` and safetensors weights.
        config: The content of ``config.json``.
        reader: Its tensors.
    """

    name: str
    folder: Path
    config: Mapping[str, Any]
    reader: TensorReader

    @property
    def is_tied(self) -> bool:
        """Whether the output matrix is the embeddings."""
        return bool(self.config.get("tie_word_embeddings", False))


def read_config(folder: Path) -> dict[str, Any]:
    """Return the content of ``config.json`` of a checkpoint.

    Raises:
        DataError: It is missing or no JSON object.
    """
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(
            "the config of the checkpoint cannot be read",
            where=path,
            why=why,
            fix="name the folder of a checkpoint as `save_pretrained` writes it",
        ) from error
    if not isinstance(found, dict):
        raise DataError("the config of the checkpoint is no JSON object", where=path, fix="copy the checkpoint again")
    return found


def shared_tensors(checkpoints: Sequence[Checkpoint]) -> dict[str, TensorInfo]:
    """Return the tensors that all checkpoints have, after checking that they can be merged.

    An output matrix that a tied checkpoint stores although it equals the embeddings is left out.

    Args:
        checkpoints: At least two, the base included.

    Returns:
        Shape and element type in the first checkpoint, by name, sorted.

    Raises:
        DataError: Architecture, vocabulary, tying of weights, or the names or shapes of tensors differ, or a value of
            integers does; or a tensor has values that are not finite.
    """
    first = checkpoints[0]
    for other in checkpoints[1:]:
        _check_config(first, other)
        _check_vocabulary(first, other)
    stored = {each.name: _stored(each) for each in checkpoints}
    for other in checkpoints[1:]:
        _check_tensors(first, other, stored[first.name], stored[other.name])
    return dict(sorted(stored[first.name].items()))


def _check_config(first: Checkpoint, other: Checkpoint) -> None:
    if first.is_tied != other.is_tied:
        tied, untied = (first, other) if first.is_tied else (other, first)
        raise _unlike(
            "the checkpoints tie their weights differently",
            first,
            other,
            f"{tied.name} shares its embeddings with the output, {untied.name} has a separate output matrix",
            "train both from the same base, or untie the weights of one before merging",
        )
    keys = (first.config.keys() | other.config.keys()) - HARMLESS
    differing = sorted(key for key in keys if first.config.get(key) != other.config.get(key))
    if differing:
        key = next((each for each in ("model_type", "vocab_size") if each in differing), differing[0])
        raise _unlike(
            "the checkpoints differ in their vocabulary" if key == "vocab_size"
            else "the checkpoints differ in their architecture",
            first,
            other,
            f"`{key}` is {first.config.get(key)!r} in {first.name} and {other.config.get(key)!r} in {other.name}"
            + (f"; also {', '.join(each for each in differing if each != key)}" if len(differing) > 1 else ""),
            "merge checkpoints that were trained from the same base",
        )  # fmt: skip


def _check_vocabulary(first: Checkpoint, other: Checkpoint) -> None:
    tokens = [_tokens(each.folder / "tokenizer.json") for each in (first, other)]
    if tokens[0] is None or tokens[1] is None or tokens[0] == tokens[1]:
        return
    keys = tokens[0].keys() | tokens[1].keys()
    differing = sorted(token for token in keys if tokens[0].get(token) != tokens[1].get(token))
    raise _unlike(
        "the checkpoints have different tokenizers",
        first,
        other,
        f"{len(differing)} of {len(keys)} tokens have another id or exist in one alone, such as {differing[0]!r}",
        "merge checkpoints with one tokenizer: rows of the embeddings would mean different tokens",
    )


def _tokens(path: Path) -> dict[str, int] | None:
    """Return the id of each token, or ``None`` if the file is missing or of another form."""
    try:
        found = json.loads(path.read_text("utf-8"))
        vocabulary = found["model"]["vocab"]
        pairs = (
            vocabulary.items() if isinstance(vocabulary, dict) else ((row[0], at) for at, row in enumerate(vocabulary))
        )
        return dict(pairs) | {each["content"]: each["id"] for each in found.get("added_tokens", ())}
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def _stored(checkpoint: Checkpoint) -> dict[str, TensorInfo]:
    """Return the tensors of a checkpoint without an output matrix that repeats the embeddings."""
    tensors = dict(checkpoint.reader.tensors)
    if not checkpoint.is_tied:
        return tensors
    for head in (name for name in TIED_HEADS if name in tensors):
        info = tensors.pop(head)
        twins = [name for name, other in tensors.items() if other.shape == info.shape and "embed" in name]
        matrix = checkpoint.reader.read(head)
        if not any(torch.equal(matrix, checkpoint.reader.read(name)) for name in twins):
            raise DataError(
                f"the checkpoint says that its weights are tied, but {head!r} differs from the embeddings",
                where=checkpoint.folder,
                fix="set `tie_word_embeddings` to false in its config.json, or save it again with tied weights",
            )
    return tensors


def _check_tensors(
    first: Checkpoint, other: Checkpoint, one: Mapping[str, TensorInfo], two: Mapping[str, TensorInfo]
) -> None:
    alone = sorted(one.keys() ^ two.keys())
    if alone:
        owner = first if alone[0] in one else other
        raise _unlike(
            "the checkpoints have different tensors",
            first,
            other,
            f"{len(alone)} exist in one alone, such as {alone[0]!r} in {owner.name}",
            "merge checkpoints that were trained from the same base",
        )
    for name, info in one.items():
        match = two[name]
        if info.shape != match.shape:
            raise _unlike(
                "the checkpoints have tensors of different shapes",
                first,
                other,
                f"{name!r} is {list(info.shape)} in {first.name} and {list(match.shape)} in {other.name}",
                "merge checkpoints with one architecture and one vocabulary",
            )
        if info.dtype.is_floating_point != match.dtype.is_floating_point:
            raise _unlike(
                "the checkpoints have tensors of different types",
                first,
                other,
                f"{name!r} is {info.dtype} in {first.name} and {match.dtype} in {other.name}",
                "save both as float32 or bfloat16; quantised weights cannot be merged",
            )


def _unlike(what: str, first: Checkpoint, other: Checkpoint, why: str, fix: str) -> DataError:
    return DataError(what, where=f"{first.folder} and {other.folder}", why=why, fix=fix)
