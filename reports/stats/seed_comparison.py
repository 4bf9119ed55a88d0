"""Comparison of two systems of which one or both are groups of seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from polyarena.reports.metric_facts import metric_facts
from polyarena.reports.stats.clustered import Series
from polyarena.reports.stats.common_items import CommonItems, clusters_of, common_items
from polyarena.reports.stats.comparison_record import Comparison, Intervals, comparison_of
from polyarena.reports.stats.groupings import Group, Groupings, groups_of
from polyarena.reports.stats.intervals import Interval
from polyarena.reports.stats.multiplicity import adjust
from polyarena.reports.stats.outcome import gain_factors
from polyarena.reports.stats.seed_groups import SeedGroupDifference, SeedGroups, seed_group_difference
from polyarena.reports.stats.seed_summaries import METHOD, seed_scores
from polyarena.reports.stats.summary import Estimator, Settings

_ITEM = ["language", "item_id"]


def compare_seed_groups(
    frame: pd.DataFrame,
    systems: tuple[str, str],
    seeds: SeedGroups,
    *,
    metric: str | None,
    margin: float | None,
    groupings: Groupings,
    settings: Settings,
) -> Iterator[Comparison]:
    """Compare two groups of seeds, or a group and a system, on the items that all of their seeds have.

    Args:
        frame: Scores or battles, with the seeds as systems.
        systems: The first system or group, and the one it is compared with.
        seeds: The groups.
        metric: Only this one, of scores.
        margin: Difference that does not matter; ``None`` for none.
        groupings: Levels and groups that are averaged beside the macro average.
        settings: Confidence of the intervals.

    Yields:
        By task, metric, judge and baseline: the macro average, the groups, the languages.

    Raises:
        DataError: The seeds have no item in common, or the frame is not sound.
        UnknownNameError: There is no such system, group or metric.
    """
    sides = [seeds.get(name, (name,)) for name in systems]
    for pair in _items_of_all(frame, sides, metric):
        data = clusters_of(pair)
        languages = sorted({language for _, language in data.columns})
        groups = list(groups_of(languages, languages, groupings))
        rows = [_comparison(pair, data, group, systems, sides, margin, settings) for group in groups]
        adjusted = iter(adjust([row.p_value for row in rows if row.level == "language"]))
        yield from (replace(row, p_holm=next(adjusted)) if row.level == "language" else row for row in rows)


def _items_of_all(frame: pd.DataFrame, sides: Sequence[Sequence[str]], metric: str | None) -> Iterator[CommonItems]:
    """Yield the items that all seeds of both sides have, by task, judge, baseline and metric."""
    pairs: dict[tuple[str, str | None, str | None, str], list[CommonItems]] = {}
    meetings = list(product(*sides))
    for one, other in meetings:
        for found in common_items(frame, one, other, metric=metric):
            pairs.setdefault((found.task, found.judge, found.baseline, found.metric), []).append(found)
    members = {name for side in sides for name in side}
    for (task, judge, baseline, measure), found_pairs in pairs.items():
        if len(found_pairs) < len(meetings):
            continue
        rows = pd.concat([each.rows for each in found_pairs], ignore_index=True)
        rows = rows.drop_duplicates(["system", *_ITEM, "sample_index"], ignore_index=True)
        common = rows[rows.groupby(_ITEM)["system"].transform("nunique") == len(members)]
        if common.empty:
            continue
        kept = common.groupby("language")["item_id"].nunique()
        every = pd.concat([_all_items(each) for each in found_pairs], axis=1).max(axis=1)
        left = {str(code): int(every[code] - kept[code]) for code in kept.index}
        yield CommonItems(task, judge, baseline, measure, common.reset_index(drop=True), left)


def _all_items(pair: CommonItems) -> pd.Series[int]:
    """Return the items by language that one of two systems has."""
    kept = pair.rows.groupby("language")["item_id"].nunique()
    return kept + pd.Series(pair.left_out).reindex(kept.index, fill_value=0)


def _comparison(
    pair: CommonItems,
    data: Estimator,
    group: Group,
    systems: tuple[str, str],
    sides: Sequence[Sequence[str]],
    margin: float | None,
    settings: Settings,
) -> Comparison:
    members: list[list[Series]] = [[(name,) for name in side] for side in sides]
    (first, present), (second, _) = (seed_scores(data, each, group.languages) for each in members)
    columns = [data.columns.index((members[0][0], code)) for code in group.languages]
    counts = data.counts[:, columns]
    alone = bool((np.count_nonzero(counts, axis=0) < 2).any())
    value, value_against = float(first.mean()), float(second.mean())
    found = None if alone else seed_group_difference(first, second, settings.confidence)
    signs = gain_factors(metric_facts(pair.metric).direction, (value, value_against))

    def gain(confidence: float) -> Interval:
        return _interval(None if alone else seed_group_difference(signs[0] * first, signs[1] * second, confidence))

    return comparison_of(
        pair,
        group,
        systems,
        Intervals(
            around=_interval(found),
            gain=gain(settings.confidence),
            inner=None if margin is None else gain(2 * settings.confidence - 1),
        ),
        settings,
        margin,
        values=(value, value_against),
        difference=value - value_against,
        p_value=found.p_value if found else 1.0,
        n=int(counts.sum()),
        n_clusters=int(present.sum()),
        notes=[
            ", ".join(f"{name}: {len(side)} seeds" for name, side in zip(systems, sides, strict=True) if len(side) > 1),
            "one source item only: no interval" if alone else "",
        ],
        left_out="not all seeds have a value",
    )


def _interval(found: SeedGroupDifference | None) -> Interval:
    if found is None:
        return Interval(None, None, None, "none")
    return Interval(found.standard_error, found.low, found.high, METHOD)
