"""Win rates at equal length and Markdown, beside the raw ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyarena.reports.stats.bootstrap_intervals import expanded_tail, percentile_interval
from polyarena.reports.stats.groupings import groups_of
from polyarena.reports.stats.head_to_head import check_battles
from polyarena.reports.stats.intervals import FEWEST_CLUSTERS
from polyarena.reports.stats.resampling import Floats, resample_weights
from polyarena.reports.stats.style_model import StyleData, StyleFit, fit_rounds, fit_style
from polyarena.reports.stats.text_style import FEATURES
from polyarena.reports.stats.validation import refuse_duplicates, refuse_values, require_columns
from polyarena.reports.stats.win_rates import win_rates
from polyarena.tasks.counts import count_of, too_few
from polyarena.tasks.errors import DataError

_ITEM = ["task", "language", "item_id"]
_PAIR = ["candidate", "baseline", "language"]
_RATES = [
    "judge", "task", "candidate", "baseline", "level", "group", "raw", "raw_low", "raw_high", "controlled",
    "standard_error", "low", "high", "confidence", "n", "n_clusters", "features", "extrapolated", "note",
]  # fmt: skip
_EFFECTS = ["judge", "task", "feature", "effect", "standard_error", "low", "high", "confidence", "note"]

ALIKE = 1.5
"""Two answers are alike in a feature if one has at most this many times that of the other."""
FEWEST_NEAR = 0.05
"""Share of battles on either side of equality below which a rate at equal style is an extrapolation."""

FARTHEST = 10.0
"""Log-odds for one standard deviation of a feature beyond which style tells winners from losers without exception."""


@dataclass(frozen=True)
class StyleControl:
    """Win rates with style taken out, and what style did.

    Attributes:
        rates: One row for each judge, task, pair of systems and group (macro average or language): ``raw`` with its
            interval as in :func:`polyarena.reports.stats.win_rates`, ``controlled`` with its own; ``extrapolated`` if
            answers of equal style lie beyond the data; ``note`` says why, or why a number is missing.
        effects: One row for each judge, task and feature: what one standard deviation more of it, relative to the other
            answer, adds to the log-odds of winning.
    """

    rates: pd.DataFrame
    effects: pd.DataFrame


def style_control(
    battles: pd.DataFrame,
    features: pd.DataFrame,
    *,
    control: Sequence[str] = FEATURES,
    confidence: float = 0.95,
    rounds: int = 1000,
    seed: int = 0,
) -> StyleControl:
    r"""Estimate what win rates would be if both answers were equally long and equally marked up.

    A feature of a battle is :math:`\log(1 + a) - \log(1 + b)` of the two answers, divided by its standard deviation in
    the battle's language, for characters mean another length in each script. It is not centred: 0 stays "equal". The
    model is in :mod:`polyarena.reports.stats.style_model`; its effects are shared by all pairs and languages of a judge
    and task. The whole model is fitted again in every round of the bootstrap over ``source_id``.

    Style is not always noise: a better answer may have to be longer. So the raw rate stays the main one.

    Args:
        battles: Rows of :class:`polyarena.judges.records.Battle`; those without a verdict are left out.
        features: From :func:`polyarena.reports.stats.text_style.style_features`: one row for each ``system``,
            ``task``, ``language`` and ``item_id``. Battles without the features of both answers are left out and
            counted in ``note``.
        control: Columns of ``features``, counts of 0 and more.
        confidence: Nominal, two-sided.
        rounds: Of the bootstrap.
        seed: Not negative.

    Raises:
        DataError: A column is missing, a battle or the features of an answer occur twice, a feature is negative or not
            a number, or no battle has features of both answers.

    Example:
        >>> found = style_control(battles, style_features(completions))  # doctest: +SKIP
        >>> found.rates[["candidate", "group", "raw", "controlled", "low", "high"]]  # doctest: +SKIP
    """
    check_battles(battles)
    require_columns(features, ["system", *_ITEM, *control], "features")
    refuse_duplicates(features, ["system", *_ITEM], "features")
    for name in control:
        wrong = ~(features[name] >= 0) | np.isinf(features[name].astype("float64"))
        refuse_values(features, wrong, f"the feature {name} is no count", ["system", *_ITEM], name)
    if not control:
        raise DataError("there is no feature to control for", fix=f"name some of {', '.join(FEATURES)}")
    decided = battles[battles["score"].notna()]
    compared = _compare(decided, features, control)
    if compared.empty:
        raise DataError(
            "no battle has the features of both its answers",
            why=f"features are of {count_of(len(features), 'answer')}, verdicts of {count_of(len(decided), 'battle')}",
            fix="make features of the completions of both systems, with the battles' own task, language and item_id",
        )
    rates, effects = [], []
    for (judge, task), own in compared.groupby(["judge", "task"], sort=True):
        ordered = own.sort_values([*_PAIR, "source_id", "item_id"]).reset_index(drop=True)
        lacking = len(decided[(decided["judge"] == judge) & (decided["task"] == task)]) - len(own)
        note = f"left out, without features of both answers: {lacking} battles" if lacking else ""
        fitted, again, clusters = _fit(ordered, control, rounds, seed)
        who = {"judge": str(judge), "task": str(task), "confidence": confidence}
        raw = win_rates(ordered[battles.columns], confidence=confidence, rounds=rounds, seed=seed, groupings={})
        told = {**who, "features": "+".join(control)}
        rates += [
            {**told, **row, "note": "; ".join(filter(None, (note, str(row["note"]))))}
            for row in _rates(ordered, raw, fitted, again, confidence, control)
        ]
        for place, name in enumerate(control):
            value = float(fitted.effects[0, place])
            reason = "it tells winners from losers without exception" if abs(value) > FARTHEST else ""
            around = spread(value, again.effects[:, place], clusters, confidence, reason)
            effects.append({**who, "feature": name, "effect": math.nan if reason else value, **around})
    return StyleControl(pd.DataFrame(rates, columns=_RATES), pd.DataFrame(effects, columns=_EFFECTS))


def _compare(battles: pd.DataFrame, features: pd.DataFrame, control: Sequence[str]) -> pd.DataFrame:
    """Return the battles with both answers' features, as scaled differences in columns ``x0``, ``x1``, ..."""
    told = battles
    for side in ("candidate", "baseline"):
        named = features[["system", *_ITEM, *control]].rename(
            columns={"system": side, **{name: f"{side}:{name}" for name in control}}
        )
        told = told.merge(named, on=[side, *_ITEM], how="inner")
    for place, name in enumerate(control):
        difference = np.log1p(told[f"candidate:{name}"]) - np.log1p(told[f"baseline:{name}"])
        scale = difference.groupby([told["judge"], told["task"], told["language"]]).transform("std", ddof=0)
        told[f"x{place}"] = (difference / scale.where(scale > 1e-12)).fillna(0.0)
    return told


def _fit(ordered: pd.DataFrame, control: Sequence[str], rounds: int, seed: int) -> tuple[StyleFit, StyleFit, int]:
    names, clusters = np.unique(ordered["source_id"].to_numpy(dtype=object).astype(str), return_inverse=True)
    group = ordered.groupby(_PAIR, sort=True).ngroup().to_numpy()
    data = StyleData(
        scores=ordered["score"].to_numpy(dtype=np.float64),
        style=ordered[[f"x{place}" for place in range(len(control))]].to_numpy(dtype=np.float64),
        clusters=clusters.astype(np.int64),
        starts=np.searchsorted(group, np.arange(group[-1] + 1)),
    )
    fitted = fit_style(data, np.ones((1, len(names))))
    again = fit_rounds(data, resample_weights([str(name) for name in names], rounds, seed), fitted)
    return fitted, again, len(names)


def _rates(
    ordered: pd.DataFrame,
    raw: pd.DataFrame,
    fitted: StyleFit,
    again: StyleFit,
    confidence: float,
    control: Sequence[str],
) -> list[dict[str, object]]:
    keys = [tuple(map(str, key)) for key, _ in ordered.groupby(_PAIR, sort=True)]
    value, rounds = fitted.controlled()[0], again.controlled()
    found: list[dict[str, object]] = []
    for candidate, baseline in dict.fromkeys(key[:2] for key in keys):
        codes = [key[2] for key in keys if key[:2] == (candidate, baseline)]
        own = raw[(raw["system"] == candidate) & (raw["baseline"] == baseline)].to_dict("records")
        for group in groups_of(codes, codes, {}):
            places = [keys.index((candidate, baseline, code)) for code in group.languages]
            mean = float(value[places].mean())
            one = next(row for row in own if (row["level"], row["group"]) == (group.level, group.name))
            battled = ordered[(ordered["candidate"] == candidate) & (ordered["baseline"] == baseline)]
            reason = one_way(battled, group.languages)
            inside = battled[battled["language"].isin(group.languages)]
            beyond = [extrapolation(inside[f"candidate:{name}"], inside[f"baseline:{name}"], name) for name in control]
            if np.abs(fitted.effects).max() > FARTHEST:
                mean, reason = math.nan, "style alone tells winners from losers: no controlled rate"
            found.append(
                {
                    "candidate": candidate,
                    "baseline": baseline,
                    "level": group.level,
                    "group": group.name,
                    "raw": one["value"],
                    "raw_low": one["low"],
                    "raw_high": one["high"],
                    "controlled": mean,
                    "n": int(one["n"]),
                    "n_clusters": int(one["n_clusters"]),
                    "extrapolated": any(beyond),
                    **_noted(
                        spread(mean, rounds[:, places].mean(axis=1), int(one["n_clusters"]), confidence, reason), beyond
                    ),
                }
            )
    return found


def _noted(around: dict[str, float | str], notes: Sequence[str]) -> dict[str, float | str]:
    return {**around, "note": "; ".join(filter(None, (*notes, str(around["note"]))))}


def one_way(own: pd.DataFrame, languages: Sequence[str]) -> str:
    """Return why a pair's rate has no interval: where everything went one way, odds have no end; else nothing."""
    means = own.groupby("language")["score"].mean()
    certain = sorted(code for code in languages if means[code] in (0.0, 1.0))
    return f"won or lost everything in {', '.join(certain)}: no interval" if certain else ""


def extrapolation(ours: pd.Series, theirs: pd.Series, feature: str) -> str:
    """Return a note if two equal answers lie beyond the data of a pair, so that their rate is a guess; else nothing.

    That is so where hardly any battle (:data:`FEWEST_NEAR` of them) has answers that are alike in the feature, or that
    differ the other way round.

    Args:
        ours: The feature of the candidate's answers, a count.
        theirs: Of the other answers, in the same order.
        feature: Its name.
    """
    ratio = np.log1p(ours.to_numpy(dtype=np.float64)) - np.log1p(theirs.to_numpy(dtype=np.float64))
    near = math.log(ALIKE)
    supported = min((ratio <= near).mean(), (ratio >= -near).mean())
    if supported >= FEWEST_NEAR:
        return ""
    typical = math.exp(abs(float(np.median(ratio))))
    how = "more" if np.median(ratio) > 0 else "less"
    return (
        f"extrapolated: {round(supported * len(ratio))} of {len(ratio)} battles have answers of about equal {feature} "
        f"(typically {typical:.1f} times {how})"
    )


def spread(
    value: float, replicates: Floats, clusters: int, confidence: float, reason: str = ""
) -> dict[str, float | str]:
    """Return standard error, interval and note; the interval's tails are Student's t's (see ``expanded_tail``).

    Args:
        value: The estimate; the interval always contains it.
        replicates: The estimate in each bootstrap round; shape (rounds,).
        clusters: How many items were resampled.
        confidence: Of the interval, in (0, 1).
        reason: Why there is no interval; empty if there may be one.

    Returns:
        ``standard_error``, ``low``, ``high`` (NaN where there is no interval) and ``note``.
    """
    if clusters < FEWEST_CLUSTERS and not reason:
        reason = f"{too_few(clusters, 'item')}: no interval"
    if reason:
        return {"standard_error": math.nan, "low": math.nan, "high": math.nan, "note": reason}
    inflation = math.sqrt(clusters / (clusters - 1))
    low, high = percentile_interval(replicates, expanded_tail(confidence, inflation, clusters - 1.0))
    error = float(replicates.std(ddof=1)) * inflation
    return {"standard_error": error, "low": min(value, low), "high": max(value, high), "note": ""}
