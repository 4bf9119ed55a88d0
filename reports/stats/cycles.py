"""Who beats whom, and whether that makes cycles."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from polyarena.reports.stats.head_to_head import HeadToHead, check_battles, head_to_head
from polyarena.reports.stats.intervals import interval
from polyarena.reports.stats.outcome import Outcome, outcome
from polyarena.reports.stats.resampling import Floats
from polyarena.reports.stats.score_interval import equal_clusters

EVEN = 1e-9
"""A mean score closer to one half is a draw: means of thirds are not exact."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """Systems of which each beats the next, and the last the first.

    Attributes:
        systems: Three or more, beginning with the first by name.
        margin: The smallest of their mean scores less one half; a small one may be chance.
    """

    systems: tuple[str, ...]
    margin: float


def pairwise_matrix(battles: pd.DataFrame, language: str | None = None) -> pd.DataFrame:
    """Return the mean score of each system (row) against each other one (column), as it was observed.

    Args:
        battles: Rows of :class:`polyarena.judges.records.Battle` of one judge and task; those without a verdict are
            left out.
        language: One language; by default each pair's mean over the languages in which it met.

    Returns:
        A square frame of the systems, sorted; opposite entries add up to 1. NaN where a pair never met, and on the
        diagonal. Empty if no battle is left.

    Raises:
        DataError: As :func:`polyarena.reports.stats.ranking.rank`.
        ValueError: The battles are of more than one judge or task.

    Example:
        >>> matrix = pairwise_matrix(battles)  # doctest: +SKIP
        >>> matrix.loc["ours", "theirs"]  # doctest: +SKIP
    """
    check_battles(battles)
    if len(battles[["judge", "task"]].drop_duplicates()) > 1:
        raise ValueError("the battles are of several judges or tasks; select one")
    decided = battles[battles["score"].notna()]
    if language is not None:
        decided = decided[decided["language"] == language]
    return pd.DataFrame() if decided.empty else _matrix(head_to_head(decided, None))


def _matrix(found: HeadToHead) -> pd.DataFrame:
    scores = _scores(found)
    matrix = np.full((len(found.systems), len(found.systems)), np.nan)
    matrix[found.first, found.second] = scores
    matrix[found.second, found.first] = 1.0 - scores
    return pd.DataFrame(matrix, index=list(found.systems), columns=list(found.systems))


def _scores(found: HeadToHead) -> Floats:
    """Return the mean score of each pair over the languages in which it met."""
    return np.asarray(found.means()[:, 0].sum(axis=0) / (found.counts() > 0).sum(axis=0), dtype=np.float64)


def significant_wins(battles: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Tell which system significantly beats which: its interval lies above one half, adjusted for the number of pairs.

    Args:
        battles: Of one judge and task, as in :func:`pairwise_matrix`.
        confidence: Of all pairs together (Bonferroni).

    Returns:
        A square frame of the systems, sorted; true where the row's system beats the column's. Empty without battles.

    Raises:
        DataError: As :func:`pairwise_matrix`.
    """
    check_battles(battles)
    decided = battles[battles["score"].notna()]
    return pd.DataFrame() if decided.empty else _wins(head_to_head(decided, None), confidence)


def _wins(found: HeadToHead, confidence: float) -> pd.DataFrame:
    from scipy.sparse import diags_array

    met, scores = found.counts() > 0, _scores(found)
    pulls = (diags_array(1 / met.sum(axis=0)) @ sum(found.influences())).tocsr()
    errors = np.sqrt((pulls * pulls).sum(axis=1))
    level = 1 - (1 - confidence) / len(scores)
    beats = np.zeros((len(found.systems), len(found.systems)), dtype=np.bool_)
    # No interval excludes one half where the plain one, without any adjustment, is far from doing so.
    for pair in np.flatnonzero(np.abs(scores - 0.5) > errors):
        present, counts = found.scores.table(found.columns[met[:, pair], pair])
        if np.count_nonzero(counts, axis=0).min() < 2:
            continue
        around = interval(
            float(scores[pair]),
            pulls[[pair]].toarray()[0, present],
            found.scores.labels[present],
            None,
            items=int(counts.sum()),
            bounded=True,
            confidence=level,
            clusters=equal_clusters((counts / counts.sum(axis=0)).sum(axis=1)),
        )
        verdict = outcome(around.low, around.high)
        first, second = found.first[pair], found.second[pair]
        if verdict is not Outcome.INCONCLUSIVE:
            winner, loser = (first, second) if verdict is Outcome.BETTER else (second, first)
            beats[winner, loser] = True
    return pd.DataFrame(beats, index=list(found.systems), columns=list(found.systems))


def cycles(matrix: pd.DataFrame, significant: pd.DataFrame | None = None) -> list[Cycle]:
    """Find systems that beat each other in a cycle: there, no rating can agree with what was observed.

    Where all systems met and none drew, any cycle implies one of three (Moon 1968, *Topics on Tournaments*, section
    3). Otherwise cycles may be longer: each system of which no cycle of three is known gets one of its shortest.

    Args:
        matrix: From :func:`pairwise_matrix`.
        significant: From :func:`significant_wins`, of the same battles: only its wins make a cycle. By default any mean
            score above one half is a win, which chance alone makes many cycles of.

    Returns:
        Cycles of three, and longer ones of systems that are in none of these; the clearest first.

    Example:
        >>> beats = pd.DataFrame([[0.5, 0.6, 0.4], [0.4, 0.5, 0.6], [0.6, 0.4, 0.5]], list("abc"), list("abc"))
        >>> [cycle.systems for cycle in cycles(beats)]
        [('a', 'b', 'c')]
    """
    score = np.nan_to_num(matrix.to_numpy(dtype=np.float64), nan=0.5)
    beats = score > 0.5 + EVEN if significant is None else significant.to_numpy(dtype=np.bool_)
    rings = {ring for i in range(len(matrix)) for ring in _threes(beats, i)}
    known = {system for ring in rings for system in ring}
    for i in range(len(matrix)):
        if i not in known and (ring := _shortest(beats, i)):
            rings.add(_from_first(ring))
            known.update(ring)
    found = [
        Cycle(
            tuple(str(matrix.index[system]) for system in ring),
            min(float(score[a, b]) for a, b in zip(ring, (*ring[1:], ring[0]), strict=True)) - 0.5,
        )
        for ring in rings
    ]
    return sorted(found, key=lambda cycle: (-cycle.margin, cycle.systems))


def significant_cycles(battles: pd.DataFrame, *, confidence: float = 0.95) -> list[tuple[str, str, Cycle]]:
    """Return task, judge and cycle of all cycles in which every win is significant.

    Args:
        battles: Rows of :class:`polyarena.judges.records.Battle`, of any judges and tasks.
        confidence: Of all pairs of a task and judge together.
    """
    check_battles(battles)
    arranged = {
        key: head_to_head(own, None)
        for key, own in battles[battles["score"].notna()].groupby(["task", "judge"], sort=True)
        # Systems that met only one opponent, the baseline, make no cycle.
        if len(own["baseline"].unique()) > 1
    }
    return [
        (str(task), str(judge), cycle)
        for (task, judge), found in arranged.items()
        for cycle in cycles(_matrix(found), _wins(found, confidence))
    ]


def cycle_sentences(battles: pd.DataFrame, *, confidence: float = 0.95) -> list[str]:
    """Say which systems significantly beat each other in a cycle, one sentence each, by task and judge.

    Args:
        battles: As in :func:`significant_cycles`.
        confidence: Likewise.
    """
    return [cycle_sentence(*found) for found in significant_cycles(battles, confidence=confidence)]


def cycle_sentence(task: str, judge: str, cycle: Cycle) -> str:
    """Say that systems beat each other in a cycle."""
    pairs = zip(cycle.systems, (*cycle.systems[1:], cycle.systems[0]), strict=True)
    beaten = ", ".join(f"{one} beats {other}" for one, other in pairs)
    return f"{task}, judge {judge}: {beaten} (by {100 * cycle.margin:.1f} points or more): no rating agrees with that"


def _threes(beats: NDArray[np.bool_], first: int) -> list[tuple[int, ...]]:
    """Return the cycles of three whose lowest number is ``first``."""
    later = np.arange(len(beats)) > first
    ring = beats & (beats[first] & later)[:, None] & (beats[:, first] & later)[None, :]
    return [(first, int(a), int(b)) for a, b in zip(*np.nonzero(ring), strict=True)]


def _shortest(beats: NDArray[np.bool_], start: int) -> tuple[int, ...]:
    """Return a shortest circle through a system, by breadth-first search; empty if there is none."""
    before: dict[int, int] = {}
    waiting = deque([start])
    while waiting:
        at = waiting.popleft()
        for system in map(int, np.flatnonzero(beats[at])):
            if system == start:
                ring = [at]
                while ring[-1] != start:
                    ring.append(before[ring[-1]])
                return tuple(reversed(ring))
            if system not in before:
                before[system] = at
                waiting.append(system)
    return ()


def _from_first(ring: tuple[int, ...]) -> tuple[int, ...]:
    place = ring.index(min(ring))
    return ring[place:] + ring[:place]
