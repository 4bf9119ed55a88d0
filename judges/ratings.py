"""Ratings of single answers: the verdicts and games that derive from two of them, and their means by item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from polyarena.judges.protocol import Assessment, Verdict
from polyarena.judges.records import Game, Label, Rating

Decide = Callable[[float, float], Label]
"""The label of two answers from their values on one scale."""


def label_of_bad(a: float, b: float) -> Label:
    """Return the label of two answers that are bad (1) or good (0): the good one wins, two of a kind are a tie."""
    return Label.TIE if a == b else Label.B if a > b else Label.A


def rated_verdict(
    a: Assessment, b: Assessment, decide: Decide, *, answered: bool = True, refused: bool = False
) -> Verdict:
    """Return the verdict that follows from what a judge makes of each answer alone.

    Args:
        a: Of the answer shown first.
        b: Of the other one.
        decide: Compares two values.
        answered: Whether the endpoint answered the questions on both.
        refused: Whether it has refused one of them for good.
    """
    values = (a.value, b.value)
    errors = [f"answer {name}: {each.error}" for name, each in (("A", a), ("B", b)) if each.error is not None]
    known = values[0] is not None and values[1] is not None
    label = decide(values[0], values[1]) if known else Label.INVALID  # type: ignore[arg-type]
    asked = _sum(a.asked, b.asked)
    return Verdict(
        label,
        "",
        _sum(a.prompt_tokens, b.prompt_tokens),
        _sum(a.completion_tokens, b.completion_tokens),
        None if a.cost is None or b.cost is None else a.cost + b.cost,
        "; ".join(errors) or None,
        answered=answered,
        asked=asked,
        refused=refused,
        follow_ups=None if asked is None else sum(each.first_raw is not None for each in (a, b)),
        ratings=(a, b),
    )


def games_of_ratings(games: Sequence[Game], ratings: Iterable[Rating], repeats: int, decide: Decide) -> list[Game]:
    """Return games with the labels that ratings of their answers give; games without ratings stay as they are.

    Args:
        games: Of a judge that rates.
        ratings: Of the same judge.
        repeats: How often the judge rates each answer.
        decide: Compares two values.
    """
    found = {
        (each.task, each.language, each.item_id, each.system, each.sample_index * repeats + each.repeat): each
        for each in ratings
    }
    derived = []
    for game in games:
        place = (game.task, game.language, game.item_id)
        a, b = (found.get((*place, system, game.repeat)) for system in (game.system_a, game.system_b))
        if a is None or b is None:
            derived.append(game)
            continue
        errors = [f"answer {name}: {each.error}" for name, each in (("A", a), ("B", b)) if each.error is not None]
        known = a.value is not None and b.value is not None
        label = decide(a.value, b.value) if known else Label.INVALID  # type: ignore[arg-type]
        derived.append(replace(game, label=label.value, error="; ".join(errors) or None))
    return derived


@dataclass(frozen=True, slots=True)
class ItemRating:
    """The mean rating of one system's answers to one item, all samples and repeats together.

    Attributes:
        judge: Name of the judge in the experiment.
        system: Whose answers.
        task: Task name.
        language: ``lang_Script``.
        item_id: The item.
        source_id: Shared by all translations of the item.
        value: Mean of the usable ratings; ``None`` if there is none.
    """

    judge: str
    system: str
    task: str
    language: str
    item_id: str
    source_id: str
    value: float | None


def item_ratings(ratings: Iterable[Rating]) -> list[ItemRating]:
    """Return the mean rating of each judge, system and item, sorted.

    Args:
        ratings: On one scale, in any order; a rating that occurs twice (a system against several others) counts once.
    """
    grouped: defaultdict[tuple[str, str, str, str, str, str], dict[tuple[str, int, int], float | None]] = defaultdict(
        dict
    )
    for each in ratings:
        key = (each.judge, each.system, each.task, each.language, each.item_id, each.source_id)
        grouped[key][each.rater, each.sample_index, each.repeat] = each.value
    means = []
    for key in sorted(grouped):
        values = [value for value in grouped[key].values() if value is not None]
        means.append(ItemRating(*key, fmean(values) if values else None))
    return means


def _sum(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b
