"""Fits of Bradley-Terry to each language and to all of them, with their bootstrap rounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polyarena.reports.stats.bradley_terry import Fit, Pairs, fit, influence
from polyarena.reports.stats.head_to_head import HeadToHead
from polyarena.reports.stats.resampling import Floats, Integers


@dataclass(frozen=True)
class RankedGroup:
    """Ratings of the systems that met in a language, or in any.

    Attributes:
        level: ``macro`` or ``language``.
        name: ``all`` or the language code.
        pairs: Who met whom.
        battles: Shape (p,); how often.
        fitted: Ratings of the data, one round.
        rounds: Ratings of every bootstrap round.
        on_ratings: Shape (clusters, systems); influence of each cluster on the ratings.
        on_tie: Shape (clusters,); on the logarithm of the parameter of ties.
        clusters: Shape (clusters,); which clusters have a battle in the group.
        shares: Shape (clusters, systems); how much each cluster counts among a system's own battles.
        comparable: Systems that points won or lost connect with the baseline, directly or through others.
        finite: Those among them whose rating has a finite maximum-likelihood value.
    """

    level: str
    name: str
    pairs: Pairs
    battles: Floats
    fitted: Fit
    rounds: Fit
    on_ratings: Floats
    on_tie: Floats
    clusters: NDArray[np.bool_]
    shares: Floats
    comparable: frozenset[int]
    finite: frozenset[int]

    def systems(self) -> list[int]:
        """Return the numbers of the systems that have battles in the group."""
        return sorted({*map(int, self.pairs.first), *map(int, self.pairs.second)})


def ranked_groups(found: HeadToHead, *, ties: bool, rounds: int, seed: int) -> Iterator[RankedGroup]:
    """Fit all languages together, then each of them.

    Over languages, a pair's score is the mean of its scores in the languages where it met.
    """
    counts = found.counts()
    means, influences = np.array(list(found.means())), list(found.influences())
    languages = np.maximum((counts > 0).sum(axis=0), 1)[:, None]
    total = np.zeros((2, len(found.first), rounds))
    single: list[RankedGroup] = []
    for i, (name, resampled) in enumerate(zip(found.languages, found.resampled(rounds, seed), strict=True)):
        total += resampled
        single.append(_group(found, ("language", name), counts[i], means[i], influences[i], resampled, ties))
    pulls = np.sum(influences, axis=0) / languages
    yield _group(
        found, ("macro", "all"), counts.sum(axis=0), means.sum(axis=0) / languages, pulls, total / languages, ties
    )
    yield from single


def _group(
    found: HeadToHead,
    title: tuple[str, str],
    counts: Floats,
    means: Floats,
    pulls: Floats,
    resampled: Floats,
    ties: bool,
) -> RankedGroup:
    met = np.flatnonzero(counts)
    pairs = Pairs(found.first[met], found.second[met], len(found.systems), found.anchor, ties and bool(means[1].any()))
    weights = counts[met]
    fitted = fit(pairs, weights, means[0, met].T, means[1, met].T)
    on_ratings, on_tie = influence(pairs, weights, fitted, pulls[0, met].T, pulls[1, met].T)
    comparable, finite = _comparable(pairs, means[0, met, 0])
    languages = slice(None) if title[0] == "macro" else found.languages.index(title[1])
    columns = found.columns[languages].ravel()
    return RankedGroup(
        *title,
        pairs=pairs,
        battles=weights,
        fitted=fitted,
        rounds=fit(pairs, weights, resampled[0, met].T, resampled[1, met].T, start=fitted),
        on_ratings=on_ratings,
        on_tie=on_tie,
        clusters=np.asarray(found.data.counts[:, columns[columns >= 0]].any(axis=1)),
        shares=_shares(found, np.atleast_2d(found.columns[languages, 0])),
        comparable=comparable,
        finite=finite,
    )


def _shares(found: HeadToHead, columns: Integers) -> Floats:
    """Return how much clusters count, from the columns of scores: shape (languages, p), -1 for pairs that never met."""
    shares = np.zeros((len(found.data.clusters), len(found.systems)))
    for first, second, own in zip(found.first, found.second, columns.T, strict=True):
        counts = found.data.counts[:, own[own >= 0]]
        each = (counts / counts.sum(axis=0)).sum(axis=1) / max(1, counts.shape[1])
        shares[:, first] += each
        shares[:, second] += each
    return shares


def _comparable(pairs: Pairs, scores: Floats) -> tuple[frozenset[int], frozenset[int]]:
    """Return the systems that points lead to from the anchor or back, and those for which they do both.

    Maximum-likelihood ratings are finite exactly for the latter (Ford 1957); for the former they may be infinite, and
    for all others there is none.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    points = np.concatenate([scores, 1.0 - scores])
    winners, losers = np.concatenate([pairs.first, pairs.second]), np.concatenate([pairs.second, pairs.first])
    won = points > 0
    graph = coo_array((points[won], (winners[won], losers[won])), shape=(pairs.systems, pairs.systems)).tocsr()
    below, above = (
        set(breadth_first_order(each, pairs.anchor, return_predecessors=False).tolist()) for each in (graph, graph.T)
    )
    return frozenset(below | above), frozenset(below & above)
