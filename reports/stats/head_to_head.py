"""Battles of many systems as clustered scores and ties of pairs, for models of comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.stats.bradley_terry import tie_share
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.sparse_clusters import SparseClusters, sparse_clusters
from polyarena.reports.stats.validation import refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.errors import DataError
from polyarena.tasks.suggest import closest

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_KEY = ("judge", "task", "language", "item_id", "candidate", "baseline")
HELD_BYTES = 64 * 2**20
"""Resampled numbers in memory at once, of as many languages as fit."""


@dataclass(frozen=True)
class HeadToHead:
    """The battles of one judge and task.

    A *column* is a pair of systems in a language; of p pairs and l languages there are k. A *block* has a row for each
    pair of a language, 0 where the pair did not meet there.

    Attributes:
        systems: Names, sorted; everything else speaks of them by number.
        anchor: The baseline's number.
        first: Shape (p,); of each pair of systems that met, the one whose score is counted.
        second: Shape (p,); the other one.
        languages: Codes, sorted.
        scores: Mean score of each column.
        ties: Share of ties of each column; clusters and counts are those of ``scores``.
        columns: Shape (languages, p); which column it is, -1 where the pair did not meet.
    """

    systems: tuple[str, ...]
    anchor: int
    first: Integers
    second: Integers
    languages: tuple[str, ...]
    scores: SparseClusters
    ties: SparseClusters
    columns: Integers

    def counts(self) -> Floats:
        """Return the battles of each pair in each language; shape (languages, p)."""
        counts: Floats = np.append(self.scores.sizes(), 0.0)[self.columns]
        return counts

    def means(self) -> Floats:
        """Return mean scores and shares of ties; shape (languages, 2, p)."""
        both = np.stack([np.append(each.values(), 0.0) for each in (self.scores, self.ties)])
        return np.asarray(both[:, self.columns].transpose(1, 0, 2), dtype=np.float64)

    def influences(self) -> Iterator[csr_array]:
        """Yield each cluster's influence on scores, by language; of shape (p, clusters)."""
        scores = self.scores.influence()
        for columns in self.columns:
            yield self._rows(scores, columns)

    def contributions(self) -> Iterator[tuple[csr_array, csr_array]]:
        """Yield what each cluster adds to scores and ties, by language; both of shape (p, clusters)."""
        scores, ties = self.scores.contributions(), self.ties.contributions()
        for columns in self.columns:
            yield self._rows(scores, columns), self._rows(ties, columns)

    def shares(self) -> Iterator[csr_array]:
        """Yield which share of a pair's battles each cluster has, by language; shape (p, clusters)."""
        shares = self.scores.shares()
        for columns in self.columns:
            yield self._rows(shares, columns)

    def resampled(self, rounds: int, seed: int) -> Iterator[Floats]:
        """Yield scores, ties and how much was drawn in every bootstrap round, by language; shape (3, p, rounds)."""
        # Of each pair and round, four numbers of the languages at hand are in memory, and three of one language.
        step = max(1, HELD_BYTES // (56 * rounds * len(self.first)))
        for start in range(0, len(self.languages), step):
            yield from self._resampled(self.columns[start : start + step], rounds, seed)

    def _resampled(self, batch: Integers, rounds: int, seed: int) -> Iterator[Floats]:
        used = np.unique(batch[batch >= 0])
        scores, drawn = self.scores.replicates(used, rounds=rounds, seed=seed)
        ties, _ = self.ties.replicates(used, rounds=rounds, seed=seed)
        for columns in batch:
            met = columns >= 0
            block = np.zeros((3, len(columns), rounds))
            for i, values in enumerate((scores, ties, drawn)):
                block[i, met] = values[np.searchsorted(used, columns[met])]
            yield block

    def _rows(self, matrix: csr_array, columns: Integers) -> csr_array:
        """Return the rows of a matrix of columns that the pairs of a language are, empty ones for those without."""
        from scipy.sparse import csr_array

        met = np.flatnonzero(columns >= 0)
        chosen = matrix[columns[met]].tocoo()
        return csr_array((chosen.data, (met[chosen.row], chosen.col)), shape=(len(columns), matrix.shape[1]))


def check_battles(battles: pd.DataFrame) -> None:
    """Refuse battles that cannot be compared in pairs.

    Raises:
        DataError: A column is missing; a pair of systems meets twice on an item, in whatever direction; a system meets
            itself; a score lies outside [0, 1].
    """
    require_columns(battles, BATTLE_SCHEMA.names, "battles")
    itself = battles["candidate"] == battles["baseline"]
    refuse_values(battles, itself, "a system meets itself", _KEY, "candidate")
    swapped = (battles["candidate"] > battles["baseline"]).to_numpy(dtype=np.bool_)
    ordered = battles.assign(
        candidate=battles["baseline"].where(swapped, battles["candidate"]),
        baseline=battles["candidate"].where(swapped, battles["baseline"]),
    )
    refuse_duplicates(ordered, _KEY, "battles")
    outside = battles["score"].notna() & ~battles["score"].between(0, 1)
    refuse_values(battles, outside, "the score of a battle lies outside [0, 1]", _KEY, "score")


def head_to_head(battles: pd.DataFrame, baseline: str | None) -> HeadToHead:
    """Arrange the battles of one judge and task.

    Args:
        battles: Checked rows with a score, at least one.
        baseline: The anchored system; by default the commonest ``baseline``.

    Raises:
        DataError: ``baseline`` has no battle.
    """
    counted = Counter(battles["baseline"].astype(str))
    anchor = min(counted, key=lambda name: (-counted[name], name)) if baseline is None else baseline
    candidates = battles["candidate"].to_numpy(dtype=object).astype(str)
    baselines = battles["baseline"].to_numpy(dtype=object).astype(str)
    systems, number = np.unique(np.concatenate([candidates, baselines]), return_inverse=True)
    names = tuple(map(str, systems))
    if anchor not in names:
        near = closest(anchor, names)
        raise DataError(
            f"the baseline {anchor!r} has no battle",
            where=f"task={battles['task'].iloc[0]} judge={battles['judge'].iloc[0]}",
            fix=f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(names)}",
        )
    one, other = number[: len(battles)], number[len(battles) :]
    low, high = np.minimum(one, other), np.maximum(one, other)
    score = battles["score"].to_numpy(dtype=np.float64)
    met, pair = np.unique(low * len(names) + high, return_inverse=True)
    score = np.where(one == low, score, 1.0 - score)
    spoken = battles["language"].astype(str).to_numpy()
    languages, language = np.unique(spoken, return_inverse=True)
    kinds, column = np.unique(language * len(met) + pair, return_inverse=True)
    sources, items = battles["source_id"], battles["item_id"]
    scores, ties = sparse_clusters(sources, items, language, column, [score, tie_share(score)])
    columns = np.full(len(languages) * len(met), -1, dtype=np.int64)
    columns[kinds] = np.arange(len(kinds))
    return HeadToHead(
        names,
        names.index(anchor),
        met // len(names),
        met % len(names),
        tuple(map(str, languages)),
        scores,
        ties,
        columns.reshape(len(languages), len(met)),
    )
