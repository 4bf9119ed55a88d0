"""Contexts and continuations as tokens, exactly as lm-eval's ``hf`` makes them, in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lm_eval.models.utils import _add_special_kwargs, has_bos_prefix

Pair = tuple[str, str]
Encoded = tuple[tuple[int, ...], tuple[int, ...]]


def encode_pairs(lm: Any, pairs: Sequence[Pair]) -> list[Encoded]:
    """Return the tokens of context and continuation of each pair.

    As lm-eval: spaces at the end of a context move to the continuation; context and continuation are encoded together,
    and the continuation is what follows as many tokens as the context has by itself (so where a tokenizer merges
    across the boundary, the two are not the tokens of the joined text); after an empty context stands the model's
    prefix token. Encoder-decoders encode the two apart.

    Args:
        lm: A model of lm-eval's class ``HFLM``.
        pairs: Context and continuation.

    Raises:
        ValueError: A continuation is empty, or has no token of its own.
    """
    causal = lm.backend == "causal"
    moved = [_move_spaces(*pair) if pair[0] else pair for pair in pairs]
    whole = _Encoder(lm, None)
    bare = _Encoder(lm, False)
    for context, continuation in moved:
        if context:
            whole.add(context)
        if context and causal:
            whole.add(context + continuation)
        else:
            bare.add(continuation)
    whole.run()
    bare.run()
    encoded = []
    for place, (context, continuation) in enumerate(moved):
        if not context:
            both = _after_nothing(lm.prefix_token_id, bare[continuation])
        elif causal:
            before = whole[context]
            both = before, whole[context + continuation][len(before) :]
        else:
            both = whole[context], bare[continuation]
        if not both[1]:
            raise ValueError(_nothing_to_score(pairs[place]))
        encoded.append((tuple(both[0]), tuple(both[1])))
    return encoded


def count_tokens(lm: Any, texts: Iterable[str], special: bool | None) -> dict[str, int]:
    """Return how many tokens each text has, encoded as by lm-eval's ``tok_encode``.

    Args:
        lm: A model of lm-eval's class ``HFLM``.
        texts: An empty one has none.
        special: Whether special tokens are added; as for a context if ``None``.
    """
    distinct = dict.fromkeys(texts)
    encoder = _Encoder(lm, special)
    for text in distinct:
        if text:
            encoder.add(text)
    encoder.run()
    return {text: len(encoder[text]) if text else 0 for text in distinct}


class _Encoder:
    """Encodes distinct texts, all in one call of the tokenizer, which then uses all cores."""

    def __init__(self, lm: Any, special: bool | None) -> None:
        self._lm = lm
        self._special = special
        self._tokens: dict[str, list[int]] = {}

    def add(self, text: str) -> None:
        self._tokens.setdefault(text, [])

    def __getitem__(self, text: str) -> list[int]:
        return self._tokens[text]

    def run(self) -> None:
        texts = list(self._tokens)
        if self._special is not None:
            self._encode(texts, _add_special_kwargs(self._special, self._lm.add_bos_token))
            return
        # A template may have written the BOS already; the tokenizer must not add another.
        bos = self._lm.tokenizer.decode(self._lm.prefix_token_id)
        self._encode((t for t in texts if has_bos_prefix(t, bos)), {"add_special_tokens": False})
        arguments = _add_special_kwargs(None, self._lm.add_bos_token)
        self._encode((t for t in texts if not has_bos_prefix(t, bos)), arguments)

    def _encode(self, texts: Iterable[str], arguments: dict[str, Any]) -> None:
        listed = list(texts)
        if listed:
            encoded = self._lm.tokenizer(listed, return_attention_mask=False, **arguments)["input_ids"]
            self._tokens.update(zip(listed, encoded, strict=True))


def _move_spaces(context: str, continuation: str) -> Pair:
    stripped = context.rstrip()
    return stripped, context[len(stripped) :] + continuation


def _after_nothing(prefix: int, continuation: list[int]) -> tuple[list[int], list[int]]:
    """As lm-eval: the prefix token is the context, unless the continuation begins with it already."""
    if continuation and continuation[0] == prefix:
        return continuation[:1], continuation[1:]
    return [prefix], continuation


def _nothing_to_score(pair: Pair) -> str:
    context, continuation = pair
    if not continuation:
        return f"an empty choice cannot be scored (after {context[-40:]!r})"
    return f"the choice {continuation[:40]!r} has no token of its own after {context[-40:]!r}"
