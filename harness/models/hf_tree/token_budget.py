"""How many tokens a batch may have."""

from __future__ import annotations

from typing import Any

import torch

ON_CPU = 1024
"""Tokens of a batch on a processor; memory grows with it."""
LARGEST = 16_384
"""Tokens of a batch on an accelerator: matrix products of this height reach its peak."""
SMALLEST = 512
SHARE = 0.5
"""Of the free memory that the activations of a batch may take."""


def token_budget(model: Any, device: torch.device) -> int:
    """Return the tokens of a batch for a model on a device, a power of two.

    On an accelerator it is what fits into :data:`SHARE` of the memory that is free after loading: of each token, the
    widest activations of one layer in the model's type, its mask against a full batch, and its logits are counted.

    Args:
        model: Of ``transformers``, loaded.
        device: Where it is.
    """
    if device.type != "cuda":
        return ON_CPU
    free, _ = torch.cuda.mem_get_info(device)
    return from_memory(model.config, free, model.dtype.itemsize)


def from_memory(config: Any, free: int, item_bytes: int) -> int:
    """Return the tokens of a batch for a number of free bytes, a power of two from 512 to 16,384.

    Args:
        config: Of the model; sizes that it does not name are taken as those of a usual decoder.
        free: Bytes.
        item_bytes: Of one activation.
    """
    text = config.get_text_config(decoder=True)
    hidden = int(getattr(text, "hidden_size", 4096))
    inner = int(getattr(text, "intermediate_size", None) or 4 * hidden)
    layers = int(getattr(text, "num_hidden_layers", 32))
    heads = int(getattr(text, "num_attention_heads", 32))
    shared = int(getattr(text, "num_key_value_heads", None) or heads)
    kept = 2 * layers * hidden * shared // heads
    per_token = item_bytes * (8 * hidden + 3 * inner + kept)
    budget = LARGEST
    while budget > SMALLEST and budget * (per_token + budget) > SHARE * free:
        budget //= 2
    return budget
