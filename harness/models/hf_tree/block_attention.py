"""Attention on a processor that takes a block of queries at a time, and the keys that the block can see.

torch's attention computes the products of all queries with all keys (causal attention leaves keys out by 512) and masks
them afterwards. In a row of tokens that attend backwards only, half of the products are masked; in one of short trees,
most are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

BLOCK = 64
"""Queries of a block."""
NAME = "polyarena_blocks"

KeyBlocks = Sequence[tuple[slice, slice]]
"""Queries of each block, and the keys that any of them can see."""


def key_blocks(last: np.ndarray, before: int, size: int) -> KeyBlocks:
    """Return the blocks of the rows of a batch.

    Args:
        last: The place of the last descendant of each token, of shape ``(rows, tokens)``.
        before: Keys of the prefix of all rows.
        size: Queries of a block.
    """
    blocks = []
    for start in range(0, last.shape[1], size):
        stop = min(start + size, last.shape[1])
        first = 0 if before else int((last >= start).argmax(axis=1).min())
        blocks.append((slice(start, stop), slice(first, before + stop)))
    return blocks


@contextmanager
def attend_in_blocks(config: Any) -> Iterator[None]:
    """Let the attention of a model with this configuration take ``key_blocks`` where they reach it."""
    own = config._attn_implementation
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = own


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    *,
    scaling: float | None = None,
    key_blocks: KeyBlocks | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Compute what ``sdpa`` computes, in blocks."""
    extras = ("softcap", "position_bias", "s_aux")
    if key_blocks is None or any(kwargs.get(extra) is not None for extra in extras):
        whole: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
        return whole
    result = query.new_empty((len(query), query.shape[2], query.shape[1], value.shape[-1]))
    for queries, keys in key_blocks:
        part = torch.nn.functional.scaled_dot_product_attention(
            query[:, :, queries],
            key[:, :, keys],
            value[:, :, keys],
            attn_mask=attention_mask[:, :, queries, keys],
            scale=scaling,
            enable_gqa=True,
        )
        result[:, queries] = part.transpose(1, 2)
    return result, None


AttentionInterface.register(NAME, _attend)
