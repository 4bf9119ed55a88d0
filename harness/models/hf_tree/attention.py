"""Attention of rows that begin with a trunk: a causal kernel for the trunk, a mask for what branches off.

With a mask, a kernel computes all pairs of a row's tokens; a causal one computes half. In a row of a long passage with
short choices, that is nearly half of the attention.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "polyarena_trunk"
"""In the registry of ``transformers``."""


def _attend(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any, **kwargs: Any
) -> tuple[torch.Tensor, None]:
    """Attend as ``sdpa``; queries in front of those that the mask has rows for are a trunk."""
    trunk = query.shape[-2] - attention_mask.shape[-2]
    kwargs.pop("is_causal", None)
    first, _ = sdpa_attention_forward(
        module,
        query[..., :trunk, :],
        key[..., :trunk, :],
        value[..., :trunk, :],
        None,
        is_causal=True,
        **kwargs,
    )
    rest, _ = sdpa_attention_forward(
        module, query[..., trunk:, :], key, value, attention_mask, is_causal=False, **kwargs
    )
    return torch.cat([first, rest], dim=1), None


AttentionInterface.register(NAME, _attend)
AttentionMaskInterface.register(NAME, sdpa_mask)


@contextmanager
def causal_trunks(config: Any) -> Iterator[None]:
    """Let a model whose attention is ``sdpa`` take masks without rows for the tokens of a trunk.

    Args:
        config: Of the decoder.
    """
    before = config._attn_implementation
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = before
