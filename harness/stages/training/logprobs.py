"""Log-probabilities of completions: the loss on held-out rows, and the margin on held-out pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from polyarena.harness.stages.records import Preference
from polyarena.harness.stages.training.models import encode_pairs
from polyarena.tasks.mixtures.records import TrainingRow


def completion_logprobs(
    model: Any, tokenizer: Any, pairs: Sequence[tuple[str, str]], max_length: int, batch_size: int = 8
) -> list[tuple[float, int]]:
    """Return the log-probability of each completion after its prompt, in nats, and its number of tokens.

    Args:
        model: A causal language model.
        tokenizer: Its tokenizer.
        pairs: Prompts and completions.
        max_length: Longer texts are cut at their end, as in training.
        batch_size: Texts at once, of similar lengths.

    Returns:
        In the order of ``pairs``; ``(0.0, 0)`` where nothing of the completion is left.
    """
    encoded = [(len(prompt), whole[:max_length]) for prompt, whole in encode_pairs(tokenizer, pairs)]
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index][1]))
    found: list[tuple[float, int]] = [(0.0, 0)] * len(encoded)
    was_training = model.training
    model.eval()
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        width = max(len(encoded[index][1]) for index in chosen)
        ids = torch.full((len(chosen), width), tokenizer.pad_token_id)
        mask = torch.zeros((len(chosen), width), dtype=torch.long)
        for row, index in enumerate(chosen):
            tokens = encoded[index][1]
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        with torch.inference_mode():
            logits = model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device)).logits.float()
        logprobs = torch.log_softmax(logits[:, :-1], dim=-1)
        each = logprobs.gather(-1, ids[:, 1:, None].to(logprobs.device)).squeeze(-1).cpu()
        for row, index in enumerate(chosen):
            prompt, tokens = encoded[index]
            part = each[row, prompt - 1 : len(tokens) - 1]
            found[index] = (float(part.sum()), int(part.numel()))
    model.train(was_training)
    return found


def loss_by_language(
    model: Any, tokenizer: Any, rows: Sequence[TrainingRow], max_length: int
) -> dict[str, dict[str, float]]:
    """Return the loss on rows: for each language the mean over rows of the mean over tokens, in nats.

    Args:
        model: Of transformers.
        tokenizer: Its tokenizer.
        rows: Prompts with completions; the loss is of the completions alone.
        max_length: In tokens; longer rows are cut.

    Returns:
        By language: ``loss`` and ``rows``. Rows of which nothing is left are not counted.
    """
    each = completion_logprobs(model, tokenizer, [(row.prompt, row.completion) for row in rows], max_length)
    losses: dict[str, list[float]] = {}
    for row, (total, count) in zip(rows, each, strict=True):
        if count:
            losses.setdefault(row.language, []).append(-total / count)
    return {
        language: {"loss": sum(values) / len(values), "rows": len(values)}
        for language, values in sorted(losses.items())
    }


def margins(
    policy: Any, reference: Any, tokenizer: Any, pairs: Sequence[Preference], beta: float, max_length: int
) -> list[float]:
    """Return the implicit reward of the chosen less that of the rejected completion, for each pair.

    The implicit reward is ``beta (log p(y|x) - log p_ref(y|x))`` (Rafailov et al. 2023, arXiv 2305.18290, section 4).

    Args:
        policy: The model that was trained.
        reference: The model before it.
        tokenizer: Of both.
        pairs: With a chosen and a rejected completion.
        beta: Strength of the penalty, without a unit.
        max_length: In tokens; longer texts are cut.

    Returns:
        Margins in nats times ``beta``, in the order of the pairs.
    """
    chosen = [(pair.prompt, pair.chosen) for pair in pairs]
    rejected = [(pair.prompt, pair.rejected) for pair in pairs]
    both = [
        [total for total, _ in completion_logprobs(model, tokenizer, [*chosen, *rejected], max_length)]
        for model in (policy, reference)
    ]
    gains = [beta * (own - other) for own, other in zip(*both, strict=True)]
    return [one - other for one, other in zip(gains[: len(pairs)], gains[len(pairs) :], strict=True)]
