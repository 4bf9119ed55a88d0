"""Battles of many systems as clustered scores and ties of pairs, for models of comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.stats.bradley_terry import tie_share
from polyarena.reports.stats.clustered import Clustered, cluster_values
from polyarena.reports.stats.resampling import Floats, Integers
from polyarena.reports.stats.summary import BATCH_BYTES
from polyarena.reports.stats.validation import refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.errors import DataError

_KEY = ("judge", "task", "language", "item_id", "candidate", "baseline")


@dataclass(frozen=True)
class HeadToHead:
    """The battles of one judge and task.

    A *block* is an array of shape (2, p, m): scores, then shares of ties, of each pair; 0 where the pair has none.

    Attributes:
        systems: Names, sorted; everything else speaks of them by number.
        anchor: The baseline's number.
        first: Shape (p,); of each pair of systems that met, the one whose score is counted.
        second: Shape (p,); the other one.
        languages: Codes, sorted.
        data: Mean score and share of ties of each pair in each language.
        columns: Shape (languages, 2, p); where in ``data`` they are, -1 where the pair did not meet.
    """

    systems: tuple[str, ...]
    anchor: int
    first: Integers
    second: Integers
    languages: tuple[str, ...]
    data: Clustered
    columns: Integers

    def counts(self) -> Floats:
        """Return the battles of each pair in each language; shape (languages, p)."""
        sizes = np.append(self.data.counts.sum(axis=0), 0.0)
        counts: Floats = sizes[self.columns[:, 0]]
        return counts

    def means(self) -> Iterator[Floats]:
        """Yield the block of means of each language; m is 1."""
        values = np.array([[self.data.value(i)] for i in range(len(self.data.columns))])
        for columns in self.columns:
            yield _block(values, columns)

    def influences(self) -> Iterator[Floats]:
        """Yield the block of each cluster's influence on these, by language; m is the number of clusters."""
        values = np.array([self.data.influence(i) for i in range(len(self.data.columns))])
        for columns in self.columns:
            yield _block(values, columns)

    def resampled(self, rounds: int, seed: int) -> Iterator[Floats]:
        """Yield the block of means in every bootstrap round, by language; m is ``rounds``."""
        step = max(1, BATCH_BYTES // (16 * rounds * len(self.first)))
        for start in range(0, len(self.languages), step):
            batch = self.columns[start : start + step]
            used = np.unique(batch[batch >= 0])
            values = self.data.replicates(used.tolist(), rounds=rounds, seed=seed)
            for columns in batch:
                yield _block(values, np.where(columns >= 0, np.searchsorted(used, columns), -1))


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
        raise DataError(
            f"the baseline {anchor!r} has no battle",
            where=f"task={battles['task'].iloc[0]} judge={battles['judge'].iloc[0]}",
            fix=f"anchor one of {', '.join(names)}",
        )
    one, other = number[: len(battles)], number[len(battles) :]
    low, high = np.minimum(one, other), np.maximum(one, other)
    score = battles["score"].to_numpy(dtype=np.float64)
    met, pair = np.unique(low * len(names) + high, return_inverse=True)
    rows = battles[["source_id", "item_id", "language"]].assign(pair=[f"{p:09d}" for p in pair])
    score = np.where(one == low, score, 1.0 - score)
    both = pd.concat(
        [rows.assign(kind="0", value=score), rows.assign(kind="1", value=tie_share(score))], ignore_index=True
    )
    data = cluster_values(both, ("kind", "pair"))
    languages = tuple(sorted({language for _, language in data.columns}))
    columns = np.full((len(languages), 2, len(met)), -1, dtype=np.int64)
    for i, ((kind, name), language) in enumerate(data.columns):
        columns[languages.index(language), int(kind), int(name)] = i
    return HeadToHead(names, names.index(anchor), met // len(names), met % len(names), languages, data, columns)


def _block(values: Floats, columns: Integers) -> Floats:
    """Return the block of one language: ``values`` (shape (k, m)) at ``columns`` (shape (2, p))."""
    block = np.zeros((*columns.shape, values.shape[1]))
    met = columns >= 0
    block[met] = values[columns[met]]
    return block
