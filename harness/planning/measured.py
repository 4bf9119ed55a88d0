"""What an endpoint counted in the answers that are there, as the measure of those that are to come."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from polyarena.harness.planning.tokens import Range
from polyarena.judges.protocol import Call, Reply, message_text

FEWEST = 20
"""Answers of one judge, task and language from which on what the endpoint counted in them is taken."""
MOST = 200
"""Questions of each pair of systems, spread over all of them, whose answers are looked for."""
WIDTH = 4.0
"""Standard deviations on each side: items that are asked first need not be like the rest."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What questions and answers take, on average over those to come.

    Attributes:
        per_byte: Tokens for each UTF-8 byte of a question's messages.
        reply: Tokens of an answer.
        answers: How many answers this rests on.
    """

    per_byte: Range
    reply: Range
    answers: int


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
    ratios, lengths = [], []
    for call, reply in answered:
        size = call_size(call)
        if reply.prompt_tokens and reply.completion_tokens is not None and size:
            ratios.append(reply.prompt_tokens / size)
            lengths.append(float(reply.completion_tokens))
    if len(ratios) < FEWEST:
        return None
    return Measured(_mean_to_come(ratios, left), _mean_to_come(lengths, left), len(ratios))


def _mean_to_come(seen: Sequence[float], left: int) -> Range:
    mean = fmean(seen)
    half = WIDTH * stdev(seen) * math.sqrt(1 / len(seen) + 1 / max(left, 1))
    # A mean is rounded, and may by that lie outside of equal values.
    return Range(min(mean, max(min(seen), mean - half)), max(mean, min(max(seen), mean + half)))
