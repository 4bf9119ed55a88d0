"""Fits of Bradley-Terry to each language and to all of them, with their bootstrap rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyarena.reports.stats.averaged_languages import AveragedLanguages, averaged_languages
from polyarena.reports.stats.bradley_terry import Fit, Pairs, fit, influence, moments
from polyarena.reports.stats.head_to_head import HeadToHead
from polyarena.reports.stats.resampling import Floats, Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_array


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
        languages: Those behind the scores.
        scores: Shape (p,); the mean score of each pair.
        on_scores: Shape (p, clusters); influence of each cluster on it.
        half: Whether ties count half here, as ratings have no finite value with a parameter for ties.
        flags: By system, why its average is not over the languages of all others; absent where it is.
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
    languages: tuple[str, ...]
    scores: Floats
    on_scores: csr_array
    half: bool
    flags: Mapping[int, str] = field(default_factory=dict)

    def systems(self) -> list[int]:
        """Return the numbers of the systems that have battles in the group."""
        return sorted({*map(int, self.pairs.first), *map(int, self.pairs.second)})


def ranked_groups(found: HeadToHead, *, ties: bool, rounds: int, seed: int) -> Iterator[RankedGroup]:
    """Fit all languages together, then each of them.

    Over languages, a pair's score is the mean of its scores in the languages where it met, among those that all systems
    have (:mod:`polyarena.reports.stats.averaged_languages`).

    Args:
        found: The battles of all pairs of systems.
        ties: Whether ties have a parameter of their own (Davidson 1970) instead of counting half.
        rounds: Bootstrap rounds.
        seed: Of the resamples, which all groups share.
    """
    from scipy.sparse import diags_array

    counts = found.counts()
    chosen = _averaged(found, counts)
    kept = frozenset().union(*(each.languages for each in chosen.values()))
    flags = {system: each.flag for system, each in chosen.items() if each.flag}
    averaged = np.array([code in kept for code in found.languages])
    means, influences, shares = found.means(), list(found.influences()), list(found.shares())
    contributions = list(found.contributions())
    languages = np.maximum((counts[averaged] > 0).sum(axis=0), 1)
    total = np.zeros((3, len(found.first), rounds))
    single: list[RankedGroup] = []
    for i, (name, resampled) in enumerate(zip(found.languages, found.resampled(rounds, seed), strict=True)):
        if averaged[i]:
            total[:2] += resampled[:2] * resampled[2]
            total[2] += resampled[2]
        own = (counts[i], means[i], influences[i], contributions[i], shares[i], resampled)
        single.append(_group(found, ("language", name), [i], *own, ties))
    if len(single) == 1:
        # The average over one language is that language.
        yield replace(single[0], level="macro", name="all", flags=flags)
        yield from single
        return
    used = np.flatnonzero(averaged).tolist()
    part = diags_array(1 / languages)
    adds = tuple(part @ sum(contributions[i][kind] for i in used) for kind in (0, 1))
    averages = means[averaged].sum(axis=0) / languages
    for kind in (0, 1):
        whole = np.broadcast_to(averages[kind][:, None], total[kind].shape)
        total[kind] = np.divide(total[kind], total[2], out=whole.copy(), where=total[2] > 0)
    total[2] /= languages[:, None]
    together = _group(
        found,
        ("macro", "all"),
        used,
        counts[averaged].sum(axis=0),
        averages,
        part @ sum(influences[i] for i in used),
        (adds[0], adds[1]),
        part @ sum(shares[i] for i in used),
        total,
        ties,
    )
    yield replace(together, flags=flags)
    yield from single


def _averaged(found: HeadToHead, counts: Floats) -> dict[int, AveragedLanguages]:
    """Return the languages that enter the averages, by system: the common ones, or its own if they are too few."""
    met: dict[int, list[str]] = {}
    for place, code in enumerate(found.languages):
        pairs = counts[place] > 0
        for system in {*map(int, found.first[pairs]), *map(int, found.second[pairs])}:
            met.setdefault(system, []).append(code)
    return averaged_languages(met)


def _group(
    found: HeadToHead,
    title: tuple[str, str],
    places: list[int],
    counts: Floats,
    means: Floats,
    pulls: csr_array,
    adds: tuple[csr_array, csr_array],
    shares: csr_array,
    resampled: Floats,
    ties: bool,
) -> RankedGroup:
    met = np.flatnonzero(counts)
    weights = counts[met]
    comparable, finite = _comparable(
        Pairs(found.first[met], found.second[met], len(found.systems), found.anchor), means[0, met]
    )
    modelled = ties and bool(means[1].any())
    half = modelled and not ties_are_estimable(means[0, met], means[1, met], found.first[met], found.second[met])
    pairs = Pairs(found.first[met], found.second[met], len(found.systems), found.anchor, modelled and not half)
    fitted = fit(pairs, weights, means[:1, met], means[1:, met])
    columns = found.columns[places].ravel()
    clusters = found.scores.present(columns[columns >= 0])
    on_ratings, on_tie = _influence(pairs, weights, fitted, [each[met] for each in adds], shares[met])
    for label in np.unique(found.scores.labels[clusters]):
        own = np.flatnonzero(clusters & (found.scores.labels == label))
        # What the fit leaves of a language with prompts of its own is no chance: it is the same in every resample.
        on_ratings[own] -= on_ratings[own].mean(axis=0)
        on_tie[own] -= on_tie[own].mean()
    return RankedGroup(
        *title,
        pairs=pairs,
        battles=weights,
        fitted=fitted,
        rounds=fit(pairs, weights * resampled[2, met].T, resampled[0, met].T, resampled[1, met].T, start=fitted),
        on_ratings=on_ratings,
        on_tie=on_tie,
        clusters=clusters,
        shares=_shares(found, shares),
        comparable=comparable,
        finite=finite,
        languages=tuple(found.languages[place] for place in places),
        scores=means[0, met],
        on_scores=pulls[met],
        half=half,
    )


def _influence(
    pairs: Pairs, battles: Floats, fitted: Fit, adds: Sequence[csr_array], shares: csr_array
) -> tuple[Floats, Floats]:
    """Return the influence of each cluster on ratings and ties, around what the ratings expect of its battles.

    Around a pair's own mean instead, a pair with one battle would show no chance at all. Where all clusters have all
    pairs, both are the same.
    """
    from scipy.sparse import diags_array

    difference = fitted.ratings[0, pairs.first] - fitted.ratings[0, pairs.second]
    expected = moments(difference, fitted.tie[0])[:2]
    scores, ties = (each - diags_array(mean) @ shares for each, mean in zip(adds, expected, strict=True))
    return influence(pairs, battles, fitted, scores.T, ties.T)


def ties_are_estimable(scores: Floats, ties: Floats, first: Integers, second: Integers) -> bool:
    r"""Tell whether Davidson's likelihood has a finite maximum, as far as ties decide it.

    With ties and losses but not one win, a rating of minus infinity and as large a :math:`\nu` explain all that was
    seen. The maximum is finite if no direction of the parameters leaves every observed outcome at least as likely as
    the others (Albert and Anderson 1984, Biometrika 71, 1-10). With the utilities :math:`d/2`, :math:`\log\nu` and
    :math:`-d/2` of win, tie and loss, such a direction has :math:`\log\nu = 1`, :math:`d \ge 2` where a win was seen,
    :math:`d \le -2` where a loss was seen and :math:`|d| \le 2` where a tie was seen.

    Args:
        scores: Shape (p,); mean score of the first system of each pair.
        ties: Shape (p,); share of ties.
        first: Shape (p,).
        second: Shape (p,).
    """
    wins, losses, tied = scores - ties / 2 > _SEEN, 1 - scores - ties / 2 > _SEEN, ties > _SEEN
    if not wins.any() and not losses.any():
        return False
    if (wins & losses).any():
        return True
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    systems = int(max(first.max(), second.max())) + 1
    # Rows of sign * d <= bound.
    limits = [(wins, -1.0, -2.0), (losses, 1.0, -2.0), (tied, 1.0, 2.0), (tied, -1.0, 2.0)]
    signs = np.concatenate([np.full(seen.sum(), sign) for seen, sign, _ in limits])
    bounds = np.concatenate([np.full(seen.sum(), bound) for seen, _, bound in limits])
    ones = np.concatenate([first[seen] for seen, *_ in limits])
    others = np.concatenate([second[seen] for seen, *_ in limits])
    rows = np.arange(len(signs))
    matrix = coo_array(
        (np.concatenate([signs, -signs]), (np.concatenate([rows, rows]), np.concatenate([ones, others]))),
        shape=(len(signs), systems),
    )
    found = linprog(np.zeros(systems), A_ub=matrix, b_ub=bounds, bounds=(None, None), method="highs")
    return bool(found.status == 2)


_SEEN = 1e-12
"""Shares of wins and losses below it are rounding."""


def _shares(found: HeadToHead, shares: csr_array) -> Floats:
    """Return how much clusters count for each system, from what they count for each pair (shape (p, clusters))."""
    from scipy.sparse import coo_array

    pairs = np.arange(len(found.first))
    systems, rows = np.concatenate([found.first, found.second]), np.concatenate([pairs, pairs])
    met = coo_array((np.ones(len(rows)), (systems, rows)), shape=(len(found.systems), len(pairs))).tocsr()
    return np.ascontiguousarray((met @ shares).toarray().T)


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
