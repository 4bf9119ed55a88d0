"""What games say of each item: one category for a judge, one for each vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from polyarena.judges import Game, Label, collapse

LOSS, TIE, WIN = range(3)
"""Categories, in their order: of the system that comes first by name."""
CATEGORIES = 3


@dataclass(frozen=True, slots=True, order=True)
class ItemPair:
    """Two systems on one item.

    Attributes:
        task: Task name.
        language: ``lang_Script``.
        item_id: The item.
        source_id: Shared by all translations of the item.
        first: The system that comes first by name; categories are about it.
        second: The other one.
    """

    task: str
    language: str
    item_id: str
    source_id: str
    first: str
    second: str


def category(score: float) -> int:
    """Return the category of a score in [0, 1]."""
    return TIE if score == 0.5 else WIN if score > 0.5 else LOSS


def item_pair(game: Game) -> ItemPair:
    """Return the unit that a game is about."""
    first, second = sorted((game.system_a, game.system_b))
    return ItemPair(game.task, game.language, game.item_id, game.source_id, first, second)


def group_by_item_pair(games: Iterable[Game]) -> dict[ItemPair, list[Game]]:
    """Return the games of each unit, sorted by unit; the games keep their order."""
    found: defaultdict[ItemPair, list[Game]] = defaultdict(list)
    for game in games:
        found[item_pair(game)].append(game)
    return dict(sorted(found.items()))


def decided(games: Iterable[Game]) -> dict[ItemPair, int]:
    """Return what a judge makes of each unit, all orders and repeats together; without any verdict there is none."""
    found = {}
    for unit, played in group_by_item_pair(games).items():
        (battle,) = collapse(played, unit.first, unit.second)
        if battle.score is not None:
            found[unit] = category(battle.score)
    return found


def voted(games: Iterable[Game]) -> dict[ItemPair, list[int]]:
    """Return each vote on each unit; votes without a verdict are left out."""
    found = {}
    for unit, played in group_by_item_pair(games).items():
        votes = [game for game in played if game.label != Label.INVALID]
        if votes:
            scores = [collapse([vote], unit.first, unit.second)[0].score for vote in votes]
            found[unit] = [category(score) for score in scores if score is not None]
    return found
