"""What a judge leans to beside quality: length, markup, relatives, and answers in the wrong language.

All of these are by item, both orders together, so that position cannot pass for them. They are observations: longer
answers may be better answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from polyarena.judges import Game, collapse
from polyarena.reports.judge_card.units import Unit, by_unit

_MARKS = re.compile(r"^\s{0,3}(?:#{1,6}\s|[-*+]\s|\d{1,3}[.)]\s|>\s|```|\|)|\*\*[^*\n]+\*\*", re.MULTILINE)
Values = Iterator[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Look:
    """How an answer looks, all samples of an item together.

    Attributes:
        length: Characters, on average.
        marks: Headings, list items, quotes, fences, table rows and bold passages, on average.
    """

    length: float
    marks: float


Looks = Mapping[tuple[str, str, str, str], Look]
"""By system, task, language and item."""


def marks(text: str) -> int:
    """Count the marks of Markdown in a text."""
    return len(_MARKS.findall(text))


def looks_of(texts: Mapping[tuple[str, str, str, str], Sequence[str]]) -> Looks:
    """Return how answers look.

    Args:
        texts: The samples of each system, task, language and item.
    """
    return {
        key: Look(sum(map(len, samples)) / len(samples), sum(map(marks, samples)) / len(samples))
        for key, samples in texts.items()
        if samples
    }


Scored = Sequence[tuple[Unit, float]]
"""Items with the score of the system that comes first by name."""


def unit_scores(games: Sequence[Game]) -> list[tuple[Unit, float]]:
    """Return the score of each item, all orders and repeats together; items without any verdict are left out."""
    found = []
    for unit, played in by_unit(games).items():
        (battle,) = collapse(played, unit.first, unit.second)
        if battle.score is not None:
            found.append((unit, battle.score))
    return found


def prefers_longer(scored: Scored, looks: Looks) -> Values:
    """Yield what the longer answer gets of each item; answers of equal length are left out."""
    return _prefers(scored, looks, lambda look: look.length)


def prefers_marked(scored: Scored, looks: Looks) -> Values:
    """Yield what the answer with more Markdown gets of each item; where both have as much, the item is left out."""
    return _prefers(scored, looks, lambda look: look.marks)


def prefers_relatives(scored: Scored, relatives: Sequence[str]) -> Values:
    """Yield what systems of the judge's own family get of each item against systems that are not."""
    for unit, score in scored:
        own = [system in relatives for system in (unit.first, unit.second)]
        if own[0] != own[1]:
            yield unit.source_id, score if own[0] else 1 - score


def tolerates_wrong_language(games: Sequence[Game]) -> Values:
    """Yield what the answer in another language gets of each game in which exactly one is."""
    for game in games:
        if game.wrong_language in ("a", "b"):
            (battle,) = collapse([game], game.system_a, game.system_b)
            if battle.score is not None:
                yield game.source_id, battle.score if game.wrong_language == "a" else 1 - battle.score


def in_wrong_language(games: Sequence[Game], looks: Looks) -> Values:
    """Yield for each answer of each game whether it is marked as another language; only answers that are stored."""
    for game in games:
        for system, marks_of_it in ((game.system_a, ("a", "both")), (game.system_b, ("b", "both"))):
            if (system, game.task, game.language, game.item_id) in looks:
                yield game.source_id, float(game.wrong_language in marks_of_it)


def _prefers(scored: Scored, looks: Looks, of: Callable[[Look], float]) -> Values:
    for unit, score in scored:
        one, other = (looks.get((name, unit.task, unit.language, unit.item_id)) for name in (unit.first, unit.second))
        if one is not None and other is not None and of(one) != of(other):
            yield unit.source_id, score if of(one) > of(other) else 1 - score
