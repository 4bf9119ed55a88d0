"""GGUF weights converted once into the user's cache, since reading them takes far longer than reading safetensors.

A GGUF file is unpacked tensor by tensor and its tokenizer built anew, 8 to 20 seconds for a model of 135 million
parameters. The converted copy has the same weights in the data type that was asked for. It is known by the digest of
the GGUF file, the data type and the versions of the converting libraries, and is read only if the digests of its own
files are those that were written down.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

LARGEST = 4 << 30
"""Bytes of a GGUF file that is still converted: the copy of a larger one could fill a home folder."""
_SUMS = "digests.json"


def with_converted_weights(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of lm-eval's ``hf`` with a converted copy in the place of a GGUF file.

    They come back as they are where there is no local GGUF file, where it is larger than :data:`LARGEST`, or where the
    cache cannot be written.

    Args:
        args: With paths resolved.
    """
    folder, name = Path(str(args.get("pretrained", ""))), args.get("gguf_file")
    source = folder / str(name)
    if not name or args.get("subfolder") or not source.is_file() or source.stat().st_size > LARGEST:
        return dict(args)
    dtype = str(args.get("dtype") or "auto").removeprefix("torch.")
    copy = cache_folder() / _key(source, dtype)
    try:
        if not _is_whole(copy):
            _convert(folder, str(name), dtype, copy)
    except OSError:
        return dict(args)
    return {**{key: value for key, value in args.items() if key != "gguf_file"}, "pretrained": str(copy)}


def cache_folder() -> Path:
    """Return the folder of the copies: ``polyarena/weights`` in ``XDG_CACHE_HOME``, or in ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "polyarena" / "weights"


def _key(source: Path, dtype: str) -> str:
    versions = [importlib.metadata.version(name) for name in ("transformers", "gguf", "tokenizers")]
    known = "\0".join([_sha256(source), dtype, *versions])
    return f"{source.stem}-{dtype}-{hashlib.sha256(known.encode()).hexdigest()[:16]}"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_whole(copy: Path) -> bool:
    """Whether a copy is there, with the digests that were written down."""
    try:
        sums = json.loads((copy / _SUMS).read_text())
        return bool(sums) and all(_sha256(copy / name) == wanted for name, wanted in sums.items())
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def _reading_once() -> Iterator[None]:
    """Keep what ``gguf`` reads of a file and its table of names.

    ``transformers`` reads a file four times, for the tokenizer, the configuration and twice for the weights, and builds
    the table once for each module of the model: 18.5 s in place of 7.6 s for SmolLM2-135M.
    """
    gguf: Any = importlib.import_module("gguf")
    plain = {name: getattr(gguf, name) for name in ("GGUFReader", "get_tensor_name_map")}
    try:
        for name, function in plain.items():
            setattr(gguf, name, cache(function))
        yield
    finally:
        for name, function in plain.items():
            setattr(gguf, name, function)


def _convert(folder: Path, gguf: str, dtype: str, copy: Path) -> None:
    """Write the copy aside and move it into place; whoever comes first has written the same."""
    transformers: Any = importlib.import_module("transformers")
    with _reading_once():
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=gguf)
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=gguf, dtype=dtype)
    config = model.config
    # transformers refuses to save what it takes for quantized; the weights are plain by now.
    for owner in (config, model):
        for name in ("quantization_config", "hf_quantizer", "is_quantized"):
            with contextlib.suppress(AttributeError):
                delattr(owner, name)
    plain = type(model)(config).to(model.dtype)
    plain.load_state_dict(model.state_dict())
    plain.generation_config = model.generation_config
    copy.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=".writing-") as aside:
        target = Path(aside) / copy.name
        plain.save_pretrained(target)
        tokenizer.save_pretrained(target)
        sums = {path.name: _sha256(path) for path in sorted(target.iterdir())}
        (target / _SUMS).write_text(json.dumps(sums, indent=1))
        if copy.exists():
            shutil.rmtree(copy)
        with contextlib.suppress(FileExistsError):
            target.rename(copy)
