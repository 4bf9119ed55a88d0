"""Converts results of the statistics to the data frames that figures draw. All functions are pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from polyarena.reports.judge_card.card import MEASURES
from polyarena.reports.stats import compare, mean_scores, power, win_rates

if TYPE_CHECKING:
    from polyarena.reports.judge_card.agreement import AgreementTable
    from polyarena.reports.judge_card.card import JudgeCard
    from polyarena.reports.stats import Design
    from polyarena.reports.stats.seed_groups import SeedGroups

FAIR = {"position_bias": 0.5, "length_bias": 0.5, "markdown_bias": 0.5, "self_preference": 0.5, "contradictory": 0.0}
"""What a judge without the bias would have; of other measures no such number is known."""

BIASES = (
    "position_bias",
    "contradictory",
    "length_bias",
    "markdown_bias",
    "self_preference",
    "wrong_language",
    "invalid",
)
"""Measures of a judge card that a figure shows by default, as far as they were measured."""


def stage_gains(
    frame: pd.DataFrame,
    stages: Sequence[str],
    *,
    baseline: str | None = None,
    seeds: SeedGroups | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Return the macro average of each stage with the paired gain over the stage before.

    Args:
        frame: Battles (one judge and task) or scores (one task and metric) of all stages, by item.
        stages: Systems, in order of training.
        baseline: Of the win rates, where the battles have several.
        seeds: Groups of systems that are seeds of one stage; a stage may be the name of a group.
        **settings: ``confidence``, ``rounds``, ``seed`` of the intervals.

    Returns:
        Columns of :func:`polyarena.reports.figures.step_chart`.
    """
    battles = "candidate" in frame.columns
    own = frame[frame["baseline"] == baseline] if battles and baseline is not None else frame
    values = (win_rates if battles else mean_scores)(own, seeds=seeds, **settings)
    macro = values[values["level"] == "macro"].drop_duplicates("system").set_index("system")
    rows = []
    for i, stage in enumerate(stages):
        known: Mapping[Any, Any] = {} if stage not in macro.index else macro.loc[stage].to_dict()
        row = {"stage": stage, **{name: known.get(name) for name in ("value", "low", "high", "confidence", "method")}}
        if battles and stage == _only(own["baseline"]):
            row |= {"value": 0.5}
        if i:
            found = compare(own, stage, stages[i - 1], seeds=seeds, **settings)
            step = found[found["level"] == "macro"].iloc[0]
            names = {"gain": "difference", "gain_low": "low", "gain_high": "high", "detectable": "detectable"}
            row |= {name: step[column] for name, column in names.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def _only(values: pd.Series) -> Any:
    different = values.unique()
    return different[0] if len(different) == 1 else None


def card_rows(card: JudgeCard, measures: Iterable[str] = BIASES) -> pd.DataFrame:
    """Return the rates of a judge card, one a row, for :func:`polyarena.reports.figures.judge_bias`."""
    rows = [
        {
            "judge": card.judge,
            "measure": name,
            "group": row.language,
            "value": rate.value,
            "low": rate.low,
            "high": rate.high,
            "n": rate.n,
            "meaning": MEASURES.get(name, ""),
            "reference": FAIR.get(name),
        }
        for name in measures
        for row in card.rows
        if (rate := row.rates.get(name)) is not None and rate.value is not None
    ]
    columns = ["judge", "measure", "group", "value", "low", "high", "n", "meaning", "reference"]
    return pd.DataFrame(rows, columns=columns)


def agreement_rows(table: AgreementTable, coefficient: str = "raw") -> pd.DataFrame:
    """Return one coefficient of agreement by language, for :func:`polyarena.reports.figures.agreement_chart`."""
    rows = []
    for row in table.rows:
        ours, theirs = row.judge[coefficient], row.people.get(coefficient)
        rows.append(
            {
                "group": row.language,
                "value": ours.value,
                "low": ours.low,
                "high": ours.high,
                "ceiling": None if theirs is None else theirs.value,
                "n": row.n,
            }
        )
    return pd.DataFrame(rows, columns=["group", "value", "low", "high", "ceiling", "n"])


def power_rows(
    design: Design, items: Sequence[int], *, largest: float | None = None, confidence: float = 0.95, steps: int = 31
) -> pd.DataFrame:
    """Return the power of a design over effects and numbers of items, for a power curve.

    Args:
        design: What an item's value varies by.
        items: In each language.
        largest: Effect, from 0; by default one and a half times what the fewest items detect with a power of 80%.
        confidence: Of the two-sided intervals.
        steps: Effects.
    """
    if largest is None:
        largest = 1.5 * power(replace(design, items=min(items)), confidence=confidence).detectable
    rows = []
    for size in items:
        for step in range(1, steps):
            effect = largest * step / (steps - 1)
            chance = power(replace(design, items=size), effect=effect, confidence=confidence).chance
            rows.append({"items": size, "effect": effect, "power": chance, "confidence": confidence,
                         "languages": design.languages, "sd": design.sd})  # fmt: skip
    return pd.DataFrame(rows)


def leave_one_out(battles: pd.DataFrame, **settings: Any) -> pd.DataFrame:
    """Return the win rate of everything, and without each judge and each language.

    With several judges, each battle's score is the mean over judges.

    Args:
        battles: Of one task, candidate and baseline; one or several judges.
        **settings: ``confidence``, ``rounds``, ``seed`` of the intervals.
    """
    judges, languages = sorted(battles["judge"].unique()), sorted(battles["language"].unique())
    parts: list[tuple[str, str, pd.DataFrame]] = [("all", "", battles)]
    parts += [("judge", name, battles[battles["judge"] != name]) for name in judges if len(judges) > 1]
    parts += [("language", code, battles[battles["language"] != code]) for code in languages if len(languages) > 1]
    rows = []
    for kind, without, part in parts:
        found = win_rates(_pooled(part), **settings)
        macro = found[found["level"] == "macro"].iloc[0]
        known = {name: macro[name] for name in ("value", "low", "high", "n", "confidence", "method")}
        rows.append({"kind": kind, "without": without, **known})
    return pd.DataFrame(rows)


def _pooled(battles: pd.DataFrame) -> pd.DataFrame:
    """Return one battle for each item: the mean over judges."""
    keys = ["task", "language", "item_id", "source_id", "candidate", "baseline"]
    found = battles.groupby(keys, sort=True).agg(
        score=("score", "mean"), n_games=("n_games", "sum"), n_invalid=("n_invalid", "sum")
    )
    return found.reset_index().assign(judge="all judges")
