"""Biases of a judge: length, mark-up, self-preference, and answers in the wrong language.

All of these are by item, both orders together, so that position bias does not confound them. They are observations:
longer answers may be better answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from polyarena.judges import Game, collapse
from polyarena.reports.judge_card.units import ItemPair, group_by_item_pair

_MARKS = re.compile(r"^\s{0,3}(?:#{1,6}\s|[-*+]\s|\d{1,3}[.)]\s|>\s|```|\|)|\*\*[^*\n]+\*\*", re.MULTILINE)
Values = Iterator[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class AnswerStyle:
    """Length and mark-up of an answer, all samples of an item together.

    Attributes:
        length: Characters, on average.
        marks: Headings, list items, quotes, fences, table rows and bold passages, on average.
    """

    length: float
    marks: float


AnswerStyles = Mapping[tuple[str, str, str, str], AnswerStyle]
"""By system, task, language and item."""


def marks(text: str) -> int:
    """Count the marks of Markdown in a text."""
    return len(_MARKS.findall(text))


def answer_styles(texts: Mapping[tuple[str, str, str, str], Sequence[str]]) -> AnswerStyles:
    """Return length and mark-up of answers.

    Args:
        texts: The samples of each system, task, language and item.
    """
    return {
        key: AnswerStyle(sum(map(len, samples)) / len(samples), sum(map(marks, samples)) / len(samples))
        for key, samples in texts.items()
        if samples
    }


Scored = Sequence[tuple[ItemPair, float]]
"""Items with the score of the system that comes first by name."""


def item_scores(games: Sequence[Game]) -> list[tuple[ItemPair, float]]:
    """Return the score of each item, all orders and repeats together; items without any verdict are left out."""
    found = []
    for unit, played in group_by_item_pair(games).items():
        (battle,) = collapse(played, unit.first, unit.second)
        if battle.score is not None:
            found.append((unit, battle.score))
    return found


def length_bias(scored: Scored, styles: AnswerStyles) -> Values:
    """Yield what the longer answer gets of each item; answers of equal length are left out."""
    return _prefers(scored, styles, lambda style: style.length)


def markdown_bias(scored: Scored, styles: AnswerStyles) -> Values:
    """Yield what the answer with more Markdown gets of each item; where both have as much, the item is left out."""
    return _prefers(scored, styles, lambda style: style.marks)


def self_preference(scored: Scored, relatives: Sequence[str]) -> Values:
    """Yield what systems of the judge's own family get of each item against systems that are not."""
    for unit, score in scored:
        own = [system in relatives for system in (unit.first, unit.second)]
        if own[0] != own[1]:
            yield unit.source_id, score if own[0] else 1 - score


def wrong_language_bias(games: Sequence[Game]) -> Values:
    """Yield what the answer in another language gets of each game in which exactly one is."""
    for game in games:
        if game.wrong_language in ("a", "b"):
            (battle,) = collapse([game], game.system_a, game.system_b)
            if battle.score is not None:
                yield game.source_id, battle.score if game.wrong_language == "a" else 1 - battle.score


def wrong_language_share(games: Sequence[Game], styles: AnswerStyles) -> Values:
    """Yield for each answer of each game whether it is marked as another language; only answers that are stored."""
    for game in games:
        for system, marks_of_it in ((game.system_a, ("a", "both")), (game.system_b, ("b", "both"))):
            if (system, game.task, game.language, game.item_id) in styles:
                yield game.source_id, float(game.wrong_language in marks_of_it)


def _prefers(scored: Scored, styles: AnswerStyles, of: Callable[[AnswerStyle], float]) -> Values:
    for unit, score in scored:
        one, other = (styles.get((name, unit.task, unit.language, unit.item_id)) for name in (unit.first, unit.second))
        if one is not None and other is not None and of(one) != of(other):
            yield unit.source_id, score if of(one) > of(other) else 1 - score
