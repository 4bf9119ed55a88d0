"""What an endpoint counted in the answers that are there, as the measure of those that are to come."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from polyarena.harness.planning.tokens import Range
from polyarena.judges.protocol import Call, Reply, message_text

FEWEST = 20
"""Answers of one judge, task and language from which on what the endpoint counted in them is taken."""
MOST = 200
"""Questions of each pair of systems, drawn from all of them, whose answers are looked for."""
WIDTH = 4.0
"""Standard deviations on each side: items that are asked first need not be like the rest."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What questions and answers take, on average over those to come.

    Attributes:
        per_byte: Tokens for each UTF-8 byte of a question's messages, all questions together.
        reply: Tokens of an answer.
        answers: How many answers this rests on.
    """

    per_byte: Range
    reply: Range
    answers: int


def drawn(calls: Sequence[Call], most: int) -> Sequence[Call]:
    """Return the questions, or as many as ``most`` drawn from them at random; the same ones each time."""
    return calls if len(calls) <= most else random.Random(0).sample(calls, most)


def call_size(call: Call) -> int:
    """Return the UTF-8 bytes of a question's messages, its images left out."""
    return sum(len(message_text(turn).encode("utf-8", "replace")) for turn in call.messages)


def measured(answered: Iterable[tuple[Call, Reply]], left: int) -> Measured | None:
    """Return what the endpoint's own counts say of the questions to come.

    The ranges are prediction intervals for the mean of the questions to come, mean ± w · s · √(1/k + 1/n) with k
    answers and n questions to come (Hahn and Meeker 1991, *Statistical Intervals*), never beyond what was seen.

    Args:
        answered: Questions of one judge, task and language, each with its answer.
        left: How many like them are to come.

    Returns:
        ``None`` if fewer than :data:`FEWEST` answers have counts.
    """
    tokens, sizes, lengths = [], [], []
    for call, reply in answered:
        size = call_size(call)
        if reply.prompt_tokens and reply.completion_tokens is not None and size:
            tokens.append(reply.prompt_tokens)
            sizes.append(size)
            lengths.append(reply.completion_tokens)
    if len(tokens) < FEWEST:
        return None
    spread = 1 / len(tokens) + 1 / max(left, 1)
    return Measured(
        ratio_of_sums(tokens, sizes, spread), ratio_of_sums(lengths, [1] * len(lengths), spread), len(tokens)
    )


def ratio_of_sums(tokens: Sequence[int], sizes: Sequence[int], spread: float) -> Range:
    """Return the range of the ratio between two sums, of which pairs of terms were seen.

    It is r ± w · s(tokens - r · sizes) · √spread / mean(sizes), where r is the ratio of the sums that were seen
    (Cochran 1977, *Sampling Techniques*, section 6.3), never beyond the ratios of single pairs.

    Args:
        tokens: Of each question, or of each answer.
        sizes: Of each question, above 0; or ones, for a mean.
        spread: 1/k - 1/N for k pairs drawn from N; 1/k + 1/n for n that are still to come.
    """
    ratio = sum(tokens) / sum(sizes)
    if len(tokens) < 2:
        return Range(ratio, ratio)
    half = WIDTH * stdev(t - ratio * size for t, size in zip(tokens, sizes, strict=True)) * math.sqrt(spread)
    half /= fmean(sizes)
    single = [t / size for t, size in zip(tokens, sizes, strict=True)]
    # A ratio is rounded, and may by that lie outside of equal values.
    return Range(min(ratio, max(min(single), ratio - half)), max(ratio, min(max(single), ratio + half)))
