r"""Win rates at equal length, system by system, as AlpacaEval 2 controls them.

Dubois, Galambosi, Liang and Hashimoto 2024 (arXiv 2404.04475), section 3: for each system alone, a logistic model

.. math:: P(\text{win on } x) = \sigma\bigl(\theta + \beta\,\tanh(\Delta_x / s) + \psi\,\gamma_x\bigr)

is fitted, with :math:`\Delta_x` the difference of the two answers' characters, :math:`s` its standard deviation and
:math:`\gamma_x` the difficulty of the instruction. The controlled win rate is the mean of
:math:`\sigma(\theta + \psi\,\gamma_x)` over the instructions: what is predicted where both answers are equally long.

Difficulties are those of a joint model of all systems, in which every instruction has a parameter of its own and every
system its own intercept and effect of length, as in the authors' notebook. AlpacaEval 2 uses a published list; a list
can be given here too. AlpacaEval 2 also regularizes: the battles of two *gamed* systems, the baseline told to be wordy
and to be terse, are added with a weight of 0.2 together and without an intercept, so that length and difficulty have
to explain them. Such systems can be named; without them this is the variant that the authors call
``length_controlled_noreg``.

Where several languages are compared, each has its own :math:`\theta` and :math:`s`, and the two effects are shared. No
L1 penalty is used (the authors choose a weak one by cross-validation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from polyarena.reports.stats.groupings import groups_of
from polyarena.reports.stats.head_to_head import check_battles
from polyarena.reports.stats.length_difficulty import estimate_difficulties
from polyarena.reports.stats.resampling import Floats, resample_weights
from polyarena.reports.stats.style import extrapolation, one_way, spread
from polyarena.reports.stats.style_model import StyleData, StyleFit, fit_rounds, fit_style, logistic
from polyarena.reports.stats.validation import refuse_duplicates, require_columns
from polyarena.reports.stats.win_rates import win_rates
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError
from polyarena.tasks.suggest import unknown

GAMED_WEIGHT = 0.2
"""Weight of a battle of the gamed systems, divided by their number."""
FEWEST_SYSTEMS = 5
"""Systems from which on difficulties are estimated; of fewer, an instruction's difficulty is mostly their own luck."""

_ITEM = ["task", "language", "item_id"]
_COLUMNS = [
    "judge", "task", "candidate", "baseline", "level", "group", "raw", "raw_low", "raw_high", "controlled",
    "standard_error", "low", "high", "confidence", "n", "n_clusters", "length_effect", "difficulty_effect", "method",
    "extrapolated", "note",
]  # fmt: skip


def length_control(
    battles: pd.DataFrame,
    lengths: pd.DataFrame,
    *,
    difficulties: pd.DataFrame | None = None,
    gamed: Sequence[str] = (),
    confidence: float = 0.95,
    rounds: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Estimate win rates at equal length with a model for each pair of systems.

    Args:
        battles: Rows of :class:`polyarena.judges.records.Battle`; those without a verdict are left out.
        lengths: Columns ``system``, ``task``, ``language``, ``item_id`` and ``characters``.
        difficulties: Columns ``item_id`` and ``difficulty``, and ``task`` and ``language`` if they matter. By default
            they are estimated from the battles of each judge and task.
        gamed: Names of systems that are the baseline told to be verbose or concise.
        confidence: Nominal, two-sided.
        rounds: Of the bootstrap over ``source_id``; difficulties are held fixed in it.
        seed: Not negative.

    Returns:
        One row for each judge, task, pair and group (macro average or language): ``raw`` as in
        :func:`polyarena.reports.stats.win_rates`, ``controlled`` with its interval, the two effects, the ``method``,
        whether equal length lies beyond the data (``extrapolated``), and a ``note``.

    Raises:
        DataError: A column is missing, an answer or battle occurs twice, no battle has both lengths, or a difficulty
            is missing.
        UnknownNameError: A gamed system has no battles.
    """
    check_battles(battles)
    require_columns(lengths, ["system", *_ITEM, "characters"], "lengths")
    refuse_duplicates(lengths, ["system", *_ITEM], "lengths")
    decided = battles[battles["score"].notna()]
    known = sorted({*decided["candidate"]})
    for name in gamed:
        if name not in known:
            raise unknown("gamed system", name, known)
    measured = _measure(decided, lengths)
    if measured.empty:
        raise DataError(
            "no battle has the lengths of both its answers",
            why=f"{count_of(len(decided), 'battle has', 'battles have')} a verdict",
        )
    found: list[dict[str, object]] = []
    for (judge, task), own in measured.groupby(["judge", "task"], sort=True):
        ordered = own.sort_values(["candidate", "baseline", "language", "source_id", "item_id"], ignore_index=True)
        method = "no difficulty"
        if difficulties is not None:
            ordered, method = _given(ordered, difficulties), "given difficulty"
        elif len({*ordered["candidate"]}) >= FEWEST_SYSTEMS:
            ordered, method = ordered.assign(difficulty=estimate_difficulties(ordered)), "estimated difficulty"
        columns = ["x", "difficulty"] if method != "no difficulty" else ["x"]
        for (candidate, baseline), pair in ordered.groupby(["candidate", "baseline"], sort=True):
            others = ordered[ordered["candidate"].isin(gamed) & (ordered["baseline"] == baseline)]
            others = others[others["candidate"] != candidate]
            who = {
                "judge": str(judge), "task": str(task), "candidate": str(candidate), "baseline": str(baseline),
                "confidence": confidence, "method": method + (", gamed systems" if len(others) else ""),
            }  # fmt: skip
            raw = win_rates(pair[battles.columns], confidence=confidence, rounds=rounds, seed=seed, groupings={})
            found += [{**who, **row} for row in _pair(pair, others, columns, raw, confidence, rounds, seed)]
    return pd.DataFrame(found, columns=_COLUMNS)


def _measure(battles: pd.DataFrame, lengths: pd.DataFrame) -> pd.DataFrame:
    """Return the battles with the lengths of both answers and the scaled difference ``x``."""
    told = battles
    for side in ("candidate", "baseline"):
        named = lengths[["system", *_ITEM, "characters"]].rename(
            columns={"system": side, "characters": f"{side}_characters"}
        )
        told = told.merge(named, on=[side, *_ITEM], how="inner")
    difference = told["candidate_characters"] - told["baseline_characters"]
    pair = [told[name] for name in ("judge", "task", "candidate", "baseline", "language")]
    scale = difference.groupby(pair).transform("std", ddof=1)
    return told.assign(x=np.tanh((difference / scale.where(scale > 1e-12)).fillna(0.0)))


def _given(battles: pd.DataFrame, difficulties: pd.DataFrame) -> pd.DataFrame:
    require_columns(difficulties, ["item_id", "difficulty"], "difficulties")
    key = [name for name in _ITEM if name in difficulties]
    refuse_duplicates(difficulties, key, "difficulties")
    joined = battles.merge(difficulties[[*key, "difficulty"]], on=key, how="left")
    lacking = joined[joined["difficulty"].isna()]
    if len(lacking):
        raise DataError(
            f"{lacking['item_id'].nunique()} items have no difficulty",
            why=f"for example {lacking['item_id'].iloc[0]!r} of {lacking['task'].iloc[0]}",
            fix="give one for each item, or leave the difficulties out to have them estimated",
        )
    return joined


def _pair(
    pair: pd.DataFrame,
    gamed: pd.DataFrame,
    columns: list[str],
    raw: pd.DataFrame,
    confidence: float,
    rounds: int,
    seed: int,
) -> list[dict[str, object]]:
    """Return the rows of one pair of systems, the average first."""
    codes = sorted({*pair["language"]})
    battles = pd.concat([pair, gamed], ignore_index=True)
    names, clusters = np.unique(battles["source_id"].to_numpy(dtype=object).astype(str), return_inverse=True)
    starts = np.searchsorted(pair["language"].to_numpy(dtype=object).astype(str), codes)
    shares = max(1, gamed["candidate"].nunique())
    weights = np.where(np.arange(len(battles)) < len(pair), 1.0, GAMED_WEIGHT / shares)
    data = StyleData(
        scores=battles["score"].to_numpy(dtype=np.float64),
        style=battles[columns].to_numpy(dtype=np.float64),
        clusters=clusters.astype(np.int64),
        starts=np.append(starts, [len(pair)] if len(gamed) else []).astype(np.int64),
        weights=weights,
        without_own=np.arange(len(codes) + bool(len(gamed))) == len(codes),
    )
    fitted = fit_style(data, np.ones((1, len(names))))
    again = fit_rounds(data, resample_weights([str(name) for name in names], rounds, seed), fitted)
    found = []
    for group in groups_of(codes, codes, {}):
        places = [codes.index(code) for code in group.languages]
        parts = [pair[pair["language"] == code] for code in group.languages]
        value, replicates = (_average(fit, places, parts) for fit in (fitted, again))
        one = raw[(raw["level"] == group.level) & (raw["group"] == group.name)].iloc[0]
        own = pd.concat(parts)
        reason = one_way(own, group.languages)
        beyond = extrapolation(own["candidate_characters"], own["baseline_characters"], "length")
        around = spread(float(value[0]), replicates, int(one["n_clusters"]), confidence, reason)
        note = "; ".join(filter(None, (beyond, str(around["note"]))))
        found.append(
            {
                "level": group.level, "group": group.name, "raw": one["value"], "raw_low": one["low"],
                "raw_high": one["high"], "controlled": float(value[0]), "n": int(one["n"]),
                "n_clusters": int(one["n_clusters"]), "length_effect": float(fitted.effects[0, 0]),
                "difficulty_effect": float(fitted.effects[0, 1]) if len(columns) > 1 else np.nan,
                **around, "extrapolated": bool(beyond), "note": note,
            }
        )  # fmt: skip
    return found


def _average(fit: StyleFit, places: Sequence[int], parts: Sequence[pd.DataFrame]) -> Floats:
    """Return the mean of the languages' predictions at equal length; one a round."""
    found = [_at_equal_length(fit.groups[:, n], fit.effects, part) for n, part in zip(places, parts, strict=True)]
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def _at_equal_length(own: Floats, effects: Floats, part: pd.DataFrame) -> Floats:
    """Return the mean prediction over the items of a language, without the effect of length; one a round."""
    if effects.shape[1] == 1:
        return logistic(own)
    # Few items share a difficulty; a round at a time keeps memory flat.
    difficulty = part["difficulty"].to_numpy(dtype=np.float64)
    return np.array([logistic(o + e * difficulty).mean() for o, e in zip(own, effects[:, 1], strict=True)])


def answer_lengths(completions: pd.DataFrame) -> pd.DataFrame:
    """Return the characters of answers, as :func:`length_control` takes them; the samples of an item are averaged.

    Args:
        completions: With ``system``, ``task``, ``language``, ``item_id`` and ``text``; rows without a text are left
            out.
    """
    key: list[str] = ["system", *_ITEM]
    require_columns(completions, [*key, "text"], "completions")
    known = completions[completions["text"].notna()]
    counted = known[key].assign(characters=known["text"].str.len().astype("float64"))
    return counted.groupby(key, sort=True)["characters"].mean().reset_index()


def read_difficulties(table: Mapping[str, Sequence[object]] | pd.DataFrame) -> pd.DataFrame:
    """Return a table of difficulties with its columns named as :func:`length_control` wants them.

    Args:
        table: The column of difficulties may also be called ``instruction_difficulty``, as in AlpacaEval's list.

    Raises:
        DataError: A column is missing, or a difficulty is no number.
    """
    frame = pd.DataFrame(table).rename(columns={"instruction_difficulty": "difficulty", "index": "item_id"})
    require_columns(frame, ["item_id", "difficulty"], "difficulties")
    frame["difficulty"] = pd.to_numeric(frame["difficulty"], errors="coerce")
    if not np.isfinite(frame["difficulty"]).all():
        raise DataError(
            "a difficulty is no number", why=f"item {frame.loc[frame['difficulty'].isna(), 'item_id'].iloc[0]!r}"
        )
    return frame.assign(item_id=frame["item_id"].astype(str))
