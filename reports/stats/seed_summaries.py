"""Groups of seeds in tables of scores and battles: their items, their estimates, and their average as one system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from polyarena.reports.stats.clustered import Series
from polyarena.reports.stats.groupings import Group
from polyarena.reports.stats.intervals import Interval, interval
from polyarena.reports.stats.score_interval import equal_clusters
from polyarena.reports.stats.seed_groups import SeedGroups, seed_group_estimate
from polyarena.reports.stats.summary import Estimator, Summary

METHOD = "seeds"
"""Method of the interval of a group of seeds."""
_SCORES = ["task", "metric", "language", "item_id"]
_BATTLES = ["judge", "task", "language", "item_id", "baseline"]


def group_of_system(seeds: SeedGroups) -> dict[str, str]:
    """Return the group of each system that is a seed."""
    return {member: group for group, members in seeds.items() for member in members}


def items_of_all_seeds(frame: pd.DataFrame, seeds: SeedGroups) -> pd.DataFrame:
    """Leave out the items of a group that not all of its seeds have a value for; other systems keep all of theirs.

    Args:
        frame: Scores or battles.
        seeds: The groups.
    """
    battles = "candidate" in frame.columns
    column, value, key = ("candidate", "score", _BATTLES) if battles else ("system", "value", _SCORES)
    group = frame[column].map(group_of_system(seeds))
    if not group.notna().any():
        return frame
    own = frame[group.notna() & frame[value].notna()].assign(_group=group)
    known = own.groupby(["_group", *key], dropna=False)[column].transform("nunique")
    complete = known == own["_group"].map({name: len(members) for name, members in seeds.items()})
    kept = group.isna()
    kept.loc[own.index[complete]] = True
    return frame[kept]


def average_seeds(frame: pd.DataFrame, seeds: SeedGroups) -> pd.DataFrame:
    """Return scores or battles in which each group is one system, whose values are means over its seeds.

    This is what statistics get that know nothing of seeds, such as ranks: their values are right, and their intervals
    lack the variation between seeds.

    Args:
        frame: Scores or battles.
        seeds: The groups.
    """
    battles = "candidate" in frame.columns
    column = "candidate" if battles else "system"
    groups = group_of_system(seeds)
    whole = items_of_all_seeds(frame, seeds)
    inside = whole[column].isin(groups)
    if not inside.any():
        return whole
    named = whole[inside].assign(**{column: whole.loc[inside, column].map(groups)})
    key = [column, *_BATTLES] if battles else [column, *_SCORES, "sample_index"]
    how: dict[str, Any] = dict.fromkeys((name for name in frame.columns if name not in key), "first")
    how |= {"score": "mean", "n_games": "sum", "n_invalid": "sum"} if battles else {"value": "mean"}
    if "statistics" in how:
        how["statistics"] = _mean_statistics
    merged = named.groupby(key, sort=True, dropna=False).agg(how).reset_index()
    return pd.concat([whole[~inside], merged[list(frame.columns)]], ignore_index=True)


def _mean_statistics(values: pd.Series) -> object:
    known = [np.asarray(each, dtype=float) for each in values if each is not None]
    return np.mean(known, axis=0) if known else None


def seed_series(found: Sequence[Series], seeds: SeedGroups, place: int) -> dict[Series, list[Series]]:
    """Return the series of each group, as if it were a system, with the series of its seeds.

    Args:
        found: All series.
        seeds: The groups.
        place: Of the system within a series.
    """
    groups = group_of_system(seeds)
    series: dict[Series, list[Series]] = {}
    for each in sorted(set(found)):
        if each[place] in groups:
            series.setdefault((*each[:place], groups[each[place]], *each[place + 1 :]), []).append(each)
    return {name: members for name, members in series.items() if len(members) > 1}


def seed_scores(
    data: Estimator, members: Sequence[Series], languages: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the score of each seed on each cluster such that their means are the seeds' estimates.

    The score of a cluster is the seed's estimate plus the cluster's influence on it times their number: for the mean of
    a language this is the value of the item, and for averages and metrics of a corpus a pseudo-value (Efron and
    Tibshirani, *An Introduction to the Bootstrap*, 1993, section 11.2).

    Args:
        data: Values or statistics of one task.
        members: The series of the seeds, all of which have the languages.
        languages: That are averaged.

    Returns:
        Shapes (seeds, clusters that are present) and (clusters,): the scores, and which clusters are present.
    """
    places = {key: place for place, key in enumerate(data.columns)}
    columns = [[places[series, code] for code in languages] for series in members]
    present = np.asarray(data.counts[:, columns[0]].any(axis=1))
    many = int(present.sum())
    scores = []
    for own in columns:
        value = float(np.mean([data.value(column) for column in own]))
        influence = np.sum([data.influence(column) for column in own], axis=0)[present] / len(own)
        scores.append(value + many * influence)
    return np.array(scores), present


def seed_summaries(
    data: Estimator, groups: Mapping[Series, Sequence[Group]], series: Mapping[Series, Sequence[Series]],
    confidence: float,
) -> Iterator[tuple[Series, Group, Summary]]:  # fmt: skip
    """Estimate every group of seeds in every group of languages.

    Args:
        data: Values or statistics of one task, with the seeds as systems.
        groups: What to estimate of each group of seeds.
        series: The seeds of each group, from :func:`seed_series`.
        confidence: Nominal coverage.

    Yields:
        As :func:`polyarena.reports.stats.summary.summarise`.
    """
    there = set(data.columns)
    for name, members in series.items():
        if not any(key in members for key, _ in there):
            continue
        for group in groups[name]:
            found = [code for code in group.languages if all((each, code) in there for each in members)]
            missing = tuple(code for code in group.languages if code not in found)
            yield name, group, _summary(data, members, group, found, missing, confidence)


def _summary(
    data: Estimator, members: Sequence[Series], group: Group, found: list[str], missing: tuple[str, ...],
    confidence: float,
) -> Summary:  # fmt: skip
    if not found:
        return Summary.empty(missing)
    places = {key: place for place, key in enumerate(data.columns)}
    columns = [places[members[0], code] for code in found]
    scores, present = seed_scores(data, members, found)
    items, clusters = int(data.counts[:, columns].sum()), int(present.sum())
    value = float(scores.mean())
    if (np.count_nonzero(data.counts[:, columns], axis=0) < 2).any():
        reason = (
            "one source item only: no interval" if group.level == "language" else "one source item only in a language"
        )
        return Summary(value, Interval(None, None, None, "none", reason), items, clusters, missing, len(found))
    around = seed_group_estimate(scores, confidence)
    low, high = around.low, around.high
    if all(bool(data.bounded[places[each, code]]) for each in members for code in found):
        # Where nearly all values are 0, or 1, the sample shows less variance than there is: the interval is then that
        # of the items, whose score interval knows this, where it is the wider one.
        counts = data.counts[:, columns]
        of_items = interval(
            value,
            (scores.mean(axis=0) - value) / clusters,
            data.labels[present],
            None,
            items=items,
            bounded=True,
            confidence=confidence,
            clusters=equal_clusters((counts / counts.sum(axis=0)).sum(axis=1)[present]),
        )
        if of_items.low is not None and of_items.high is not None:
            low, high = min(low, of_items.low), max(high, of_items.high)
        low, high = max(0.0, low), min(1.0, high)
    note = f"{around.seeds} seeds; standard error {around.between:.3g} between seeds, {around.within:.3g} from items"
    own = Interval(around.standard_error, low, high, METHOD, note)
    return Summary(value, own, items, clusters, missing, len(found))
