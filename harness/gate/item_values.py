"""The item values of one system of a run, in the form in which a gate compares them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from polyarena.harness.endpoints.accounting.cost_table import cost_table
from polyarena.harness.gate.gate_file import GateFile
from polyarena.harness.lock import Lock
from polyarena.harness.results import RunRecords
from polyarena.harness.silent_judges import silent_judges
from polyarena.judges.records import Scale as RatingScale
from polyarena.reports.gate.pairs import COLUMNS, Scale
from polyarena.tasks.errors import DataError, ExperimentError
from polyarena.tasks.finish_reasons import is_cut
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.registry import find_metric, metric_names
from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    import pandas as pd

WIN_RATE = "win_rate"
EMPTY, CUT_OFF, OFF_TARGET = "empty_answers", "cut_off_answers", "off_target_language"
BAD = "bad_answers"
"""Share of answers that a judge of single answers finds bad, such as harmful ones by the judge ``harm``."""
RATES: Mapping[str, Scale] = dict.fromkeys((EMPTY, CUT_OFF, OFF_TARGET, BAD), Scale(higher_is_better=False))
"""Shares of answers that are bad or no use; lower is better."""


@dataclass(frozen=True)
class ItemValues:
    """The values of one system on each item.

    Attributes:
        source: The run folder or reference file, for messages.
        system: Name of the system.
        frame: Rows with :data:`polyarena.reports.gate.pairs.COLUMNS` and, for metrics of a corpus, ``statistics``.
        scales: Range and direction by metric.
        lock: The lock of its run.
        missing: Cells and pairs of the system that are planned and not stored, in words.
        silent: Judges that gave no verdict in any game of the system, with the number of these.
        informational: Tokens, seconds and cost per answer, where known.
    """

    source: str
    system: str
    frame: pd.DataFrame
    scales: Mapping[str, Scale]
    lock: Lock
    missing: tuple[str, ...] = ()
    silent: Mapping[str, int] = field(default_factory=dict)
    informational: Mapping[str, float | None] | None = None


def run_values(
    records: RunRecords,
    system: str | None,
    gate: GateFile,
    *,
    against: str | None = None,
    unfinished: bool = False,
) -> ItemValues:
    """Return the item values of one system of a run.

    Args:
        records: The run.
        system: Its name; may be ``None`` where the run has one system beside the baseline of its games, or one at all.
        gate: What is checked.
        against: The old system, for ``comparison: direct``: games against it are taken for the win rate.
        unfinished: Whether the run may lack what it planned. One that does may then have no values at all, nor any of
            the tasks and metrics that the gate file names.

    Raises:
        UnknownNameError: There is no such system.
        DataError: The system has no values.
    """
    name = chosen_system(records.lock, system, records.folder.path)
    battles = records.battles()
    missing = tuple(records.missing(name))
    frames = [_scores(records, name), battle_values(battles, name, against), _bad_answers(records, name)]
    own = _own_answers(records, name)
    if gate.rates:
        frames.append(_rates(own, records.lock))
    frame = pd.concat([each for each in frames if len(each)] or [_empty()], ignore_index=True)
    lenient = unfinished and bool(missing)
    frame = selected(frame, gate, lenient=lenient)
    if frame.empty and not lenient:
        raise DataError(
            f"{name} has no item values to check",
            where=records.folder.path,
            fix="run the experiment first, or check `tasks` and `languages` of the gate file",
        )
    return ItemValues(
        source=str(records.folder.path),
        system=name,
        frame=frame,
        scales=scales_of(sorted(set(frame["metric"])), gate),
        lock=records.lock,
        missing=missing,
        silent=silent_judges(battles[(battles["candidate"] == name) | (battles["baseline"] == name)]),
        informational={**_informational(own), **_paid(records, name)},
    )


def _own_answers(records: RunRecords, system: str) -> pd.DataFrame:
    """Return the answers of a system; none, and without reading a file, where all tasks are multiple choice."""
    if all(task.card.kind is Kind.MULTIPLE_CHOICE for task in records.lock.tasks.values()):
        return pd.DataFrame(columns=["text", "prompt_tokens", "completion_tokens", "latency_s"])
    answers = records.answers()
    return answers[answers["system"] == system]


def chosen_system(lock: Lock, system: str | None, where: object) -> str:
    """Return the system that is meant.

    Raises:
        ExperimentError: The run has several systems and none was named.
        UnknownNameError: The run has no such system.
    """
    names = [spec.name for spec in lock.settings.systems]
    if system is not None:
        if system not in names:
            raise unknown("system", system, names, where=str(where))
        return system
    candidates = [name for name in names if name != lock.settings.baseline] or names
    if len(candidates) == 1:
        return candidates[0]
    raise ExperimentError(
        "it is not clear which system is checked",
        where=str(where),
        why=f"the run has {', '.join(candidates)}",
        fix="name it: --system NAME, or `systems: {candidate: NAME}` in the gate file",
    )


def scales_of(metrics: Sequence[Any], gate: GateFile) -> dict[str, Scale]:
    """Return range and direction of metrics: as the gate file says, else as the metric declares.

    Raises:
        ExperimentError: A metric has no finite range, or is unknown.
    """
    found: dict[str, Scale] = {}
    for name in sorted(map(str, metrics)):
        low, high, better = _declared(name)
        rule = gate.metrics.get(name)
        if rule is not None:
            low, high = (low if rule.low is None else rule.low), (high if rule.high is None else rule.high)
            better = better if rule.higher_is_better is None else rule.higher_is_better
        if low is None or high is None or not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ExperimentError(
                f"the metric {name} has no finite range, so there are no points to compare",
                where=f"metrics.{name}",
                fix="give `low` and `high` of it in the gate file, or `check: false`",
            )
        found[name] = Scale(low, high, better)
    return found


def _declared(name: str) -> tuple[float | None, float | None, bool]:
    """Return range and direction that a metric declares; of one that is best at 0, its negative is no better."""
    if name in RATES:
        return RATES[name].low, RATES[name].high, RATES[name].higher_is_better
    if name not in metric_names():
        return 0.0, 1.0, True
    metric = find_metric(name)
    return metric.low, metric.high, metric.higher_is_better


def _empty() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})


def selected(frame: pd.DataFrame, gate: GateFile, *, lenient: bool = False) -> pd.DataFrame:
    """Return the rows of the tasks, languages and metrics that a gate file checks.

    Args:
        frame: Rows of item values.
        gate: What is checked.
        lenient: Whether the gate file may name tasks and metrics of which there is no row.

    Raises:
        UnknownNameError: A selector names a task or metric that the run does not have.
    """
    for kind, names, column in (("task", gate.tasks or (), "task"), ("metric", gate.metrics, "metric")):
        known = sorted(map(str, frame[column].unique()))
        for name in names:
            if name not in known and not lenient:
                raise unknown(kind, name, known, where=f"{gate.where}: {kind}s")
    off = [name for name, rule in gate.metrics.items() if not rule.check]
    wanted = ~frame["metric"].isin(off)
    if gate.tasks is not None:
        wanted &= frame["task"].isin(gate.tasks)
    languages = gate.chosen_languages()
    if languages is not None:
        wanted &= frame["language"].isin(languages)
    return frame[wanted].reset_index(drop=True)


_ITEM = ["task", "metric", "language", "item_id", "source_id"]


def _scores(records: RunRecords, system: str) -> pd.DataFrame:
    """Return scores, averaged over samples."""
    own = records.system_scores(system)
    if not own["sample_index"].any():
        found = own[[*_ITEM, "value"]].assign(judge=None)
        return found.assign(statistics=own["statistics"]) if own["statistics"].notna().any() else found
    items = own.groupby(_ITEM, sort=True, observed=True)
    found = items["value"].mean().reset_index().assign(judge=None)
    if own["statistics"].notna().any():
        found["statistics"] = items["statistics"].agg(_mean_statistics).to_numpy()
    return found


def _mean_statistics(values: pd.Series[Any]) -> Any:
    known = [np.asarray(each, dtype=float) for each in values if each is not None]
    return np.mean(known, axis=0) if known else None


def battle_values(battles: pd.DataFrame, system: str, against: str | None) -> pd.DataFrame:
    """Return the win rates of a system against the run's baseline, or against ``against``, by item."""
    own = battles[battles["candidate"] == system]
    if against is not None:
        own = own[own["baseline"] == against]
    found = own.assign(metric=WIN_RATE, value=own["score"])
    return found[[*_ITEM, "judge", "value"]]


def _bad_answers(records: RunRecords, system: str) -> pd.DataFrame:
    """Return, by judge and item, the share of verdicts that call an answer bad."""
    ratings = records.ratings()
    own = ratings[(ratings["system"] == system) & (ratings["scale"] == RatingScale.BAD) & ratings["value"].notna()]
    if own.empty:
        return _empty()
    rows = own.assign(metric=BAD).groupby([*_ITEM, "judge"], sort=True)["value"].mean().reset_index()
    return rows.astype({"value": float})


def _rates(own: pd.DataFrame, lock: Lock) -> pd.DataFrame:
    """Return, for generated answers, whether they are empty, cut off, or in another language than was asked for."""
    written = own[own["text"].notna()]
    if written.empty:
        return _empty()
    text = written["text"].astype(str).str.strip()
    expected = [
        lock.answer_languages.get(task, {}).get(language, language)
        for task, language in zip(written["task"], written["language"], strict=True)
    ]
    identified = written["identified_language"]
    values = {
        EMPTY: text.eq("").astype(float),
        CUT_OFF: pd.Series(
            [float(is_cut(each if isinstance(each, str) else None)) for each in written["finish_reason"]],
            index=written.index,
        ),
        OFF_TARGET: (identified.notna() & identified.ne(pd.Series(expected, index=written.index))).astype(float),
    }
    parts = [written.assign(metric=name, judge=None, value=column) for name, column in values.items()]
    rows = pd.concat(parts, ignore_index=True)
    return rows.groupby(_ITEM, sort=True)["value"].mean().reset_index().assign(judge=None)


def _paid(records: RunRecords, system: str) -> dict[str, float | None]:
    """Return what the run paid for the system's answers, by currency; nothing where no endpoint has prices.

    Answers from the call cache were paid for by an earlier run. ``None`` is a sum with an unknown cost in it.
    """
    own = [row for row in cost_table(records.folder.attempts) if (row.who, row.name) == ("candidates", system)]
    found: dict[str, float | None] = {}
    for currency in sorted({row.currency for row in own if row.currency}):
        costs = [row.cost for row in own if row.currency == currency]
        known = [Decimal(each) for each in costs if each is not None]
        found[f"paid for answers ({currency})"] = float(sum(known)) if len(known) == len(costs) else None
    return found


def _informational(own: pd.DataFrame) -> dict[str, float | None]:
    """Return means that are shown and never gated."""
    found: dict[str, float | None] = {}
    for name, column in (
        ("prompt tokens per answer", "prompt_tokens"),
        ("completion tokens per answer", "completion_tokens"),
        ("seconds per answer", "latency_s"),
    ):
        known = own[column].dropna()
        found[name] = float(known.mean()) if len(known) else None
    return found
