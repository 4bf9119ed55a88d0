"""Collapses the games of an item into one battle: the unit of every win rate is the item, never the game."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from polyarena.judges.records import Battle, Game, Label
from polyarena.tasks.errors import DataError

SCORES: Mapping[Label, float | None] = MappingProxyType(
    {
        Label.A_MUCH: 1.0,
        Label.A: 1.0,
        Label.TIE: 0.5,
        Label.B: 0.0,
        Label.B_MUCH: 0.0,
        Label.INVALID: None,
    }
)
"""What a label is worth to the system that was shown first; the other one gets the rest to 1.

``>>`` counts as ``>``, ties count half, and a game without a verdict has no score.
"""


def collapse(games: Iterable[Game], candidate: str, baseline: str) -> list[Battle]:
    """Average all games of each item, over both orders, all samples and all repeats.

    Contradicting orders thus make half a point, as a tie does; nothing is dropped because games disagree.

    Args:
        games: Between the two systems, of any judges, tasks and languages, in any order.
        candidate: The system that the scores are about.
        baseline: The other one.

    Returns:
        One battle for each judge, task, language and item, sorted by these.

    Raises:
        DataError: A game occurs twice, is between other systems, has an unknown label, or disagrees with the other
            games of its item on the ``source_id``.
    """
    by_item: defaultdict[tuple[str, str, str, str], dict[tuple[str, str, int], Game]] = defaultdict(dict)
    for game in games:
        if {game.system_a, game.system_b} != {candidate, baseline}:
            raise DataError(
                f"a game between {game.system_a!r} and {game.system_b!r}",
                where=_where(game),
                why=f"only games between {candidate!r} and {baseline!r} are collapsed here",
            )
        of_item = by_item[game.judge, game.task, game.language, game.item_id]
        key = (game.system_a, game.system_b, game.repeat)
        if key in of_item:
            raise DataError(
                f"two games of {game.system_a!r} against {game.system_b!r} with repeat {game.repeat}",
                where=_where(game),
                fix="keep one of them",
            )
        of_item[key] = game
    return [_battle(list(by_item[key].values()), candidate, baseline) for key in sorted(by_item)]


def _battle(games: list[Game], candidate: str, baseline: str) -> Battle:
    first = games[0]
    sources = {game.source_id for game in games}
    if len(sources) > 1:
        raise DataError(f"games of one item name several sources, {sorted(sources)}", where=_where(first))
    scores = [score for game in games if (score := _score(game, candidate)) is not None]
    return Battle(
        judge=first.judge,
        task=first.task,
        language=first.language,
        item_id=first.item_id,
        source_id=first.source_id,
        candidate=candidate,
        baseline=baseline,
        score=sum(scores) / len(scores) if scores else None,
        n_games=len(games),
        n_invalid=len(games) - len(scores),
    )


def _score(game: Game, candidate: str) -> float | None:
    try:
        score = SCORES[Label(game.label)]
    except ValueError:
        known = ", ".join(Label)
        raise DataError(f"unknown label {game.label!r}", where=_where(game), fix=f"labels are {known}") from None
    return score if score is None or game.system_a == candidate else 1.0 - score


def _where(game: Game) -> str:
    return f"judge {game.judge}, task {game.task}, {game.language}, item {game.item_id}"
