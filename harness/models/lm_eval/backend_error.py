"""Explains errors of lm-eval's backends."""

from __future__ import annotations

import re
import traceback

from polyarena.tasks.errors import ModelError, PolyarenaError

_LONGEST = 400

_FIXES = (
    (
        ("'token_logprobs'", "'top_logprobs'", "'logprobs'"),
        "use a server that scores given texts (vLLM's completions with `echo` and `logprobs`), or `hf`; or leave "
        "multiple-choice tasks out",
    ),
    (
        ("context length must be greater than 0",),
        "use `hf`: this server cannot score a text after nothing",
    ),
    (
        ("no memory for a single text",),
        "set a `dtype` of half the size, or a smaller `max_length`, at which texts lose their beginning; or use a "
        "device with more memory (`batch_size` and `token_budget` do not help: one text is the smallest batch)",
    ),
    (
        ("out of memory", "outofmemory", "memoryerror"),
        "use a smaller `batch_size`, a `dtype` of half the size, or more memory",
    ),
    (
        ("cuda error", "hip error", "cublas_status", "no cuda gpus"),
        "check the device (`nvidia-smi`, the kernel's log), then run the same command again: stored cells are not "
        "computed again",
    ),
    (("a choice of",), "use a model that takes longer texts, or leave the task out"),
    (("are not numbers",), "set `dtype: bfloat16` or `dtype: float32`: half precision overflows in some models"),
    (("unexpected keyword argument",), "remove the argument: this model type does not know it"),
    (("notimplementederror",), "use a model type that can score continuations, such as `local-completions` or `hf`"),
    (
        ("offline", "couldn't connect", "could not connect to"),
        "check the name; a model on the hub needs a network once",
    ),
    (("gated repo", "401", "403", "api key"), "set the key that the server asks for (the hub's is HF_TOKEN)"),
    (("not a valid model identifier", "repository not found", "404"), "check the name of the model and its revision"),
    (("connection", "refused", "timed out", "timeout"), "start the server, or correct `base_url`"),
    (("no module named", "modulenotfounderror", "importerror"), "install what the message names"),
    (
        ("maximum sequence length", "max_length"),
        "ask for fewer `max_tokens` or a smaller `budget` under `thinking`, or set `max_length` in the model's `args`",
    ),
)


def backend_error(action: str, error: Exception, where: str) -> PolyarenaError:
    """Turn any exception of a backend into an error that the user can act on.

    Args:
        action: What could not be done, such as ``"the model cannot be loaded"``.
        error: The exception; one of this project's own family is returned as it is.
        where: The model.
    """
    if isinstance(error, PolyarenaError):
        return error
    said = " ".join(str(error).split())
    why = f"{type(error).__name__}: {said}"[:_LONGEST].rstrip(": ")
    if not said or isinstance(error, KeyError | IndexError | AssertionError):
        why += _place(error)
    # The address says nothing of what happened, and its port may look like a status.
    folded = re.sub(r"https?://\S+", "", why.lower())
    fix = next((fix for signs, fix in _FIXES if any(sign in folded for sign in signs)), "")
    return ModelError(action, where=where, why=why, fix=fix)


def _place(error: Exception) -> str:
    """Say which function raised: the words of a failed look-up or assertion mean nothing without it."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    library, _, path = frames[-1].filename.rpartition("site-packages/")
    return f" (in {frames[-1].name} of {path})" if library else f" (in {frames[-1].name})"
