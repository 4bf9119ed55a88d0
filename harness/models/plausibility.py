"""Refuses log-likelihoods that no language model can have given.

A server that scores its own words in place of the choices, or an overflow in half precision, gives numbers that look
like scores: accuracies are computed from them, and nothing fails. Four signs tell them apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from polyarena.harness.models.protocol import ChoiceRequest, ChoiceResult
from polyarena.tasks.errors import ModelError

ROUNDING = 1e-3
"""What a log-likelihood of certainty may exceed 0 by, in nats, from rounding."""
MOST_PROBABILITY = 1.05
"""What the probabilities of exclusive choices may sum to; half precision and batches move the last digits."""

_SCORES_TEXTS = "use a server that scores given texts (vLLM's completions with `echo`), or `hf`"


def check_likelihoods(requests: Sequence[ChoiceRequest], results: Sequence[ChoiceResult], where: str) -> None:
    """Check the log-likelihoods of one cell.

    Args:
        requests: What was asked.
        results: The log-likelihood of each choice of each request.
        where: The system, for messages.

    Raises:
        ModelError: A number is missing, not a number, or positive; all choices of every item are equally likely; or
            choices that exclude each other are together more than certain in most items.
    """
    equal, several, certain, exclusive = 0, 0, 0, 0
    for request, result in zip(requests, results, strict=True):
        values = result.loglikelihoods
        if len(values) != len(request.choices):
            raise ModelError(
                f"{len(values)} likelihoods came back for the {len(request.choices)} choices of item "
                f"{request.item_id!r}",
                where=where,
            )
        _check_numbers(request, values, where)
        if len(set(request.choices)) > 1:
            several += 1
            equal += len(set(values)) == 1
        if _exclude_each_other(request.choices):
            exclusive += 1
            certain += math.fsum(math.exp(min(value, 0.0)) for value in values) > MOST_PROBABILITY
    if several and equal == several:
        raise ModelError(
            "all choices of every item are equally likely",
            where=where,
            why=f"the log-likelihoods of {several} items do not depend on the choice (the first is "
            f"{results[0].loglikelihoods[0]:g}): the given texts were not scored",
            fix=f"{_SCORES_TEXTS}; or leave multiple-choice tasks out",
        )
    if 2 * certain > exclusive:
        raise ModelError(
            "choices that exclude each other cannot all be certain",
            where=where,
            why=f"in {certain} of {exclusive} items their probabilities add up to more than 1",
            fix=f"{_SCORES_TEXTS}; or leave multiple-choice tasks out",
        )


def _check_numbers(request: ChoiceRequest, values: Sequence[float], where: str) -> None:
    if any(math.isnan(value) for value in values):
        raise ModelError(
            f"the likelihood of a choice of item {request.item_id!r} is not a number",
            where=where,
            why="numbers of half precision overflow in some models",
            fix="set `dtype: bfloat16` or `dtype: float32`",
        )
    highest = max(values, default=0.0)
    if highest > ROUNDING:
        raise ModelError(
            f"a choice of item {request.item_id!r} has a positive log-likelihood, {highest:g}",
            where=where,
            why="a probability above 1 comes of scores that are not log-probabilities",
            fix=_SCORES_TEXTS,
        )
    if values and max(values) == -math.inf:
        raise ModelError(
            f"every choice of item {request.item_id!r} is impossible",
            where=where,
            why="all log-likelihoods are minus infinity",
            fix="set `dtype: bfloat16` or `dtype: float32`, or use another server",
        )


def _exclude_each_other(choices: Sequence[str]) -> bool:
    """Whether no choice begins with another: the model can then go on with one of them only."""
    ordered = sorted(choices)
    return all(not later.startswith(one) for one, later in itertools.pairwise(ordered))
