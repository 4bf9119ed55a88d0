"""Groups imported games into the shards of a run folder: decides candidate and baseline, refuses duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from polyarena.judges.records import Game
from polyarena.tasks.errors import DataError

ShardKey = tuple[str, str, str, str, str]
"""Judge, candidate, baseline, task, language."""


def rename_games(
    games: Iterable[Game], systems: Mapping[str, str], judges: Mapping[str, str], tasks: Mapping[str, str]
) -> list[Game]:
    """Return games under the names of the run folder."""
    return [
        replace(
            game,
            judge=judges[game.judge],
            task=tasks[game.task],
            system_a=systems[game.system_a],
            system_b=systems[game.system_b],
        )
        for game in games
    ]


def group_into_shards(
    games: Sequence[Game], baselines: Collection[str], locations: Sequence[str], *, repeatable: bool = False
) -> dict[ShardKey, list[Game]]:
    """Sort games into shards.

    In each pair the baseline is the system that is called one; if neither or both are, the one with more opponents in
    the same task; if these are equal, the later one by name.

    Args:
        games: Of any judges, pairs, tasks and languages.
        baselines: Systems that others are compared with.
        locations: ``file:line`` of each game.
        repeatable: Whether the format has a field that numbers repeated games.

    Returns:
        Games by place, each list in the order of items, orders and repeats.

    Raises:
        DataError: A system meets itself, or a game occurs twice.
    """
    opponents: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for game, where in zip(games, locations, strict=True):
        if game.system_a == game.system_b:
            why = f"both answers to item {game.item_id} are called so"
            raise DataError(f"{game.system_a!r} meets itself", where=where, why=why, fix="name two systems")
        opponents[game.task, game.system_a].add(game.system_b)
        opponents[game.task, game.system_b].add(game.system_a)

    def rank(task: str, system: str) -> tuple[bool, int, str]:
        return system in baselines, len(opponents[task, system]), system

    placed: defaultdict[ShardKey, dict[tuple[str, str, str, int], Game]] = defaultdict(dict)
    first: dict[tuple[ShardKey, tuple[str, str, str, int]], str] = {}
    for game, where in zip(games, locations, strict=True):
        candidate, baseline = sorted((game.system_a, game.system_b), key=lambda system: rank(game.task, system))
        place = (game.judge, candidate, baseline, game.task, game.language)
        shard = placed[place]
        key = (game.item_id, game.system_a, game.system_b, game.repeat)
        if key in shard:
            other = "number them with `repeat`" if repeatable else "import one of them as another judge with --judge"
            raise DataError(
                f"the judge {game.judge!r} decides {game.system_a!r} against {game.system_b!r} twice",
                where=where,
                why=f"the first time at {first[place, key]}; "
                f"task {game.task}, {game.language}, item {game.item_id}, repeat {game.repeat}",
                fix=f"keep one of the two, or {other}",
            )
        shard[key] = game
        first[place, key] = where
    return {place: [shard[key] for key in sorted(shard)] for place, shard in sorted(placed.items())}
