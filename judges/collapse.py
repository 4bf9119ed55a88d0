"""Collapses the games of an item into one battle: the unit of every win rate is the item, never the game."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from polyarena.judges.records import BATTLE_SCHEMA, Battle, Game, Label
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.records import from_table, to_table

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


def collapse(games: Iterable[Game], candidate: str, baseline: str, *, strong_weight: float = 1.0) -> list[Battle]:
    """Average all games of each item, over both orders, all samples and all repeats.

    Contradicting orders thus make half a point, as a tie does; nothing is dropped because games disagree. A game whose
    judge graded its preference counts with its ``score``, any other with its label's.

    Args:
        games: Between the two systems, of any judges, tasks and languages, in any order.
        candidate: The system that the scores are about.
        baseline: The other one.
        strong_weight: How many times a game with ``>>`` counts within its item.

    Returns:
        One battle for each judge, task, language and item, sorted by these.

    Raises:
        DataError: A game occurs twice, is between other systems, has an unknown label or a score outside [0, 1], or
            disagrees with the other games of its item on the ``source_id``.
        ExperimentError: ``strong_weight`` is not positive.
    """
    _refuse_weight(strong_weight)
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
    return [_battle(list(by_item[key].values()), candidate, baseline, strong_weight) for key in sorted(by_item)]


REQUIRED = ("judge", "task", "language", "item_id", "source_id", "system_a", "system_b", "repeat", "label")
COLLAPSED = (*REQUIRED, "score")
"""The columns of games that :func:`collapse_table` reads."""


class GameTable(NamedTuple):
    """Games between two systems.

    Attributes:
        games: With the columns :data:`REQUIRED`, which may be joined by ``score`` and any others.
        candidate: The system that the scores are about.
        baseline: The other one.
    """

    games: pa.Table
    candidate: str
    baseline: str


def collapse_table(games: pa.Table, candidate: str, baseline: str, *, strong_weight: float = 1.0) -> pa.Table:
    """Collapse the games of one judge, task and language as :func:`collapse` does, without an object for each game.

    Args:
        games: As in :class:`GameTable`.
        candidate: The system that the scores are about.
        baseline: The other one.
        strong_weight: How many times a game with ``>>`` counts within its item.

    Returns:
        Battles, in the schema and the order of :func:`collapse`, and with the same bits.

    Raises:
        DataError: As :func:`collapse`.
        ExperimentError: ``strong_weight`` is not positive.
    """
    return collapse_tables([GameTable(games, candidate, baseline)], strong_weight=strong_weight)


def collapse_tables(tables: Sequence[GameTable], *, strong_weight: float = 1.0) -> pa.Table:
    """Collapse many tables at once: thousands of small ones take little more time than one of their length.

    Args:
        tables: Each of one judge, task and language.
        strong_weight: How many times a game with ``>>`` counts within its item.

    Returns:
        What :func:`collapse_table` returns of each of them, one after the other.

    Raises:
        DataError: As :func:`collapse`, of the first table with a fault.
        ExperimentError: ``strong_weight`` is not positive.
    """
    _refuse_weight(strong_weight)
    played = [table for table in tables if len(table.games)]
    found = _collapsed(played, strong_weight) if played else BATTLE_SCHEMA.empty_table()
    if found is not None:
        return found
    if len(tables) > 1:
        return pa.concat_tables([collapse_tables([table], strong_weight=strong_weight) for table in tables])
    # Games of several cells, or something to refuse: the records say what and where.
    games, candidate, baseline = tables[0]
    if "raw" not in games.column_names:
        games = games.append_column("raw", pa.repeat("", len(games)))
    records = from_table(games, Game)
    return to_table(collapse(records, candidate, baseline, strong_weight=strong_weight), BATTLE_SCHEMA)


def _collapsed(tables: Sequence[GameTable], strong_weight: float) -> pa.Table | None:
    """Return the battles; ``None`` where a table has games of several cells, or something is wrong with its games."""
    games = _joined([table.games for table in tables])
    if games is None:
        return None
    coded = [_codes(games[name]) for name in ("judge", "task", "language", "item_id", "source_id", "label")]
    known_codes = [codes for codes in coded if codes is not None]
    systems = _codes(pa.chunked_array([*games["system_a"].chunks, *games["system_b"].chunks], pa.string()))
    if len(known_codes) < len(coded) or systems is None:
        return None
    *places, (ids, number), (sources, source), (labels, label) = known_codes
    lengths = np.array([len(table.games) for table in tables])
    starts, of_table = np.cumsum(lengths) - lengths, np.repeat(np.arange(len(tables)), lengths)
    if any((codes != codes[starts][of_table]).any() for _, codes in places):
        return None
    first, second = np.split(systems[1], 2)
    numbers = {name: i for i, name in enumerate(systems[0])}
    candidate, baseline = (
        np.array([numbers.get(name, -1) for name in names])[of_table]
        for names in ([table.candidate for table in tables], [table.baseline for table in tables])
    )
    forward = (first == candidate) & (second == baseline)
    backward = (first == baseline) & (second == candidate)
    items, one, item = np.unique(of_table * len(ids) + number, return_index=True, return_inverse=True)
    repeat = games["repeat"].to_numpy()
    slots = np.lexsort((repeat, backward, item))
    twice = (np.diff(item[slots]) == 0) & (np.diff(repeat[slots]) == 0) & (backward[slots][1:] == backward[slots][:-1])
    known = {each.value for each in Label}
    if (
        not (forward | backward).all()
        or twice.any()
        or not known.issuperset(labels)
        or (source != source[one][item]).any()
    ):
        return None
    worth = np.array([np.nan if (score := SCORES[Label(each)]) is None else score for each in labels])[label]
    if "score" in games.column_names:
        graded = games["score"].to_numpy().astype(np.float64)
        counts = ~np.isnan(worth) & games["score"].is_valid().to_numpy()
        if not ((graded[counts] >= 0) & (graded[counts] <= 1)).all():
            return None
        worth[counts] = graded[counts]
    worth = np.where(backward, 1.0 - worth, worth)
    strong = np.array([each in (Label.A_MUCH, Label.B_MUCH) for each in labels])[label]
    weight = np.where(strong, float(strong_weight), 1.0)
    valid = ~np.isnan(worth)
    total, weights = (
        np.bincount(item[valid], weights=values[valid], minlength=len(items)) for values in (worth * weight, weight)
    )
    games_of, decided = (np.bincount(codes, minlength=len(items)) for codes in (item, item[valid]))
    scores = np.divide(total, weights, out=np.zeros(len(items)), where=decided > 0)
    judge, task, language = (pa.array(names, pa.string()).take(pa.array(codes[one])) for names, codes in places)
    table = pa.array(of_table[one])
    columns = {
        "judge": judge,
        "task": task,
        "language": language,
        "item_id": pa.array(ids, pa.string()).take(pa.array(number[one])),
        "source_id": pa.array(sources, pa.string()).take(pa.array(source[one])),
        "candidate": pa.array([each.candidate for each in tables], pa.string()).take(table),
        "baseline": pa.array([each.baseline for each in tables], pa.string()).take(table),
        "score": pa.array(scores, mask=decided == 0),
        "n_games": pa.array(games_of, pa.int32()),
        "n_invalid": pa.array(games_of - decided, pa.int32()),
    }
    return pa.table([columns[name] for name in BATTLE_SCHEMA.names], schema=BATTLE_SCHEMA)


def _joined(tables: Sequence[pa.Table]) -> pa.Table | None:
    """Return the rows of all tables, in the columns that are read; ``None`` where their types differ."""
    chosen = [table.select([name for name in COLLAPSED if name in table.column_names]) for table in tables]
    try:
        return pa.concat_tables([table.replace_schema_metadata(None) for table in chosen], promote_options="default")
    except pa.ArrowInvalid:
        return None


def _codes(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray[tuple[int, ...], np.dtype[np.int64]]] | None:
    """Return the values, sorted, and the position among them of each row's; ``None`` where one is null."""
    if column.null_count:
        return None
    coded = column.combine_chunks().dictionary_encode()
    values = coded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.arange(len(values))
    return [values[i] for i in order], ranks[coded.indices.to_numpy()]


def mean_over_games(games: Iterable[Game], candidate: str, *, strong_weight: float = 1.0) -> float | None:
    """Return the mean over games, not items, as Arena-Hard-Auto publishes it.

    With ``strong_weight=3`` and one baseline this is the score column of Arena-Hard-Auto v0.1: there each ``>>`` is
    written three times, games without a label are left out, and the Bradley-Terry fit of one model against one other
    has this mean as its solution. Items with ``>>`` weigh more than others, which no number of a report of ours does.

    Args:
        games: Of the candidate against others, in any order.
        candidate: The system that the mean is about.
        strong_weight: How many times a game with ``>>`` counts.

    Returns:
        In [0, 1]; ``None`` without any verdict.

    Raises:
        DataError: A game is between other systems, or has an unknown label or a score outside [0, 1].
        ExperimentError: ``strong_weight`` is not positive.
    """
    _refuse_weight(strong_weight)
    total = weights = 0.0
    for game in games:
        if candidate not in (game.system_a, game.system_b):
            raise DataError(f"a game without {candidate!r}", where=_where(game))
        worth = _score(game, candidate)
        if worth is not None:
            weight = _weight(game, strong_weight)
            total += weight * worth
            weights += weight
    return total / weights if weights else None


def _refuse_weight(strong_weight: float) -> None:
    if not strong_weight > 0:
        raise ExperimentError(f"strong_weight cannot be {strong_weight}", fix="1 counts every verdict once")


def _weight(game: Game, strong_weight: float) -> float:
    return strong_weight if game.label in (Label.A_MUCH, Label.B_MUCH) else 1.0


def _battle(games: list[Game], candidate: str, baseline: str, strong_weight: float) -> Battle:
    first = games[0]
    sources = {game.source_id for game in games}
    if len(sources) > 1:
        raise DataError(f"games of one item name several sources, {sorted(sources)}", where=_where(first))
    weighed = [
        (worth, _weight(game, strong_weight)) for game in games if (worth := _score(game, candidate)) is not None
    ]
    return Battle(
        judge=first.judge,
        task=first.task,
        language=first.language,
        item_id=first.item_id,
        source_id=first.source_id,
        candidate=candidate,
        baseline=baseline,
        score=sum(worth * weight for worth, weight in weighed) / sum(weight for _, weight in weighed)
        if weighed
        else None,
        n_games=len(games),
        n_invalid=len(games) - len(weighed),
    )


def _score(game: Game, candidate: str) -> float | None:
    try:
        score = SCORES[Label(game.label)]
    except ValueError:
        known = ", ".join(Label)
        raise DataError(f"unknown label {game.label!r}", where=_where(game), fix=f"labels are {known}") from None
    if score is not None and game.score is not None:
        if not 0 <= game.score <= 1:
            raise DataError(f"a score of {game.score} outside [0, 1]", where=_where(game))
        score = game.score
    return score if score is None or game.system_a == candidate else 1.0 - score


def _where(game: Game) -> str:
    return f"judge {game.judge}, task {game.task}, {game.language}, item {game.item_id}"
