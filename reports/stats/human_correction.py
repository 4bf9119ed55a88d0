"""Win rates of a judge, corrected by people's labels, from battles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

import numpy as np
import pandas as pd

from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.stats.groupings import Groupings, groups_of, tier_groups
from polyarena.reports.stats.prediction_powered import FEW, Corrected, LanguageLabels, corrected_mean
from polyarena.reports.stats.validation import describe, refuse_duplicates, refuse_values, require_columns
from polyarena.tasks.errors import DataError

_ITEM = ["task", "language", "item_id", "candidate", "baseline"]
_SERIES = ["task", "judge", "candidate", "baseline"]


def correct_by_humans(
    battles: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    confidence: float = 0.95,
    groupings: Groupings | None = None,
) -> pd.DataFrame:
    """Estimate win rates as people would have judged, from a judge's battles and people's labels of some of them.

    People's labels must be of items drawn at random from those judged.

    Args:
        battles: Rows of :class:`polyarena.judges.records.Battle`; those without a verdict are left out, with their
            labels.
        labels: Rows of ``task``, ``language``, ``item_id``, ``candidate``, ``baseline`` and ``score`` in [0, 1] for the
            candidate; several of one item (several people) are averaged first. Other columns are not read.
        confidence: Nominal, two-sided.
        groupings: Levels and groups that are averaged; by default the resource tiers.

    Returns:
        One row for each task, judge, pair and group: ``level``, ``group``, the attributes of
        :class:`polyarena.reports.stats.prediction_powered.Corrected` (people alone always beside, and in the place of
        the corrected where there are few labels), ``n_languages``,
        ``confidence`` and ``note``. Averages take the languages with two labels or more.

    Raises:
        DataError: A column is missing, a battle occurs twice, a score lies outside [0, 1], or a label is of no battle.

    Example:
        >>> labels = pd.read_csv("labels.csv")  # doctest: +SKIP
        >>> correct_by_humans(battles, labels)[["group", "value", "low", "high", "humans"]]  # doctest: +SKIP
    """
    _check(battles, labels)
    chosen = tier_groups() if groupings is None else groupings
    people = labels.sort_values([*_ITEM, "score"]).groupby(_ITEM, sort=True)["score"].mean().rename("humans")
    decided = battles[battles["score"].notna()].merge(people.reset_index(), on=_ITEM, how="left")
    rows = []
    for key, own in decided.groupby(_SERIES, sort=True):
        languages = _languages(own)
        labelled = [code for code, each in languages.items() if np.isfinite(each.humans).sum() >= 2]
        for group in groups_of(list(languages), labelled, chosen):
            members = [languages[code] for code in group.languages]
            if not members:
                continue
            found = corrected_mean(members, confidence)
            rows.append(
                {
                    **dict(zip(_SERIES, map(str, key), strict=True)),
                    "level": group.level,
                    "group": group.name,
                    **asdict(found),
                    "n_languages": len(members),
                    "confidence": confidence,
                    "note": _note(found, set(languages) - set(labelled) if group.level == "macro" else set()),
                }
            )
    measured = [field.name for field in fields(Corrected)]
    frame = pd.DataFrame(rows, columns=[*_SERIES, "level", "group", *measured, "n_languages", "confidence", "note"])
    return frame.astype(dict.fromkeys(measured[:10], "float64"))


def _languages(own: pd.DataFrame) -> dict[str, LanguageLabels]:
    ordered = own.sort_values(["language", "source_id", "item_id"])
    ordered = ordered.assign(cluster=ordered["source_id"].factorize(sort=True)[0])
    return {
        str(code): LanguageLabels(
            judge=rows["score"].to_numpy(dtype=np.float64),
            humans=rows["humans"].to_numpy(dtype=np.float64),
            clusters=rows["cluster"].to_numpy(dtype=np.int64),
        )
        for code, rows in ordered.groupby("language", sort=True)
    }


def _note(found: Corrected, apart: Sequence[str] | set[str]) -> str:
    notes = []
    if found.value is None:
        notes.append("fewer than two labels: no correction")
    elif found.n_labelled < FEW:
        notes.append(f"{found.n_labelled} labels only, fewer than {FEW}: people's scores alone")
    elif found.low is None:
        notes.append("no spread between items: no interval")
    if apart:
        notes.append(f"not averaged, fewer than two labels: {', '.join(sorted(apart))}")
    return "; ".join(notes)


def _check(battles: pd.DataFrame, labels: pd.DataFrame) -> None:
    require_columns(battles, BATTLE_SCHEMA.names, "battles")
    refuse_duplicates(battles, ["judge", *_ITEM], "battles")
    require_columns(labels, [*_ITEM, "score"], "labels")
    for frame, kind in ((battles[battles["score"].notna()], "battle"), (labels, "label")):
        outside = ~frame["score"].between(0, 1)
        refuse_values(frame, outside, f"the score of a {kind} lies outside [0, 1]", _ITEM, "score")
    known = pd.MultiIndex.from_frame(battles[_ITEM])
    stray = ~pd.MultiIndex.from_frame(labels[_ITEM]).isin(known)
    if stray.any():
        raise DataError(
            f"{int(stray.sum())} of {len(labels)} labels are of no battle",
            where=describe(labels[stray], _ITEM),
            fix="label items that the judge judged, with the same candidate and baseline",
        )
