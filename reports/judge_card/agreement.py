"""Agreement of a judge with people, and of people with each other, by language.

The judge's verdict on an item (all orders and repeats together: win, tie or loss) is compared with a vote drawn at
random from those on the item, and for the ceiling two different votes are drawn: every item weighs the same, however
many people voted on it. A judge at the ceiling agrees with people as well as people agree with each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyarena.judges import Game
from polyarena.reports.judge_card.units import CATEGORIES, ItemPair, decided, voted
from polyarena.reports.stats.agreement import ROUNDS, Coefficient, estimate_agreement
from polyarena.tasks.errors import DataError

ALL = "all"
"""Stands for all languages pooled."""


@dataclass(frozen=True, slots=True)
class HumanAgreement:
    """How far a judge agrees with people in one language.

    Attributes:
        language: ``lang_Script``, or :data:`ALL`.
        n: Items that both the judge decided and somebody voted on.
        votes: Votes on them.
        n_people: Items with two votes or more.
        judge: Coefficients of the judge and a person, by name.
        people: Coefficients of a person and another one, by name.
    """

    language: str
    n: int
    votes: int
    n_people: int
    judge: Mapping[str, Coefficient]
    people: Mapping[str, Coefficient]


@dataclass(frozen=True, slots=True)
class AgreementTable:
    """The agreement of one judge with people.

    Attributes:
        rows: All languages pooled, then each language.
        without_votes: Languages in which the judge decided and nobody voted.
        without_judge: Languages in which people voted and the judge decided nothing.
        unmatched_votes: Votes on items that the judge did not decide.
    """

    rows: tuple[HumanAgreement, ...]
    without_votes: tuple[str, ...]
    without_judge: tuple[str, ...]
    unmatched_votes: int


def agreement_with_people(
    judge: Iterable[Game], people: Iterable[Game], *, confidence: float = 0.95, rounds: int = ROUNDS, seed: int = 0
) -> AgreementTable:
    """Compare a judge with people.

    Args:
        judge: The judge's games.
        people: Votes, one a game, of any people; systems, tasks and items as in the judge's games.
        confidence: Nominal, two-sided.
        rounds: Of the bootstrap over ``source_id``.
        seed: Not negative.

    Raises:
        DataError: There is no item that both decided.
    """
    verdicts, votes = decided(judge), voted(people)
    shared = [unit for unit in verdicts if unit in votes]
    if not shared:
        raise DataError(
            "the judge and the people have no item in common",
            why=f"the judge decided {len(verdicts)} pairs of answers, people {len(votes)}",
            fix="compare systems, languages and item ids of the two",
        )
    languages = sorted({unit.language for unit in shared})
    rows = []
    for language in (ALL, *languages):
        units = [unit for unit in shared if language in (ALL, unit.language)]
        several = [unit for unit in units if len(votes[unit]) > 1]
        settings = {"confidence": confidence, "rounds": rounds, "seed": seed}
        against = np.array([_against(verdicts[unit], votes[unit]) for unit in units])
        among = np.array([_among(votes[unit]) for unit in several])
        rows.append(
            HumanAgreement(
                language,
                len(units),
                sum(len(votes[unit]) for unit in units),
                len(several),
                estimate_agreement(against, _sources(units), **settings),  # type: ignore[arg-type]
                estimate_agreement(among, _sources(several), **settings),  # type: ignore[arg-type]
            )
        )
    judged, polled = ({unit.language for unit in side} for side in (verdicts, votes))
    return AgreementTable(
        tuple(rows),
        tuple(sorted(judged - polled)),
        tuple(sorted(polled - judged)),
        sum(len(votes[unit]) for unit in votes.keys() - verdicts.keys()),
    )


def _sources(units: Iterable[ItemPair]) -> list[str]:
    return [f"{unit.task}\0{unit.source_id}" for unit in units]


def _against(verdict: int, votes: list[int]) -> NDArray[np.float64]:
    table = np.zeros((CATEGORIES, CATEGORIES))
    for vote in votes:
        table[verdict, vote] += 1 / len(votes)
    return table


def _among(votes: list[int]) -> NDArray[np.float64]:
    counts = np.bincount(votes, minlength=CATEGORIES).astype(np.float64)
    pairs = np.outer(counts, counts) - np.diag(counts)
    return np.asarray(pairs / (len(votes) * (len(votes) - 1)), dtype=np.float64)
