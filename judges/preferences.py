"""Preference data: which of two answers people chose, as a test of a judge.

As in RewardBench and M-RewardBench (Gureja et al. 2024, arXiv 2410.15522): a prompt, the chosen and the rejected
answer, language and category.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from polyarena.judges.collapse import SCORES
from polyarena.judges.protocol import Answer, AnswerGroup, Match, Verdict

PAIRS_IN_GROUP = 32
"""Pairs whose answers are scored together."""


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """One pair of answers of which people chose one.

    Attributes:
        id: Shared by all translations of the pair.
        language: ``lang_Script``.
        category: Such as ``Safety``.
        prompt: What was asked.
        chosen: The better answer.
        rejected: The worse one.
    """

    id: str
    language: str
    category: str
    prompt: str
    chosen: str
    rejected: str


def preference_matches(preferences: Iterable[PreferencePair]) -> Iterator[Match]:
    """Yield two matches for each pair: the chosen answer first, then second."""
    remaining = iter(preferences)
    while some := list(islice(remaining, PAIRS_IN_GROUP)):
        group = AnswerGroup(tuple((each.prompt, text) for each in some for text in (each.chosen, each.rejected)))
        for each in some:
            chosen, rejected = (Answer(text, group=group) for text in (each.chosen, each.rejected))
            for place, (a, b) in enumerate(((chosen, rejected), (rejected, chosen))):
                key = f"preferences/{each.language}/{each.id}/{place}"
                yield Match(each.language, each.prompt, a, b, key=key, category=each.category)


def preference_scores(
    preferences: Sequence[PreferencePair], verdicts: Iterable[Verdict]
) -> Iterator[tuple[PreferencePair, float | None]]:
    """Yield what the chosen answer got of each pair, both orders together.

    A tie is half a point; ``None`` stands for a pair of which neither game has a verdict.

    Args:
        preferences: As given to :func:`preference_matches`.
        verdicts: On its matches, in their order.
    """
    remaining = iter(verdicts)
    for each in preferences:
        points = []
        for chosen_first in (True, False):
            verdict = next(remaining)
            worth = SCORES[verdict.label]
            if worth is not None:
                worth = worth if verdict.score is None else verdict.score
                points.append(worth if chosen_first else 1 - worth)
        yield each, sum(points) / len(points) if points else None
