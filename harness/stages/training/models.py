"""Loads and saves the checkpoints that stages pass on: whole models in float32 safetensors, with their tokenizer."""

from __future__ import annotations

import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from polyarena.harness.models.precision import has_bfloat16
from polyarena.harness.stages.memory import is_out_of_memory
from polyarena.tasks.errors import DataError, ModelError

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' }}"
    "{% if not loop.last or add_generation_prompt %}{{ '\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""ChatML without a system text of its own; a turn ends with its end token, and nothing after it is trained."""


def load_model(folder: Path, device: str, dtype: torch.dtype = torch.float32) -> Any:
    """Load a checkpoint for training or sampling.

    Raises:
        ModelError: It cannot be loaded, or the device is not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("there is no GPU", why="`hardware.device` is cuda", fix="set `device: cpu` under `hardware`")
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    except (OSError, ValueError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise ModelError(
            "the checkpoint cannot be loaded",
            where=folder,
            why=str(error).splitlines()[0],
            fix="name a folder or a model of the hub that transformers can load; --debug shows where it failed",
        ) from error
    return model.to(device)


def load_sampler(folder: Path, device: str) -> Any:
    """Load a checkpoint for sampling, in bfloat16 where the device has it; for errors see :func:`load_model`."""
    return load_model(folder, device, torch.bfloat16 if has_bfloat16(device) else torch.float32)


def load_tokenizer(folder: Path) -> Any:
    """Load the tokenizer of a checkpoint.

    Raises:
        ModelError: It has no chat template or no end token.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if not tokenizer.chat_template:
        raise ModelError(
            "the tokenizer has no chat template", where=folder, fix="set `chat_template: chatml` in `base`"
        )
    if tokenizer.eos_token_id is None:
        raise ModelError(
            "the tokenizer has no end token", where=folder, fix="set `eos_token` in its tokenizer_config.json"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """Save a whole model; adapters are merged into it first.

    Args:
        model: A model, or a model with adapters.
        tokenizer: Its tokenizer.
        folder: May have other files already.
    """
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    config.pop("_name_or_path", None)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")


def release(*models: Any) -> None:
    """Free the memory of models that are no longer needed; the caller drops its own names."""
    del models
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def chat_text(tokenizer: Any, prompt: str, system_prompt: str | None = None) -> str:
    """Return a prompt as the chat template writes it, up to where the answer begins."""
    turns = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return str(
        tokenizer.apply_chat_template(
            [*turns, {"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
        )
    )


def encode_pairs(tokenizer: Any, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
    """Return the tokens of each prompt, and of prompt with completion, as the chat template writes them.

    Args:
        tokenizer: With a chat template.
        pairs: Prompts and completions.

    Raises:
        DataError: The template writes another beginning when there is an answer, so that prompt and completion cannot
            be told apart.
    """
    prompts = [chat_text(tokenizer, prompt) for prompt, _ in pairs]
    wholes = [
        str(
            tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}], tokenize=False
            )
        )
        for prompt, completion in pairs
    ]
    for beginning, whole in zip(prompts, wholes, strict=True):
        if not whole.startswith(beginning):
            raise DataError(
                "the chat template writes a prompt differently when an answer follows",
                why=f"{beginning[-60:]!r} does not begin the whole text",
                fix="set `chat_template: chatml` in the stage of type base",
            )
    options = {"add_special_tokens": False, "return_attention_mask": False}
    first = tokenizer(prompts, **options)["input_ids"] if prompts else []
    second = tokenizer(wholes, **options)["input_ids"] if wholes else []
    return list(zip(first, second, strict=True))
