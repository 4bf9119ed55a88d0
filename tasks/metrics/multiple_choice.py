r"""Multiple choice by rank classification: the choice that the model finds most likely is its answer.

Nothing is generated. For an item with choices :math:`c_1 .. c_k` the model gives the natural-log likelihood
:math:`\log p(c_i | prompt)` of each, and the answer is

* ``acc``: the choice with the highest log-likelihood, as in Brown et al. 2020 (arXiv 2005.14165, section 2.4);
* ``acc_bytes``: the choice with the highest log-likelihood per UTF-8 byte. Bytes do not depend on the tokenizer, so two
  models with different vocabularies are normalised alike. A model that knows nothing and spreads its probability evenly
  over bytes prefers the shortest choice under ``acc`` and is indifferent under ``acc_bytes``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item

if TYPE_CHECKING:
    from polyarena.tasks.records import Completion

ACC = "acc"
ACC_BYTES = "acc_bytes"


def gold_share(values: Sequence[float], gold: int) -> float:
    """Return the credit for the gold choice: 1 alone at the top, 1/k in a tie of k, 0 below the top.

    A tie is shared, not given to the first choice, because the order of the choices is arbitrary: the credit is the
    expected value of guessing among the tied choices.

    Args:
        values: One number for each choice, higher is better; ``-inf`` is allowed.
        gold: Index of the right choice.

    Raises:
        ValueError: A value is not a number, there are no values, or ``gold`` is out of range.
    """
    if not 0 <= gold < len(values):
        raise ValueError(f"gold is {gold}, outside of {len(values)} choices")
    if any(math.isnan(value) for value in values):
        raise ValueError("a value is not a number, so no choice is the highest")
    best = max(values)
    return 1 / list(values).count(best) if values[gold] == best else 0.0


def choice_scores(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return ``acc_bytes`` and ``acc`` of one completion, each in [0, 1].

    Args:
        item: A multiple-choice item.
        completion: With ``loglikelihoods`` and ``choice_bytes``, in the order of ``item.choices``.

    Raises:
        DataError: The completion lacks either, has another number of them than the item has choices, or one that is
            not a log-likelihood (not a number, or plus infinity) or not a length.
    """
    loglikelihoods, lengths = completion.loglikelihoods, completion.choice_bytes
    if loglikelihoods is None or lengths is None:
        raise _refused(completion, "the completion of a multiple-choice item lacks log-likelihoods or choice lengths")
    if not len(loglikelihoods) == len(lengths) == len(item.choices):
        raise _refused(
            completion,
            "the completion does not fit the item",
            f"{len(item.choices)} choices, {len(loglikelihoods)} log-likelihoods, {len(lengths)} lengths",
        )
    if item.gold is None or not 0 <= item.gold < len(item.choices):
        raise _refused(completion, "the item has no right choice", f"gold is {item.gold}")
    if any(math.isnan(value) or value == math.inf for value in loglikelihoods):
        raise _refused(completion, "a log-likelihood is not a number", f"the model gave {list(loglikelihoods)}")
    if any(length <= 0 for length in lengths):
        raise _refused(completion, "a choice has no bytes", f"the lengths are {list(lengths)}")
    per_byte = [value / length for value, length in zip(loglikelihoods, lengths, strict=True)]
    return {ACC_BYTES: gold_share(per_byte, item.gold), ACC: gold_share(loglikelihoods, item.gold)}


def _refused(completion: Completion, what: str, why: str = "") -> DataError:
    return DataError(
        what,
        where=f"{completion.system}, {completion.task}, {completion.language}, {completion.item_id}",
        why=why,
        fix="compute this completion again; if that does not help, the model backend is at fault",
    )
