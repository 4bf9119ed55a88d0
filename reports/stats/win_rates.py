"""Win rates, from battles."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.records import Estimate
from polyarena.reports.stats.averaged_languages import AveragedLanguages, averaged_languages
from polyarena.reports.stats.clustered import Series
from polyarena.reports.stats.groupings import Group, Groupings, groups_of, tier_groups
from polyarena.reports.stats.intervals import Method
from polyarena.reports.stats.seed_groups import SeedGroups
from polyarena.reports.stats.seed_summaries import group_of_system, items_of_all_seeds, seed_series, seed_summaries
from polyarena.reports.stats.signature import CellsDigest, EstimateKey, estimate_signature, task_signature
from polyarena.reports.stats.sparse_columns import battle_columns
from polyarena.reports.stats.summary import Settings, Summary, summarise
from polyarena.reports.stats.table import estimates_frame
from polyarena.reports.stats.validation import finite, refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.signature import Signature

_SERIES = ("judge", "candidate", "baseline")
TIE = (0.5 - 1e-9, 0.5 + 1e-9)
"""Between these a battle is a tie: means of thirds are not exact."""

_KEY = ("judge", "task", "language", "item_id", "candidate", "baseline")


COUNTS_OF_ITEMS = (
    "Wins, ties and losses count items by the mean of their games; the win rate averages these means, with equal "
    "weight for each language, so it need not follow from the counts."
)
"""Said where :func:`rate_of_counts` is not the win rate."""

TOLD_APART = 0.001
"""Difference of two win rates that a reader sees: one in the last digit shown."""


def win_rates(
    battles: pd.DataFrame,
    *,
    confidence: float = 0.95,
    rounds: int = 10_000,
    seed: int = 0,
    groupings: Groupings | None = None,
    signatures: Mapping[tuple[str, str], Signature] | None = None,
    cells: CellsDigest | None = None,
    method: Method = "default",
    seeds: SeedGroups | None = None,
) -> pd.DataFrame:
    """Estimate how often each candidate wins, ties counting half.

    For each judge, candidate, baseline and task: per language the mean score of the battles; over languages the
    unweighted mean of these (macro average), also by group, over the languages that all candidates of the judge and
    baseline have (:mod:`polyarena.reports.stats.averaged_languages`). Intervals come from one joint resample of
    ``source_id`` (see :mod:`polyarena.reports.stats.intervals` for the rule and its measured coverage).

    Games without a verdict are left out of a battle's score and bounded: ``worst`` counts each as lost, ``best`` as
    won (Manski 1989). A battle without any verdict is not averaged but enters the bounds.

    Args:
        battles: Rows of :class:`polyarena.judges.records.Battle`, in any order.
        confidence: Nominal and two-sided.
        rounds: Of the bootstrap.
        seed: Not negative; the same seed gives the same bytes.
        groupings: Levels and groups that are averaged beside the macro average; by default the resource tiers.
        signatures: By (task, judge): the settings that changed the battles, to begin each signature with.
        cells: Digest of all that the answers behind an estimate depend on, for its signature.
        method: Of the intervals; see :mod:`polyarena.reports.stats.intervals` for the default and why.
        seeds: Groups of candidates that are seeds of one recipe. A group is estimated as one candidate in place of its
            seeds, on the items for which all of them have a verdict; wins, ties and losses are those of all seeds.

    Returns:
        Rows of :class:`polyarena.reports.records.Estimate` in canonical order; empty if there are no battles.

    Raises:
        DataError: A column is missing, a battle occurs twice, a score lies outside [0, 1], counts of games contradict
            each other, or a battle has verdicts but no score.

    Example:
        >>> from polyarena.harness import open_run
        >>> found = win_rates(open_run("runs/quickstart").battles())  # doctest: +SKIP
        >>> found.query("level == 'macro'")[["system", "value", "low", "high"]]  # doctest: +SKIP
    """
    settings = Settings(confidence, rounds, seed, method)
    check_battles(battles)
    chosen = tier_groups() if groupings is None else groupings
    named, grouped = signatures or {}, seeds or {}
    names = group_of_system(grouped)
    estimates: list[Estimate] = []
    for task, apart in battles.groupby("task", sort=True):
        rows = apart.assign(candidate=apart["candidate"].map(names).fillna(apart["candidate"])) if names else apart
        bounds = _bounds(rows)
        invalid = rows.groupby([*_SERIES, "language"])["n_invalid"].sum().to_dict()
        languages: dict[Series, list[str]] = defaultdict(list)
        for *series, language in sorted(bounds):
            languages[tuple(series)].append(language)
        averaged = _averaged(rows, languages)
        groups = {s: list(groups_of(found, averaged[s].languages, chosen)) for s, found in languages.items()}
        outcomes = battle_outcomes(rows, (*_SERIES, "language"))
        for s, group, summary in _summaries(apart, groups, settings, grouped):
            judge, candidate, baseline = s
            bounded = [bounds[(*s, code)] for code in group.languages]
            prefix = named.get((str(task), judge), task_signature(str(task), judge))
            around = summary.interval
            wins, ties, losses = np.sum([outcomes[(*s, code)] for code in group.languages], axis=0).tolist()
            key = EstimateKey(str(task), "win_rate", candidate, baseline, group.level, group.name)
            estimate = Estimate(
                system=candidate,
                baseline=baseline,
                judge=judge,
                task=str(task),
                level=group.level,
                group=group.name,
                metric="win_rate",
                value=summary.value,
                standard_error=around.standard_error,
                low=around.low,
                high=around.high,
                confidence=confidence,
                method=around.method,
                n=summary.n,
                n_clusters=summary.n_clusters,
                n_languages=summary.n_languages,
                n_invalid=int(sum(invalid[(*s, code)] for code in group.languages)),
                worst=math.fsum(low for low, _ in bounded) / len(bounded),
                best=math.fsum(high for _, high in bounded) / len(bounded),
                note=_note(group, summary, averaged[s]),
                signature=estimate_signature(prefix, group, summary, settings, cells and cells(key)),
                flag="" if group.level == "language" else averaged[s].flag,
                wins=wins,
                ties=ties,
                losses=losses,
            )
            estimates.append(estimate)
    return estimates_frame(estimates)


def _averaged(rows: pd.DataFrame, languages: Mapping[Series, list[str]]) -> dict[Series, AveragedLanguages]:
    """Return the languages that are averaged of each series, alike for all candidates of a judge and baseline."""
    decided = {
        tuple(map(str, key)) for key in rows.loc[rows["score"].notna(), [*_SERIES, "language"]].itertuples(index=False)
    }
    known = {(judge, baseline, code) for judge, _, baseline, code in decided}
    together: dict[tuple[str, str], dict[Series, list[str]]] = defaultdict(dict)
    for series, found in languages.items():
        judge, _, baseline = series
        # A language without any verdict is lacking only where another candidate has one; else it enters the bounds.
        own = [code for code in found if (*series, code) in decided or (judge, baseline, code) not in known]
        together[judge, baseline][series] = own or found
    return {series: own for each in together.values() for series, own in averaged_languages(each).items()}


def battle_outcomes(rows: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Count wins, ties and losses; battles without a verdict are none of them.

    Args:
        rows: With the columns ``keys`` and ``score``.
        keys: What to count by.

    Returns:
        By the values of ``keys``, as texts.
    """
    score = rows["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    counted = rows[list(keys)].assign(
        wins=score > TIE[1], ties=(score >= TIE[0]) & (score <= TIE[1]), losses=score < TIE[0]
    )
    found = counted.groupby(list(keys), sort=True)[["wins", "ties", "losses"]].sum()
    counts = zip(found.index, found.to_numpy().tolist(), strict=True)
    return {tuple(map(str, key)): (int(won), int(tied), int(lost)) for key, (won, tied, lost) in counts}


def _summaries(
    rows: pd.DataFrame, groups: Mapping[Series, list[Group]], settings: Settings, seeds: SeedGroups
) -> list[tuple[Series, Group, Summary]]:
    decided = items_of_all_seeds(rows[rows["score"].notna()], seeds).rename(columns={"score": "value"})
    if not decided.empty:
        data = battle_columns(decided)
        of_seeds = seed_series([series for series, _ in data.columns], seeds, place=1)
        alone = {series: wanted for series, wanted in groups.items() if series not in of_seeds}
        found = list(summarise(data, alone, settings))
        return [*found, *seed_summaries(data, groups, of_seeds, settings.confidence)]
    return [(s, group, Summary.empty(group.languages)) for s, wanted in groups.items() for group in wanted]


def _bounds(rows: pd.DataFrame) -> dict[tuple[str, ...], tuple[float, float]]:
    """Return the mean score of each series and language if every invalid game were lost, and if it were won."""
    games = rows["n_games"].to_numpy(dtype=np.float64)
    invalid = rows["n_invalid"].to_numpy(dtype=np.float64)
    won = rows["score"].to_numpy(dtype=np.float64, na_value=0.0) * (games - invalid)
    keyed = rows[[*_SERIES, "language"]].assign(worst=won / games, best=(won + invalid) / games)
    return {
        tuple(map(str, key)): (math.fsum(part["worst"]) / len(part), math.fsum(part["best"]) / len(part))
        for key, part in keyed.groupby([*_SERIES, "language"], sort=True)
    }


def _note(group: Group, summary: Summary, averaged: AveragedLanguages) -> str:
    if summary.value is None:
        return "no game has a verdict"
    notes = [summary.interval.note] if summary.interval.note else []
    if summary.missing:
        notes.append(f"not averaged, no game has a verdict: {', '.join(summary.missing)}")
    if averaged.note and group.level == "macro":
        notes.append(averaged.note)
    return "; ".join(notes)


def check_battles(battles: pd.DataFrame) -> None:
    """Refuse battles that cannot be averaged, as :func:`win_rates` says."""
    require_columns(battles, BATTLE_SCHEMA.names, "battles")
    refuse_duplicates(battles, _KEY, "battles")
    games, invalid, score = battles["n_games"], battles["n_invalid"], battles["score"]
    contradictory = (games < 1) | (invalid < 0) | (invalid > games)
    refuse_values(battles, contradictory, "the counts of games contradict each other", _KEY, "n_invalid")
    undecided = ~finite(score) & (invalid < games)
    refuse_values(battles, undecided, "a battle with verdicts has no score", _KEY, "score")
    outside = score.notna() & ~score.between(0, 1)
    refuse_values(battles, outside, "the score of a battle lies outside [0, 1]", _KEY, "score")
    ghost = score.notna() & (invalid == games)
    refuse_values(battles, ghost, "a battle without any verdict has a score", _KEY, "score")


def rate_of_counts(wins: float, ties: float, losses: float) -> float | None:
    """Return the win rate that counts of items would give, ties counting half; ``None`` without any.

    It is the win rate of one language whose items all have a score of 0, one half or 1. Items of two games may have a
    quarter, and a win with ``>>`` may count more than once.
    """
    total = wins + ties + losses
    return (wins + ties / 2) / total if total > 0 else None
