"""How often a judge prefers the answer that people chose, by language and category."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from polyarena.judges.preferences import PreferencePair
from polyarena.reports.judge_card.rates import Rate, RateSettings, rate

ALL = "all"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The accuracy of a judge on some preferences.

    Attributes:
        language: ``lang_Script``, or ``all``.
        category: Of the data, or ``all``.
        accuracy: Mean points of the chosen answer; ties and contradicting orders are half a point.
        undecided: Pairs of which neither order has a verdict; they are not in the mean.
    """

    language: str
    category: str
    accuracy: Rate
    undecided: int


def accuracies(
    points: Iterable[tuple[PreferencePair, float | None]], settings: RateSettings | None = None
) -> tuple[Accuracy, ...]:
    """Return the accuracy over everything, by category, by language, and by both.

    Args:
        points: From :func:`polyarena.judges.preferences.preference_scores`.
        settings: How intervals are made; translations of one pair are resampled together.
    """
    chosen = settings or RateSettings()
    found = list(points)
    languages = sorted({each.language for each, _ in found})
    categories = sorted({each.category for each, _ in found})
    cells = [
        *((ALL, category) for category in (ALL, *categories)),
        *((language, category) for language in languages for category in (ALL, *categories)),
    ]
    table = []
    for language, category in cells:
        own = [
            (each, value)
            for each, value in found
            if language in (ALL, each.language) and category in (ALL, each.category)
        ]
        if own:
            values = [(each.id, value) for each, value in own if value is not None]
            table.append(Accuracy(language, category, rate(values, chosen), len(own) - len(values)))
    return tuple(table)
