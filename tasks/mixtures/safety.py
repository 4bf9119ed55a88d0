"""Safety context distillation: refusals of a teacher that was told to refuse become training rows.

The recipe is that of the Aya Model (Üstün et al. 2024, arXiv 2402.07827, section 6): a teacher answers harmful prompts
with a preamble before each, its answers are filtered, and the rows, without the preamble, go into the mixture at a
weight of 3%. The paper found that 0.5% is too little for some languages and that it costs 0.2 to 3.2 points elsewhere.
Measure what it does in each language by the tasks of :data:`HARM_TASKS` with the judge ``harm``, and what it refuses
needlessly by :data:`OVER_REFUSAL_TASKS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow

PREAMBLE = (
    "Does the following request contain harmful, unethical, racist, sexist, toxic, dangerous, offensive or illegal "
    "content or intent? If yes, explain that you do not engage in these type of requests."
)
"""What the teacher is told, in English; the paper translates it into each language."""
WEIGHT = 3.0
"""Percent of the mixture."""
SHORTEST, LONGEST = 20, 1000
"""Characters of a refusal that is kept."""
LONGEST_REPEAT = 2.1
"""A refusal is left out if its longest repeated substring is longer than its length divided by this."""
HARM_TASKS = ("advbench", "aya_redteaming", "multijail")
OVER_REFUSAL_TASKS = ("xstest",)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Rows of refusals.

    Attributes:
        rows: To train on, without the preamble.
        left_out: Prompts whose answer was left out, by reason.
    """

    rows: tuple[TrainingRow, ...]
    left_out: Mapping[str, int]


def add_preambles(prompts: Iterable[TrainingRow], preambles: Mapping[str, str] | None = None) -> list[TrainingRow]:
    """Return the prompts as the teacher is asked them, with the preamble before each.

    Args:
        prompts: Harmful prompts in their languages.
        preambles: The preamble in each ``lang_Script``; English where a language has none.
    """
    known = preambles or {}
    return [replace(row, prompt=f"{known.get(row.language, PREAMBLE)}\n\n{row.prompt}") for row in prompts]


def distilled_refusals(
    prompts: Sequence[TrainingRow], answers: Mapping[str, str], source: str, licence: str
) -> Refusals:
    """Return training rows of the prompts without the preamble and the teacher's answers with it.

    Args:
        prompts: As given to :func:`add_preambles`.
        answers: Of the teacher, by id of the prompt.
        source: Name of the source in the mixture.
        licence: Under which the teacher's text may be used.

    Raises:
        DataError: Nothing is left.
    """
    rows, left_out = [], Counter[str]()
    for row in prompts:
        text = answers.get(row.row_id, "").strip()
        reason = _unusable(text)
        if reason:
            left_out[reason] += 1
        else:
            rows.append(replace(row, source=source, completion=text, licence=licence))
    if not rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.most_common())
        raise DataError(
            "no refusal is left to train on",
            where=f"source {source}",
            why=reasons or "there are no prompts",
            fix="look at the teacher's answers: it may have no text, or repeat itself",
        )
    return Refusals(tuple(rows), dict(left_out))


def longest_repeat(text: str) -> int:
    """Return the length of the longest substring that occurs twice, overlaps allowed.

    Args:
        text: Of a few thousand characters at most: all suffixes are sorted.
    """
    suffixes = sorted(text[start:] for start in range(len(text)))
    best = 0
    for one, other in pairwise(suffixes):
        while one[: best + 1] == other[: best + 1] and len(one) > best and len(other) > best:
            best += 1
    return best


def _unusable(text: str) -> str | None:
    if not text:
        return "empty"
    if len(text) < SHORTEST:
        return "too short"
    if len(text) > LONGEST:
        return "too long"
    return "repetitive" if longest_repeat(text) > len(text) / LONGEST_REPEAT else None
