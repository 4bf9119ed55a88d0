"""The command line of each server that can be started."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from polyarena.harness.experiment.server import ServerSpec
from polyarena.tasks.errors import ModelError

HOST = "127.0.0.1"
HEALTH = "/health"
"""Path that answers 200 once the model is loaded; all three servers have it."""


def server_command(spec: ServerSpec, model: str, base: Path, port: int) -> list[str]:
    """Return the command that starts a server.

    Args:
        spec: Engine and arguments.
        model: Name, folder or file of the model; a path is relative to ``base``.
        base: Folder of the experiment file.
        port: On which it listens, on this machine only.

    Raises:
        ModelError: The program is not installed.
    """
    local = base / model
    source = str(local.resolve()) if local.exists() else model
    address = ["--host", HOST, "--port", str(port)]
    if spec.command:
        return [*spec.command, *address, *_flags(spec.args)]
    return [*_PROGRAMS[spec.engine](source), *address, *_flags(spec.args)]


def _vllm(model: str) -> list[str]:
    program = shutil.which("vllm")
    if program is None:
        raise _not_installed("vLLM", "no program `vllm` is on the path", "pip install vllm")
    return [program, "serve", model]


def _sglang(model: str) -> list[str]:
    if find_spec("sglang") is None:
        raise _not_installed("SGLang", "Python has no module `sglang`", "pip install sglang")
    return [sys.executable, "-m", "sglang.launch_server", "--model-path", model]


def _llama_cpp(model: str) -> list[str]:
    program = shutil.which("llama-server")
    if program is not None:
        return [program, "--model", model]
    if find_spec("xllamacpp") is None:
        raise _not_installed(
            "llama.cpp's server", "there is neither `llama-server` nor the module `xllamacpp`", "pip install xllamacpp"
        )
    return [sys.executable, "-m", "polyarena.harness.servers.llama_cpp", "--model", model]


_PROGRAMS = {"vllm": _vllm, "sglang": _sglang, "llama.cpp": _llama_cpp}


def _not_installed(what: str, why: str, how: str) -> ModelError:
    return ModelError(
        f"{what} is not installed",
        why=why,
        fix=f"{how}; or give `command`, the words that start it, for example in an environment of its own",
    )


def _flags(args: Mapping[str, object]) -> Iterator[str]:
    """Yield arguments as flags: ``max_model_len: 4096`` is ``--max-model-len 4096``, ``true`` a flag without value."""
    for name, value in args.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            yield flag
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield flag
            yield from map(str, value)
        elif value is not False and value is not None:
            yield from (flag, str(value))
