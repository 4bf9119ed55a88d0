"""Consistency of a judge, from its games alone: position bias, contradictions, ties, invalid games, price."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import fsum

from polyarena.judges import SCORES, Game, Label, Rating
from polyarena.reports.judge_card.units import LOSS, WIN, category

CONSTANT_FROM = 20
"""Games from which on a judge can be called constant."""
CONSTANT_SHARE = 0.95
"""Share of one verdict from which on a judge is constant; published judges stay below 0.7."""
Values = Iterator[tuple[str, float]]
"""Cluster and value."""


def worth(game: Game) -> float | None:
    """Return what a game is worth to the answer shown first."""
    return label_value(game.label, game.score)


def label_value(label: str, score: float | None) -> float | None:
    """Return what a game of this label and score is worth to the answer shown first; ``None`` without a verdict."""
    value = SCORES[Label(label)]
    return value if value is None or score is None else score


def position_bias(games: Sequence[Game]) -> Values:
    """Yield what each game gives to the answer shown first, ties one half.

    Only pairs of games in both orders are taken, so that better answers cannot stand first more often.
    """
    for one, other in order_pairs(games):
        for game in (one, other):
            value = worth(game)
            if value is not None:
                yield game.source_id, value


def order_pairs(games: Sequence[Game]) -> Iterator[tuple[Game, Game]]:
    """Yield the two games of one pair of answers in both orders, where both have a verdict."""
    found: dict[tuple[object, ...], Game] = {}
    for game in games:
        if game.label == Label.INVALID:
            continue
        place = (game.judge, game.task, game.language, game.item_id, game.repeat)
        other = found.get((*place, game.system_b, game.system_a))
        if other is not None:
            yield other, game
        found[(*place, game.system_a, game.system_b)] = game


def contradictions(games: Sequence[Game]) -> Values:
    """Yield for each pair of orders whether each names another winner."""
    for one, other in order_pairs(games):
        yield one.source_id, float({_winner(one), _winner(other)} == {one.system_a, one.system_b})


def position_inconsistency(games: Sequence[Game]) -> Values:
    """Yield for each pair of orders whether the verdict changes at all, ties included."""
    for one, other in order_pairs(games):
        yield one.source_id, float(_winner(one) != _winner(other))


def repeated(games: Sequence[Game], repeats: int) -> Values:
    """Yield for each pair of judgments of the same answers in the same order whether they agree.

    Args:
        games: Of one judge.
        repeats: Judgments of each order; :attr:`Game.repeat` counts samples times repeats.
    """
    grouped: defaultdict[tuple[object, ...], list[Game]] = defaultdict(list)
    for game in games:
        if game.label != Label.INVALID:
            place = (game.task, game.language, game.item_id, game.system_a, game.system_b, game.repeat // repeats)
            grouped[place].append(game)
    for several in grouped.values():
        for one, other in combinations(several, 2):
            yield one.source_id, float(_winner(one) == _winner(other))


def share_of(games: Sequence[Game], *labels: Label) -> Values:
    """Yield for each game with a verdict whether it is one of these."""
    return ((game.source_id, float(game.label in labels)) for game in games if game.label != Label.INVALID)


def invalid(games: Sequence[Game]) -> Values:
    """Yield for each game whether it has no verdict."""
    return ((game.source_id, float(game.label == Label.INVALID)) for game in games)


def asked_again(games: Sequence[Game]) -> Values:
    """Yield for each game of which it is known whether the judge had to be asked a second time."""
    return ((game.source_id, float(game.follow_ups > 0)) for game in games if game.follow_ups is not None)


def price_per_thousand(games: Sequence[Game], ratings: Sequence[Rating] = ()) -> tuple[float | None, int]:
    """Return what 1,000 games of known price cost, as it was paid, and the number of games of unknown price.

    A question on which several games or ratings rest was paid for once and counts once.

    Args:
        games: Of one judge.
        ratings: Those from which its games derive, if it rates each answer alone.
    """
    paid: dict[object, float] = {}
    known = 0
    for number, game in enumerate(games):
        if game.cost is not None:
            known += 1
            if not ratings:
                paid[game.question or number] = game.cost
    for number, rating in enumerate(ratings):
        if rating.cost is not None:
            paid[rating.question or number] = rating.cost
    return (1000 * fsum(paid.values()) / known if known else None), len(games) - known


def constant(games: Sequence[Game]) -> str:
    """Return what a judge says nearly always, in words; empty if it does not.

    A judge that always names the first (second) answer knows nothing of the answers; so does one that always ties.
    """
    values = Counter(value for game in games if (value := worth(game)) is not None)
    return constant_of(values, both_orders=any(True for _ in order_pairs(games)))


def constant_of(values: Mapping[float, int], *, both_orders: bool) -> str:
    """Return what is said nearly always, in words; empty if nothing is.

    Args:
        values: How many games are worth so much to the answer shown first.
        both_orders: Whether answers were shown first and second; if not, one side may be better.
    """
    said: Counter[str] = Counter()
    for value, times in values.items():
        said[{WIN: "the answer shown first", LOSS: "the answer shown second"}.get(category(value), "a tie")] += times
    if said.total() < CONSTANT_FROM:
        return ""
    (what, times), *_ = said.most_common(1)
    if times < CONSTANT_SHARE * said.total() or (what != "a tie" and not both_orders):
        return ""
    return what


def _winner(game: Game) -> str | None:
    value = worth(game)
    if value is None or value == 0.5:
        return None
    return game.system_a if value > 0.5 else game.system_b
