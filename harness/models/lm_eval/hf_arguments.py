"""Checks the arguments of ``hf`` while planning: some wrong ones fail only once the weights are loaded, some never."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from polyarena.harness.models.lm_eval.backends import ENGINES
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import closest, unknown

OWN_ARGUMENTS = ("engine", "token_budget", "deterministic")
CLASS_ARGUMENTS = (
    "pretrained", "backend", "revision", "subfolder", "tokenizer", "truncation", "logits_cache", "max_length", "device",
    "dtype", "softmax_dtype", "mixed_precision_dtype", "batch_size", "max_batch_size", "trust_remote_code",
    "use_fast_tokenizer", "add_bos_token", "prefix_token_id", "parallelize", "max_memory_per_gpu", "max_cpu_memory",
    "offload_folder", "tp_plan", "peft", "delta", "autogptq", "gptqmodel", "gguf_file", "think_end_token",
    "enable_thinking", "chat_template_args",
)  # fmt: skip
"""Those of lm-eval's ``HFLM``, which passes all others on to ``from_pretrained``."""

DTYPES = ("auto", "bfloat16", "float16", "half", "float32", "float", "float64", "double")
DEVICES = ("cpu", "cuda", "mps", "npu", "xpu", "hpu")

LIKENESS = 0.85
"""Of a misspelt name; arguments of ``from_pretrained`` are less like any of the known ones."""


def check_hf_arguments(args: Mapping[str, Any], where: str) -> None:
    """Refuse misspelt arguments and wrong values.

    Raises:
        UnknownNameError: An argument, engine, dtype or device is misspelt or does not exist.
        ExperimentError: A value is of another type or out of range.
    """
    known = (*OWN_ARGUMENTS, *CLASS_ARGUMENTS)
    for name in args:
        # Others may be arguments of from_pretrained.
        if name not in known and closest(name, known, likeness=LIKENESS):
            raise unknown("argument of `hf`", name, known, where=where)
    _check_engine(args, where)
    _check_numbers(args, where)
    _check_dtype_and_device(args, where)


def _check_engine(args: Mapping[str, Any], where: str) -> None:
    deterministic, engine = args.get("deterministic", False), args.get("engine", "auto")
    if not isinstance(deterministic, bool):
        raise ExperimentError("`deterministic` must be true or false", where=where, why=f"it is {deterministic!r}")
    if deterministic and engine == "lm-eval":
        raise ExperimentError(
            "`deterministic: true` needs the engine", where=where, fix="take `engine: lm-eval` out of the arguments"
        )
    if engine not in ENGINES:
        raise unknown("engine", str(engine), ENGINES, where=where)


def _check_numbers(args: Mapping[str, Any], where: str) -> None:
    for name in ("token_budget", "max_length", "max_batch_size"):
        if args.get(name) is not None and not _is_count(args[name]):
            what = "a number" if name == "max_batch_size" else "a number of tokens"
            raise ExperimentError(f"`{name}` must be {what}, 1 or more", where=where, why=f"it is {args[name]!r}")
    size = args.get("batch_size", 1)
    if not _is_count(size) and not re.fullmatch(r"auto(:\d+(\.\d+)?)?", str(size)):
        raise ExperimentError("`batch_size` must be a number, 1 or more, or auto", where=where, why=f"it is {size!r}")


def _check_dtype_and_device(args: Mapping[str, Any], where: str) -> None:
    dtype, device = str(args.get("dtype") or "auto"), str(args.get("device") or "cpu")
    if dtype.removeprefix("torch.") not in DTYPES and not dtype.removeprefix("torch.").startswith("float8"):
        raise unknown("dtype", dtype, DTYPES, where=where)
    if device.partition(":")[0] not in DEVICES:
        raise ExperimentError(
            f"unknown device {device!r}",
            where=where,
            why="lm-eval would take another one and say nothing",
            fix=f"use one of: {', '.join(DEVICES)}; or leave it out for the accelerator of the machine",
        )


def _is_count(value: object) -> bool:
    """Whether a value is a whole number, 1 or more; a text of digits is, as lm-eval takes it."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
