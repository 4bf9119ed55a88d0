"""Many systems at once: ratings, ranks and tie groups, from battles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import pandas as pd

from polyarena.reports.stats.blas_threads import one_blas_thread
from polyarena.reports.stats.bradley_terry import RIDGE, moments
from polyarena.reports.stats.head_to_head import HeadToHead, check_battles, head_to_head
from polyarena.reports.stats.intervals import Interval, interval
from polyarena.reports.stats.rank_confidence_sets import EQUAL_RATINGS, Ranks, rank_confidence_sets
from polyarena.reports.stats.rank_groups import RankedGroup, ranked_groups
from polyarena.reports.stats.rank_record import Ranked
from polyarena.reports.stats.resampling import Integers
from polyarena.reports.stats.score_interval import equal_clusters
from polyarena.reports.stats.signature import own_version, task_signature
from polyarena.reports.stats.summary import Settings
from polyarena.reports.stats.win_rates import battle_outcomes
from polyarena.tasks.signature import Signature

ELO_SCALE = 400 / math.log(10)
"""Elo points for one natural logarithm of odds."""

FARTHEST = 10.0
"""Ratings and ends beyond these odds (22,000 to 1) come from data or resamples without a loss, or without a win."""

MOST_FITS, FEWEST_ROUNDS = 200_000, 1_000
"""Bootstrap rounds times systems, and rounds of however many systems."""

PREDICTED = "did not meet the baseline: its win rate is what the ratings predict"
"""The note of a win rate that no battle shows."""

_WHOLE = ("rank", "rank_low", "rank_high", "tie_group")
_REAL = ("rating", "rating_low", "rating_high", "win_rate", "standard_error", "low", "high", "p_best")


@dataclass(frozen=True, slots=True)
class _Context:
    """What the rows of one judge and task share."""

    judge: str
    task: str
    prefix: Signature
    anchor: float
    settings: Settings
    outcomes: Mapping[tuple[str, ...], tuple[int, int, int]]


def rank(
    battles: pd.DataFrame,
    *,
    baseline: str | None = None,
    ties: bool = True,
    anchor: float = 1000.0,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    signatures: Mapping[tuple[str, str], Signature] | None = None,
) -> pd.DataFrame:
    """Rate and rank the systems of each judge and task, over languages and by language.

    Bradley-Terry with Davidson's ties (:mod:`polyarena.reports.stats.bradley_terry`), fitted again in every round of
    the joint bootstrap over ``source_id``, with the baseline anchored in each; a pair weighs as often as it was drawn.
    Over languages, a pair's score is the mean of its languages' scores: a language's number of items gives it no
    weight, and only languages that all systems have are averaged. Where ties leave Davidson's likelihood without a
    finite maximum they count half instead, and the note says so. Ranks are sets
    (:mod:`polyarena.reports.stats.rank_confidence_sets`).

    Args:
        battles: Rows of :class:`polyarena.judges.records.Battle`, in any order; those without a verdict are left out.
        baseline: The anchored system; by default the commonest ``baseline`` of the judge and task.
        ties: Whether ties have a parameter of their own, or only count half (as in arena-hard-auto).
        anchor: Rating of the baseline.
        confidence: Nominal, two-sided.
        rounds: Of the bootstrap; of many systems fewer are drawn, so that rounds times systems stay below
            :data:`MOST_FITS`, but :data:`FEWEST_ROUNDS` at least. The signature has the number drawn.
        seed: Not negative; the same seed gives the same bytes.
        signatures: By (task, judge): the settings that changed the battles, to begin each signature with.

    Returns:
        Rows of :class:`polyarena.reports.stats.rank_record.Ranked`, by task, judge, level, language and rank; systems
        without a rank come last. Empty if no battle has a verdict.

    Raises:
        DataError: A column is missing, a pair of systems meets twice on an item, a score lies outside [0, 1], or
            ``baseline`` has no battle.

    Example:
        >>> ranking = rank(battles)  # doctest: +SKIP
        >>> ranking.query("level == 'macro'")[["system", "rating", "rank_low", "rank_high"]]  # doctest: +SKIP
    """
    check_battles(battles)
    Settings(confidence, rounds, seed)
    rows: list[Ranked] = []
    for (task, judge), own in battles[battles["score"].notna()].groupby(["task", "judge"], sort=True):
        # The model is fitted again in each round, with as many unknowns as systems.
        many = len({*own["candidate"], *own["baseline"]})
        drawn = min(rounds, max(FEWEST_ROUNDS, MOST_FITS // many))
        settings = Settings(confidence, drawn, seed)
        prefix = (signatures or {}).get((str(task), str(judge)), task_signature(str(task), str(judge)))
        name = "davidson" if ties else "bradley-terry"
        model = Signature({"settings": prefix, "model": name, "ridge": f"{RIDGE:g}"})
        context = _Context(str(judge), str(task), model, anchor, settings, _outcomes(own))
        found = head_to_head(own, baseline)
        with one_blas_thread():
            for group in ranked_groups(found, ties=ties, rounds=drawn, seed=seed):
                rows += _rows(found, group, context)
    frame = pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(Ranked)])
    return frame.astype(dict.fromkeys(_WHOLE, "Int64") | dict.fromkeys(_REAL, "float64"))


def _rows(found: HeadToHead, group: RankedGroup, context: _Context) -> list[Ranked]:
    """Return the rows of one group, the best system first."""
    connected = sorted(group.comparable.intersection(group.systems()))
    ranks = _ranks(group, connected, found.scores.labels, context.settings) if len(connected) > 1 else None
    rows = []
    for system in group.systems():
        row = _row(found, group, system, context)
        row = replace(row, note=_join(row.note, group.flags.get(system, "")))
        if ranks is not None and system in connected:
            row = _placed(row, ranks, connected.index(system), sure=system in group.finite and row.rating is not None)
        rows.append(row)
    return sorted(rows, key=lambda row: (row.rank is None, row.rank or 0, row.system))


def _ranks(group: RankedGroup, connected: list[int], labels: Integers, settings: Settings) -> Ranks:
    pulls = group.on_ratings[:, connected]
    variances = np.zeros((len(connected), len(connected)))
    for label in np.unique(labels[group.clusters]):
        stratum = pulls[group.clusters & (labels == label)]
        products = stratum.T @ stratum * (len(stratum) / max(len(stratum) - 1, 1))
        squares = np.diag(products)
        variances += squares[:, None] + squares[None, :] - 2 * products
    ratings, replicates = group.fitted.ratings[0, connected], group.rounds.ratings[:, connected]
    unsure = np.array([system not in group.finite for system in connected]) | (np.abs(ratings) > FARTHEST)
    variances[unsure, :] = variances[:, unsure] = 0.0
    np.fill_diagonal(variances, 0.0)
    # What rounding leaves of a difference without any spread is no spread.
    noise = 1e-12 * float(np.square(pulls).sum())
    errors = np.sqrt(np.where(variances > noise, variances, 0.0))
    return rank_confidence_sets(ratings, replicates, errors, settings.confidence)


def _placed(row: Ranked, ranks: Ranks, place: int, *, sure: bool) -> Ranked:
    """Return the row with its rank; with the sets only where the rating is finite."""
    row = replace(row, rank=int(ranks.rank[place]), tie_group=int(ranks.group[place]))
    if not sure:
        return row
    return replace(
        row, rank_low=int(ranks.low[place]), rank_high=int(ranks.high[place]), p_best=float(ranks.best[place])
    )


def _signature(context: _Context, group: RankedGroup, n: int) -> Signature:
    settings = context.settings
    return context.prefix.with_({"ties": "half"} if group.half else {}).with_(
        n=n, B=settings.rounds, seed=settings.seed, ci=f"{settings.confidence * 100:g}", polyarena=own_version()
    )


def _row(found: HeadToHead, group: RankedGroup, system: int, context: _Context) -> Ranked:
    """Return the row of one system, but for its rank."""
    met = (group.pairs.first == system) | (group.pairs.second == system)
    n, settings = int(group.battles[met].sum()), context.settings
    name = found.systems[system]
    wins, ties, losses = np.sum(
        [context.outcomes.get((name, code), (0, 0, 0)) for code in group.languages], axis=0
    ).tolist()
    row = Ranked(
        judge=context.judge,
        task=context.task,
        level=group.level,
        group=group.name,
        system=name,
        baseline=found.systems[found.anchor],
        n=n,
        n_clusters=int(group.clusters.sum()),
        opponents=int(met.sum()),
        confidence=settings.confidence,
        note="no points connect it with the baseline: no rating",
        signature=str(_signature(context, group, n)),
        wins=wins,
        ties=ties,
        losses=losses,
    )
    if system == found.anchor:
        return replace(row, rating=context.anchor, win_rate=0.5, note="the baseline, whose rating is fixed")
    if system not in group.comparable:
        return row
    win, around = _against_baseline(found, group, system, n, settings)
    row = replace(
        row,
        win_rate=win,
        standard_error=around.standard_error,
        low=around.low,
        high=around.high,
        note=around.note,
    )
    if system not in group.finite:
        return replace(
            row,
            note=_join(
                around.note, "no finite rating: all points of the systems between it and the baseline went one way"
            ),
        )
    return _rated(row, found, group, system, context)


def _outcomes(own: pd.DataFrame) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Return wins, ties and losses of each system in each language, whichever side it was on."""
    swapped = own.assign(candidate=own["baseline"], score=1 - own["score"])
    columns = ["candidate", "language", "score"]
    return battle_outcomes(pd.concat([own[columns], swapped[columns]], ignore_index=True), columns[:2])


def _against_baseline(
    found: HeadToHead, group: RankedGroup, system: int, n: int, settings: Settings
) -> tuple[float, Interval]:
    """Return the win rate against the baseline with its interval: of their battles, or as the ratings predict it."""
    low, high = min(system, found.anchor), max(system, found.anchor)
    met = np.flatnonzero((group.pairs.first == low) & (group.pairs.second == high))
    if len(met):
        return _of_battles(found, group, int(met[0]), system == low, settings)
    fitted = group.fitted
    win = float(fitted.expected(system, found.anchor)[0])
    if system not in group.finite:
        # The ridge keeps it a little from where it belongs.
        win = float(round(win))
    _, _, variance, covariance = moments(fitted.ratings[:, system], fitted.tie)
    pulls = variance[0] * group.on_ratings[:, system] + covariance[0] * group.on_tie
    # The ridge lets a trace of the other systems' battles through; the interval asks which clusters are alike.
    grain = max(float(np.abs(pulls).max()), 1e-300) * 1e-6
    pulls = np.rint(pulls / grain) * grain
    around = interval(
        win,
        pulls[group.clusters],
        found.scores.labels[group.clusters],
        group.rounds.expected(system, found.anchor),
        items=n,
        bounded=True,
        confidence=settings.confidence,
        clusters=equal_clusters(group.shares[group.clusters, system]),
    )
    return win, replace(around, note=_join(around.note, PREDICTED))


def _of_battles(
    found: HeadToHead, group: RankedGroup, pair: int, first: bool, settings: Settings
) -> tuple[float, Interval]:
    """Return the mean of the battles of a pair, as :func:`polyarena.reports.stats.win_rates` has it."""
    place = np.flatnonzero((found.first == group.pairs.first[pair]) & (found.second == group.pairs.second[pair]))[0]
    columns = found.columns[[found.languages.index(code) for code in group.languages], place]
    present, counts = found.scores.table(columns[columns >= 0])
    score, pulls = float(group.scores[pair]), group.on_scores[[pair]].toarray()[0, present]
    win, pulls = (score, pulls) if first else (1 - score, -pulls)
    if np.count_nonzero(counts, axis=0).min() < 2:
        return win, Interval(None, None, None, "none", "one source item only: no interval")
    around = interval(
        win,
        pulls,
        found.scores.labels[present],
        None,
        items=int(counts.sum()),
        bounded=True,
        confidence=settings.confidence,
        clusters=equal_clusters((counts / counts.sum(axis=0)).sum(axis=1)),
    )
    return win, around


def _rated(row: Ranked, found: HeadToHead, group: RankedGroup, system: int, context: _Context) -> Ranked:
    """Return the row with a rating and the ends of its interval, as far as there are any."""
    rating = float(group.fitted.ratings[0, system])
    around = interval(
        rating,
        group.on_ratings[group.clusters, system],
        found.scores.labels[group.clusters],
        group.rounds.ratings[:, system],
        items=row.n,
        bounded=False,
        confidence=context.settings.confidence,
    )
    ends = [None if end is None or abs(end) > FARTHEST else context.anchor + ELO_SCALE * end
            for end in (around.low, around.high)]  # fmt: skip
    far = "an end of the rating is open: it won or lost everything in many resamples"
    opened = around.low is not None and None in ends
    alike = around.low is not None and around.high is not None and around.high - around.low < EQUAL_RATINGS
    if alike:
        ends = [None, None]
    if abs(rating) > FARTHEST:
        one_way = "no finite rating: but for ties, all its points went one way"
        return replace(row, note=_join(row.note, one_way))
    return replace(
        row,
        rating=context.anchor + ELO_SCALE * rating,
        rating_low=ends[0],
        rating_high=ends[1],
        note=_join(
            row.note,
            "" if row.note == around.note else around.note,
            far if opened else "",
            "all resamples give this rating: no interval" if alike else "",
            "ties count half in the rating: with a parameter of their own it has no finite value" if group.half else "",
        ),
    )


def _join(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
