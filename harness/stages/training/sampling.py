"""Samples completions from a checkpoint: a loop of its own, since sorting a vocabulary costs more than a small model.

A step computes the logits of the last position alone, takes the ``top_k`` most likely tokens and draws from them. Rows
that ended leave the batch, so that short completions stop costing. Each batch draws from a stream of its own, so that
an interrupted loop goes on with the batch that it was at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from polyarena.harness.stages.parts import in_parts
from polyarena.harness.stages.pipeline.settings import SamplingSettings
from polyarena.harness.stages.protocol import Report, ignore_progress
from polyarena.harness.stages.training.models import chat_text

SHRINK = 0.75
"""The batch is cut down to its unfinished rows when no more than this share of it is unfinished."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion.

    Attributes:
        text: Without special tokens.
        tokens: Generated, the end token included.
        ended: Whether it ended by itself, not at the limit.
    """

    text: str
    tokens: int
    ended: bool


def sample(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    count: int,
    settings: SamplingSettings,
    seed: int,
    *,
    system_prompts: Sequence[str | None] | None = None,
    report: Report = ignore_progress,
    activity: str = "sampling",
    parts: Path | None = None,
) -> list[list[Sample]]:
    """Sample completions of each prompt.

    Args:
        model: A causal language model.
        tokenizer: With a chat template.
        prompts: What the user says.
        count: Completions of each.
        settings: Length, temperature, top-k, batch size.
        seed: The draws depend on it, on the order of prompts and on the batch size.
        system_prompts: Of each prompt, if any.
        report: Receives progress.
        activity: For progress.
        parts: File for the batches that are done, see :func:`polyarena.harness.stages.parts.in_parts`.

    Returns:
        ``count`` completions of each prompt, in order.
    """
    systems = system_prompts or [None] * len(prompts)
    texts = [chat_text(tokenizer, prompt, system) for prompt, system in zip(prompts, systems, strict=True)]
    encoded = tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
    # Prompts of one length share batches: less padding.
    order = [index for index in sorted(range(len(prompts)), key=lambda at: len(encoded[at])) for _ in range(count)]
    batches = [order[start : start + settings.batch_size] for start in range(0, len(order), settings.batch_size)]

    def complete(number: int, batch: Sequence[int]) -> list[dict[str, Any]]:
        report(activity, number * settings.batch_size, len(order), {})
        generator = torch.Generator(device=model.device).manual_seed(_stream(seed, number))
        completed = _batch(model, tokenizer, [encoded[index] for index in batch], settings, generator)
        return [asdict(_sample(tokens, tokenizer, ends)) for tokens in completed]

    found: list[list[Sample]] = [[] for _ in prompts]
    ends = end_tokens(model, tokenizer)
    was_training = model.training
    model.eval()
    for batch, samples in zip(batches, in_parts(parts, batches, complete), strict=True):
        for index, each in zip(batch, samples, strict=True):
            found[index].append(Sample(**each))
    model.train(was_training)
    return found


def _stream(seed: int, number: int) -> int:
    """Return the seed of a batch: neighbouring seeds and batches have nothing in common."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{number}".encode()).digest()[:8], "big")


def _sample(tokens: Sequence[int], tokenizer: Any, ends: set[int]) -> Sample:
    text = tokenizer.decode(tokens, skip_special_tokens=True).strip()
    return Sample(text, len(tokens), bool(tokens) and tokens[-1] in ends)


def end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """Return the tokens that end a completion."""
    configured = getattr(model.generation_config, "eos_token_id", None)
    listed = configured if isinstance(configured, list) else [configured]
    return {int(token) for token in (*listed, tokenizer.eos_token_id) if token is not None}


def _batch(
    model: Any, tokenizer: Any, prompts: Sequence[Sequence[int]], settings: SamplingSettings, generator: torch.Generator
) -> list[list[int]]:
    """Return the generated tokens of each prompt, the end token included."""
    with torch.inference_mode():
        return _generate(model, tokenizer, prompts, settings, generator)


def _generate(
    model: Any, tokenizer: Any, prompts: Sequence[Sequence[int]], settings: SamplingSettings, generator: torch.Generator
) -> list[list[int]]:
    device, ends = model.device, torch.tensor(sorted(end_tokens(model, tokenizer)), device=model.device)
    width = max(len(prompt) for prompt in prompts)
    ids = torch.full((len(prompts), width), tokenizer.pad_token_id, device=device)
    mask = torch.zeros((len(prompts), width), dtype=torch.long, device=device)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.tensor(prompt, device=device)
        mask[row, width - len(prompt) :] = 1
    alive = list(range(len(prompts)))
    generated: list[list[int]] = [[] for _ in prompts]
    cache = None
    for _ in range(settings.max_tokens):
        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        output = model(
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True,
            logits_to_keep=1,
        )  # fmt: skip
        cache = output.past_key_values
        drawn = _draw(output.logits[:, -1].float(), settings, generator)
        for row, token in zip(alive, drawn.tolist(), strict=True):
            if row >= 0:
                generated[row].append(token)
        finished = torch.isin(drawn, ends)
        alive = [-1 if done else row for row, done in zip(alive, finished.tolist(), strict=True)]
        left = [place for place, row in enumerate(alive) if row >= 0]
        if not left:
            break
        if len(left) <= SHRINK * len(alive):
            kept = torch.tensor(left, device=device)
            cache.batch_select_indices(kept)
            mask, drawn, alive = mask[kept], drawn[kept], [alive[place] for place in left]
        ids = drawn[:, None]
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
    return generated


def _draw(logits: torch.Tensor, settings: SamplingSettings, generator: torch.Generator) -> torch.Tensor:
    if settings.temperature == 0:
        return logits.argmax(-1)
    best, tokens = logits.topk(min(settings.top_k, logits.shape[-1]), dim=-1)
    shares = torch.softmax(best / settings.temperature, dim=-1)
    return tokens.gather(-1, torch.multinomial(shares, 1, generator=generator)).squeeze(-1)
