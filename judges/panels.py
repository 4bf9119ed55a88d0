"""Panels of judges: the verdicts of several judges on the same games, made into one.

After Verga et al. 2024, *Replacing Judges with Juries* (arXiv 2404.18796): several judges of different families, by
majority or by mean. A panel asks nobody; it is derived from the games of its members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from statistics import fmean

from polyarena.judges.collapse import SCORES
from polyarena.judges.records import Game, Label
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError


class PanelRule(StrEnum):
    """How the members' verdicts on one game become one."""

    MAJORITY = "majority"
    """The verdict (first, tie, second) of more members than any other; a tie if two lead."""
    MEAN = "mean"
    """The mean of what the verdicts are worth, kept as the game's score."""


def panel_games(name: str, members: Mapping[str, Sequence[Game]], rule: PanelRule) -> list[Game]:
    """Return the games of a panel.

    A game is the panel's if every member played it, with or without a verdict; members without one abstain, and a game
    on which all abstain is invalid. ``>>`` counts as ``>``. Costs stay with the members.

    Args:
        name: The panel's name.
        members: The games of each member, between the same systems; at least two members.
        rule: How verdicts become one.

    Returns:
        In the order of the first member.

    Raises:
        DataError: There are fewer than two members, a member plays a game twice, or members disagree on the
            ``source_id`` of an item.
    """
    if len(members) < 2:
        raise DataError(f"the panel {name!r} has {count_of(len(members), 'member')}", fix="give it two or more")
    played = {judge: _by_key(judge, games) for judge, games in members.items()}
    first, *others = played.values()
    return [_game(name, {judge: games[key] for judge, games in played.items()}, rule)
            for key in first if all(key in games for games in others)]  # fmt: skip


def _by_key(judge: str, games: Sequence[Game]) -> dict[tuple[str, str, str, str, str, int], Game]:
    found = {}
    for game in games:
        key = (game.task, game.language, game.item_id, game.system_a, game.system_b, game.repeat)
        if key in found:
            raise DataError(f"the judge {judge!r} plays a game twice", where=f"{game.language}, item {game.item_id}")
        found[key] = game
    return found


def _game(name: str, games: Mapping[str, Game], rule: PanelRule) -> Game:
    one = next(iter(games.values()))
    sources = {game.source_id for game in games.values()}
    if len(sources) > 1:
        raise DataError(
            f"members of the panel {name!r} name several sources of item {one.item_id!r}", why=str(sorted(sources))
        )
    worths = [worth for game in games.values() if (worth := _worth(game)) is not None]
    label, score = _decide(worths, rule)
    return Game(
        judge=name,
        task=one.task,
        language=one.language,
        item_id=one.item_id,
        source_id=one.source_id,
        system_a=one.system_a,
        system_b=one.system_b,
        repeat=one.repeat,
        label=label.value,
        raw="; ".join(f"{judge}: {game.label}" for judge, game in games.items()),
        error=None if worths else "no member has a verdict",
        wrong_language=one.wrong_language,
        score=score,
    )


def _worth(game: Game) -> float | None:
    worth = SCORES[Label(game.label)]
    return worth if worth is None or game.score is None else game.score


def _decide(worths: Sequence[float], rule: PanelRule) -> tuple[Label, float | None]:
    if not worths:
        return Label.INVALID, None
    if rule is PanelRule.MEAN:
        mean = fmean(worths)
        return _side(mean), mean
    (leader, votes), *rest = Counter(_side(worth) for worth in worths).most_common()
    return (Label.TIE if rest and rest[0][1] == votes else leader), None


def _side(worth: float) -> Label:
    return Label.TIE if worth == 0.5 else Label.A if worth > 0.5 else Label.B
