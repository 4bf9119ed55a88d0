"""Decides by measurement whether a loaded model gives the same numbers by a tree as by plain forward passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from polyarena.harness.models.hf_tree.block_attention import BLOCK
from polyarena.harness.models.hf_tree.engine import Engine
from polyarena.harness.models.hf_tree.forward import SHORT, Decoder, obstacle
from polyarena.harness.models.hf_tree.tree import Request

TOLERANCES = {torch.float32: 2e-3, torch.bfloat16: 0.5, torch.float16: 0.1}
"""Largest difference of two log-likelihoods of a token, in nats, that rounding explains, by data type.

A model that ignores the mask or the positions differs by whole nats in a random text.
"""
_PREFIX, _TAIL, _BRANCHES, _BLOCK = 12, 3, 6, 5
_LONG_PREFIX, _LENGTHS = 70, (3, 5, 40, 135, 230)


def find_decoder(lm: Any) -> tuple[Decoder | None, str]:
    """Return a decoder that scores a small tree of random tokens as plain passes do, or why there is none.

    The tree has a prefix that is computed by itself, several trees in a row, and branches of different lengths: all
    that a model must take for the numbers to agree. On a processor in float32, a decoder with attention in blocks
    is tried first.

    Args:
        lm: A causal model of lm-eval's class ``HFLM``.
    """
    reason = obstacle(lm)
    if reason:
        return None, reason
    requests = _requests(int(lm.model.config.get_text_config(decoder=True).vocab_size))
    plain: list[float] = []
    in_blocks = lm.device.type == "cpu" and lm.model.dtype == torch.float32
    for tried, block in ((_BLOCK, BLOCK), (None, None)) if in_blocks else ((None, None),):
        try:
            by_tree = _by_tree(Decoder(lm.model, block=tried), requests)
        except Exception as error:  # noqa: BLE001 - whatever a model's code raises, lm-eval's way remains
            reason = f"its code refuses a tree: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            continue
        plain = plain or [_plain(lm, request) for request in requests]
        worst = max(abs(one - other) / len(r.targets) for one, other, r in zip(by_tree, plain, requests, strict=True))
        limit = TOLERANCES.get(lm.model.dtype, 0.5)
        if worst <= limit:
            return Decoder(lm.model, block=block), ""
        reason = f"a tree of random tokens differs from plain passes by {worst:.2g} nats a token (limit {limit:g})"
    return None, reason


def find_invariant_decoder(lm: Any) -> Decoder | None:
    """Return a decoder by which no score depends on what is asked beside it, to the last bit, if this device has one.

    Random questions of different lengths are scored together, each by itself, backwards in batches of another size, and
    on one thread. Where their bits differ, they are scored again with all numbers of keys padded to one block.

    Args:
        lm: A causal model of lm-eval's class ``HFLM`` that the engine can score.
    """
    for short in (SHORT, 0):
        decoder = Decoder(lm.model, short)
        if _is_invariant(decoder, _questions(int(decoder.config.vocab_size))):
            return decoder
    return None


def _questions(vocabulary: int) -> list[list[Request]]:
    generator = np.random.default_rng(1)

    def some(count: int) -> tuple[int, ...]:
        return tuple(int(token) for token in generator.integers(vocabulary, size=count))

    shared, found = some(_LONG_PREFIX), []
    for place, length in enumerate(_LENGTHS):
        context = (*(shared if place % 2 else ()), *some(length))
        targets = [some(size) for size in (1, 2)]
        found.append([Request((*context, *target)[:-1], target) for target in targets])
    return found


def _is_invariant(decoder: Decoder, questions: list[list[Request]]) -> bool:
    everything = list(range(len(questions)))

    def scored(order: list[int], budget: int) -> dict[int, list[tuple[float, bool]]]:
        engine = Engine(decoder, budget, store_bytes=0, apart=True)
        flat = [request for number in order for request in questions[number]]
        scores = iter(engine.score(flat, [number for number in order for _ in questions[number]]))
        return {number: [next(scores) for _ in questions[number]] for number in order}

    together = scored(everything, 1024)
    if scored(everything[::-1], 1) != together:
        return False
    if any(scored([number], 1024)[number] != together[number] for number in everything):
        return False
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return scored(everything, 256) == together
    finally:
        torch.set_num_threads(threads)


def _requests(vocabulary: int) -> list[Request]:
    generator = np.random.default_rng(0)

    def some(count: int) -> tuple[int, ...]:
        return tuple(int(token) for token in generator.integers(vocabulary, size=count))

    shared = some(_PREFIX)
    contexts = [(*shared, *some(_TAIL + extra)) for extra in range(_BRANCHES)]
    requests = []
    for context in contexts:
        for size in (1, 3):
            targets = some(size)
            requests.append(Request((*context, *targets)[:-1], targets))
    return requests


def _by_tree(decoder: Decoder, requests: list[Request]) -> list[float]:
    engine = Engine(decoder, budget=64, store_bytes=0, row=16, least_saved=8)
    return [value for value, _ in engine.score(requests)]


def _plain(lm: Any, request: Request) -> float:
    with torch.inference_mode():
        logits = lm.model(torch.tensor([request.inputs], device=lm.device)).logits[0].float()
    places = range(request.first_scored, len(request.inputs))
    logs = logits[list(places)].log_softmax(-1).cpu()
    return float(sum(logs[at, target] for at, target in enumerate(request.targets)))
