"""One forward pass of a ``transformers`` decoder over the rows of a batch; called in torch's inference mode."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from polyarena.harness.models.hf_tree.block_attention import attend_in_blocks, key_blocks
from polyarena.harness.models.hf_tree.packing import Piece

LOGIT_BYTES = 1 << 28
"""Memory of the logits of one chunk of scored positions, in float32."""

MULTIPLE = 16
"""Of tokens, for numbers that do not depend on the batch: matrix products of a few rows are summed in other ways."""
SHORT = 192
"""Keys that a product sums in one go; above, their number is padded to a multiple of 512."""
BLOCK, SHORT_BLOCK = 512, 64
"""Keys that attention on a processor takes at a time, and what a smaller number of them is padded to a multiple of."""

LONG_CHAIN = 2048
"""Tokens of a chain above which the usual causal attention saves as much as blocks do, without a mask in memory."""

KeysAndValues = list[tuple[torch.Tensor, torch.Tensor]]
"""Of each layer; shapes ``(1, heads, tokens, head size)``."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of a batch as arrays of shape ``(rows, tokens)``.

    Attributes:
        tokens: Token ids; 0 in the padding on the right.
        depths: Position of each token in its own text.
        last: The place of the last descendant of each token: a token attends to those at or before it whose last
            descendant is at or after it, which are its ancestors and itself. Padding has itself alone.
        chains: Whether each row is one chain, for which the usual causal mask is the right one.
    """

    tokens: np.ndarray
    depths: np.ndarray
    last: np.ndarray
    chains: bool


def lay_out(rows: Sequence[Sequence[Piece]], multiple: int = 1) -> tuple[Layout, dict[int, tuple[int, int]]]:
    """Return the arrays of rows, and where each node's first token stands, by the identity of the node.

    Args:
        rows: The pieces of each row.
        multiple: What the length of the rows is a multiple of; above 1, no row has the usual causal mask.
    """
    length = max(sum(piece.size for piece in row) for row in rows)
    length += -length % multiple
    tokens = np.zeros((len(rows), length), np.int64)
    depths = np.tile(np.arange(length), (len(rows), 1))
    last = np.tile(np.arange(length), (len(rows), 1))
    places: dict[int, tuple[int, int]] = {}
    chains = multiple == 1
    for row, pieces in enumerate(rows):
        at = 0
        chains &= len(pieces) == 1
        for piece in pieces:
            end = at + piece.size
            for node, size in piece.nodes():
                stop = at + len(node.tokens)
                places[id(node)] = row, at
                tokens[row, at:stop] = node.tokens
                depths[row, at:stop] = np.arange(node.start, node.end)
                last[row, at:stop] = at + size - 1
                chains &= at + size == end
                at = stop
    return Layout(tokens, depths, last, chains), places


class Decoder:
    """A decoder that takes position ids, keys and values of a prefix, and a mask of its own.

    Args:
        model: A causal model of ``transformers``, or one with adapters around it.
        short: For sums in an order that depends on each text alone: the largest number of keys that is not padded.
            Tokens, keys and scored positions are then computed in such numbers that no other text changes the way in
            which they are summed. ``None`` pads nothing.
        block: For a processor: queries that attention takes at a time, and no keys after them. ``None`` leaves
            attention to ``transformers``.
    """

    def __init__(self, model: Any, short: int | None = None, block: int | None = None) -> None:
        self.multiple = 1 if short is None else MULTIPLE
        self._short = short
        self.model = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.config = self.model.config.get_text_config(decoder=True)
        self.body = self.model.base_model
        self._window = _window(self.config)
        types = set(getattr(self.config, "layer_types", None) or ())
        self._by_layer_type = "sliding_attention" in types
        sdpa = self.config._attn_implementation == "sdpa"
        taken = inspect.signature(type(self.body).forward).parameters.values()
        self._block = block if sdpa and any(each.kind is each.VAR_KEYWORD for each in taken) else None
        self._additive = not sdpa or self._block is not None

    @property
    def device(self) -> torch.device:
        """Where token ids go."""
        return torch.device(self.model.get_input_embeddings().weight.device)

    def hidden(self, layout: Layout, past: KeysAndValues | None, keep: bool) -> tuple[Any, KeysAndValues]:
        """Run the layers over a batch.

        Args:
            layout: The rows.
            past: Keys and values of what all rows begin with.
            keep: Whether the keys and values of the rows (and of ``past``) are wanted.

        Returns:
            The output of the model's body, and its keys and values (none unless they are wanted).
        """
        before = past[0][0].shape[-2] if past else 0
        keys = self._padded(before + layout.tokens.shape[1])
        cache = None
        if keep or past or self._short is not None:
            cache = _cache(past, len(layout.tokens), None if self._short is None else keys)
        masks = self._masks(layout, before, keys)
        block = None if masks is None else self._block
        blocks = {} if block is None else {"key_blocks": key_blocks(layout.last, before, block)}
        with attend_in_blocks(self.config) if blocks else nullcontext():
            output = self.body(
                input_ids=torch.from_numpy(layout.tokens).to(self.device),
                attention_mask=masks,
                position_ids=torch.from_numpy(layout.depths).to(self.device),
                past_key_values=cache,
                use_cache=cache is not None,
                **blocks,
            )
        if not keep or cache is None:
            return output, []
        return output, [(layer.keys, layer.values) for layer in cache.layers]

    def logits(self, output: Any, rows: torch.Tensor, places: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield the logits at some positions, in chunks of shape ``(positions, vocabulary)``.

        The head is applied by the model's own forward, which knows of scales and caps, with the body's output in the
        place of its body.

        Args:
            output: Of :meth:`hidden`.
            rows: Row of each position.
            places: Place of each position in its row.
        """
        states = output.last_hidden_state
        more = -len(rows) % self.multiple
        rows, places = torch.cat([rows, rows[:1].repeat(more)]), torch.cat([places, places[:1].repeat(more)])
        chosen = states[rows.to(states.device), places.to(states.device)]
        chunk = max(1, LOGIT_BYTES // 4 // int(self.config.vocab_size) // self.multiple) * self.multiple
        for part in chosen.split(chunk):
            body = type(output)(last_hidden_state=part[None])
            own = self.body.__dict__.get("forward")
            self.body.forward = lambda *_, body=body, **__: body
            try:
                yield self.model(input_ids=torch.zeros((1, len(part)), dtype=torch.long)).logits[0]
            finally:
                if own is None:
                    del self.body.forward
                else:
                    self.body.forward = own

    def _padded(self, keys: int) -> int:
        if self._short is None:
            return keys
        return keys + -keys % (SHORT_BLOCK if keys <= self._short else BLOCK)

    def _masks(self, layout: Layout, before: int, keys: int) -> Any:
        """Return what the model takes as its attention mask; ``None`` where its own causal mask is right."""
        depths = torch.from_numpy(layout.depths).to(self.device)
        windowed = self._window is not None and int(layout.depths.max()) >= self._window
        short = self._block is not None and keys <= LONG_CHAIN
        if layout.chains and not before and not windowed and not short:
            return None
        last = torch.from_numpy(layout.last).to(self.device)
        slots = torch.arange(last.shape[1], device=self.device)
        tree = (slots[None, None, :] <= slots[None, :, None]) & (slots[None, :, None] <= last[:, None, :])
        full = torch.cat([tree.new_ones((*tree.shape[:2], before)), tree], dim=-1) if before else tree
        beyond = keys - full.shape[-1]
        if beyond:
            full = torch.nn.functional.pad(full, (0, beyond))
        if not windowed:
            return self._format(full)
        past = torch.arange(before, device=self.device).expand(len(last), -1)
        distance = depths[:, :, None] - torch.cat([past, depths, depths[:, :1].expand(-1, beyond)], dim=-1)[:, None, :]
        sliding = self._format(full & (distance < self._window))
        if self._by_layer_type:
            return {"full_attention": self._format(full), "sliding_attention": sliding}
        return sliding

    def _format(self, allowed: torch.Tensor) -> torch.Tensor:
        if not self._additive:
            return allowed[:, None]
        dtype = self.model.dtype
        return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill_(
            ~allowed, torch.finfo(dtype).min
        )[:, None]


def obstacle(lm: Any) -> str:
    """Return why a model of lm-eval's ``hf`` cannot be scored by a tree, from its class and settings; empty if it may.

    What the settings do not show is found by :func:`polyarena.harness.models.hf_tree.self_test.find_decoder`.
    """
    model = lm.model.get_base_model() if hasattr(lm.model, "get_base_model") else lm.model
    if getattr(model, "base_model", model) is model:
        return f"{type(model).__name__} has no body apart from its head"
    taken = inspect.signature(type(model.base_model).forward).parameters
    lacking = [name for name in ("position_ids", "attention_mask", "past_key_values") if name not in taken]
    if lacking:
        return f"{type(model).__name__} takes no {', '.join(lacking)}"
    config = model.config.get_text_config(decoder=True)
    others = sorted(set(getattr(config, "layer_types", None) or ()) - {"full_attention", "sliding_attention"})
    if others:
        return f"{type(model).__name__} has layers of {', '.join(others)}"
    if config._attn_implementation not in ("sdpa", "eager"):
        return f"the attention implementation {config._attn_implementation!r} takes no mask of ours"
    return ""


class _PaddedLayer(DynamicLayer):  # type: ignore[misc]
    """A layer that hands its keys and values out with zeros behind them, which the mask leaves out."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def update(self, *args: Any, **kwargs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = super().update(*args, **kwargs)
        more = (0, 0, 0, self._size - keys.shape[-2])
        return torch.nn.functional.pad(keys, more), torch.nn.functional.pad(values, more)


def _cache(past: KeysAndValues | None, rows: int, padded: int | None) -> DynamicCache:
    """Return a cache with a prefix for each of some rows, of layers that forget nothing (also sliding ones).

    Args:
        past: Keys and values of the prefix.
        rows: How many rows continue it.
        padded: How many keys a layer hands out; as many as it has if ``None``.
    """
    new_layer = DynamicLayer if padded is None else partial(_PaddedLayer, padded)
    cache = DynamicCache()
    cache.layer_class_to_replicate = new_layer
    for keys, values in past or ():
        layer = new_layer()
        layer.lazy_initialization(keys, values)
        layer.keys, layer.values = keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1)
        cache.layers.append(layer)
    return cache


def _window(config: Any) -> int | None:
    """Return the width of sliding attention, if any layer has it."""
    types = getattr(config, "layer_types", None)
    if types is not None and "sliding_attention" not in types:
        return None
    if getattr(config, "use_sliding_window", True) is False and types is None:
        return None
    width = getattr(config, "sliding_window", None)
    return int(width) if width else None
