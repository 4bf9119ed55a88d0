"""From a run folder to what it gives to a board."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from polyarena.harness.board.board_file import BoardFile
from polyarena.harness.board.source import (
    CELL_COLUMNS,
    ITEM_COLUMNS,
    TEXT_COLUMNS,
    Measurement,
    Source,
    SourceFacts,
    SourceSystem,
)
from polyarena.harness.board.texts import may_publish
from polyarena.harness.lock import Lock
from polyarena.harness.reporting.estimates import how_asked
from polyarena.harness.reporting.imported_names import names_in_files
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_table
from polyarena.reports.board.cells import interval_noise, language_correlation, noise_adjustment
from polyarena.reports.metric_facts import metric_facts, recorded_metrics
from polyarena.reports.stats.averaged_languages import averaged_languages
from polyarena.reports.stats.seed_summaries import average_seeds
from polyarena.reports.template_names import is_over_templates
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import pandas as pd

WIN_RATE = "win_rate"
_ITEM = ["system", "task", "metric", "language", "source_id", "item_id"]
_OF_SYSTEMS = ("effort", "thinking")
"""Settings of systems that a signature of a run has: on a board they are columns of the systems."""


def run_source(records: RunRecords, board: BoardFile, *, name: str | None = None, with_items: bool = True) -> Source:
    """Return what a run gives to a board.

    Args:
        records: The run.
        board: Its rules: what is published, how systems are renamed, whether a run may be incomplete.
        name: Of the run on the board; its folder's if left out.
        with_items: Whether to read item values; else the cells of its estimates.

    Raises:
        DataError: The run is not complete, or has no values.
        StoreError: Its results are not there, where cells are wanted.
    """
    lock, where = records.lock, records.folder.path
    known = name or where.resolve().name
    missing = tuple(records.missing())
    if missing and board.incomplete == "refuse":
        raise DataError(
            f"the run is not finished: {count_of(len(missing), 'part of it is', 'parts of it are')} missing",
            where=where,
            why="; ".join(missing[:3]),
            fix="finish it with `polyarena run`, or set `incomplete: show` in the board file",
        )
    items = _items(records) if with_items else None
    cells = None if with_items else _cells(records)
    values = items if items is not None else cells
    if values is None or values.empty:
        raise DataError("the run has no scores and no battles", where=where, fix="run its experiment first")
    renamed = dict(board.rename.get(known, {}))
    texts = _texts(records, board)
    tables = [_renamed(frame, renamed) for frame in (items, cells, texts)]
    with recorded_metrics(records.metrics):
        metrics = {metric: metric_facts(metric) for metric in sorted(set(map(str, values["metric"])))}
    facts = SourceFacts(
        name=known,
        polyarena=lock.versions.get("polyarena", "unknown"),
        lock=hashlib.sha256(records.folder.lock_file.read_bytes()).hexdigest(),
        tasks={task: lock.tasks[task].card for task in sorted(set(map(str, values["task"])))},
        metrics=metrics,
        measurements=tuple(_measurements(records, values)),
        systems={renamed.get(each, each): found for each, found in _systems(records, set(values["system"])).items()},
        missing=missing,
    )
    return Source(facts, tables[0], tables[1], tables[2] if tables[2] is not None else texts)


def value_count(records: RunRecords) -> int | None:
    """Return how many item values a run has, from its estimates; ``None`` if it has none."""
    if not (records.folder.results / "estimates.parquet").exists():
        return None
    estimates = records.estimates()
    own = estimates[(estimates["level"] == "language") & ~estimates["metric"].map(is_over_templates)]
    return int(own["n"].sum())


def _renamed(frame: pd.DataFrame | None, names: Mapping[str, str]) -> pd.DataFrame | None:
    return frame if frame is None or not names else frame.assign(system=frame["system"].replace(dict(names)))


def _items(records: RunRecords) -> pd.DataFrame:
    seeds = records.lock.seed_groups
    scores, battles = average_seeds(records.scores(), seeds), average_seeds(records.battles(), seeds)
    parts = [_score_items(scores), _battle_items(battles)]
    found = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return found.sort_values(list(ITEM_COLUMNS[:-1]), ignore_index=True)


def _score_items(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores, with the samples of an item averaged."""
    if not scores["value"].map(math.isfinite).all():
        bad = scores[~scores["value"].map(math.isfinite)].iloc[0]
        raise DataError(
            "a score is not a finite number",
            where=f"{bad['system']}, {bad['task']}, {bad['language']}, item {bad['item_id']}",
            fix="score the run again",
        )
    items = scores.groupby(_ITEM, sort=True, observed=True)
    found = items["value"].mean().reset_index().assign(judge="", baseline="")
    if scores["statistics"].notna().any():
        sums = items["statistics"].agg(_mean_statistics)
        found["statistics"] = sums.to_numpy()
    return found


def _mean_statistics(own: pd.Series[Any]) -> Any:
    return None if own.isna().all() else np.mean([np.asarray(each, dtype=float) for each in own], axis=0)


def _battle_items(battles: pd.DataFrame) -> pd.DataFrame:
    decided = battles[battles["score"].notna()]
    found = decided.rename(columns={"candidate": "system", "score": "value"}).assign(metric=WIN_RATE)
    return found[list(ITEM_COLUMNS)]


_INTERVAL = ["value", "low", "high", "n", "confidence"]


def _cells(records: RunRecords) -> pd.DataFrame:
    """Return the estimates of languages, with what the approximate method knows of a system's languages together."""
    estimates = records.estimates()
    estimates = estimates[~estimates["metric"].map(is_over_templates)]
    estimates = estimates.assign(
        judge=estimates["judge"].fillna("").astype(str), baseline=estimates["baseline"].fillna("").astype(str)
    )
    series = ["task", "metric", "judge", "baseline"]
    languages = estimates[(estimates["level"] == "language") & estimates["value"].notna()]
    macro = estimates[estimates["level"] == "macro"].set_index([*series, "system"])["standard_error"].to_dict()
    correlation: dict[tuple[str, ...], float] = {}
    for group, own in languages.groupby(series, sort=True):
        key = tuple(map(str, group)) if isinstance(group, tuple) else (str(group),)
        systems = {str(name): rows for name, rows in own.groupby("system", sort=True)}
        averaged = averaged_languages({name: rows["group"].tolist() for name, rows in systems.items()})
        for name, rows in systems.items():
            errors = rows[rows["group"].isin(averaged[name].languages)]["standard_error"].dropna()
            of_mean = macro.get((*key, name))
            if of_mean is None or not math.isfinite(of_mean) or len(errors) < 2:
                correlation[(*key, name)] = 0.0
                continue
            of_sum = (of_mean * len(errors)) ** 2
            correlation[(*key, name)] = language_correlation(
                of_sum, float((errors**2).sum()), float(errors.sum()), len(errors)
            )
    keyed = [*series, "system"]
    squares = [interval_noise(*row) for row in estimates[_INTERVAL].itertuples(index=False)]
    noise = estimates.assign(noise=np.sqrt(squares))
    of_average = noise[noise["level"] == "macro"].set_index(keyed)["noise"].to_dict()
    found = noise[(noise["level"] == "language") & noise["value"].notna()].rename(columns={"group": "language"})
    adjustment: dict[tuple[str, ...], float] = {}
    for group, own in found.groupby(keyed, sort=True):
        place = tuple(map(str, group))
        square = of_average.get(place, math.nan) ** 2
        adjustment[place] = noise_adjustment(own["noise"].to_numpy(), correlation[place], square)
    keys = list(zip(*(found[name] for name in keyed), strict=True))
    return found.assign(correlation=[correlation[key] for key in keys], adjustment=[adjustment[key] for key in keys])[
        list(CELL_COLUMNS)
    ].reset_index(drop=True)


def _measurements(records: RunRecords, values: pd.DataFrame) -> Iterator[Measurement]:
    lock = records.lock
    metrics = _metric_signatures(records)
    kinds = values[["task", "metric", "judge", "baseline"]].drop_duplicates().sort_values(["task", "metric", "judge"])
    for task, metric, judge, baseline in kinds.itertuples(index=False, name=None):
        asked = how_asked(lock.tasks[task]).without(*_OF_SYSTEMS)
        data = dict(lock.data_digests(task))
        if judge:
            entry, weight = lock.judges[judge], lock.settings.statistics.strong_weight
            strong = {} if weight == 1 else {"strong": f"{weight:g}"}
            settings = {"judge": entry.signature, "orders": entry.orders, "repeats": entry.repeats, "ties": "half"}
            signature = asked.with_({**settings, **strong, "baseline": baseline})
            data |= {f"answers of {baseline} in {code}": key
                     for code, key in lock.cells.get(baseline, {}).get(task, {}).items()}  # fmt: skip
        else:
            signature = asked.with_(metric=metrics.get((task, metric), metric))
        yield Measurement(task=task, metric=metric, judge=judge, baseline=baseline, signature=str(signature), data=data)


def _metric_signatures(records: RunRecords) -> dict[tuple[str, str], Signature]:
    """Return how each metric was computed, as its scores say."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    seen: set[tuple[str, str]] = set()
    for cell in records.lock.all_cells():
        path = records.folder.scores(*cell)
        # The settings of a metric do not depend on the language.
        if (cell.system, cell.task) in seen or not path.exists():
            continue
        seen.add((cell.system, cell.task))
        table = read_table(path, ["metric", "signature"]).to_pandas().drop_duplicates()
        for metric, signature in table.itertuples(index=False, name=None):
            found[cell.task, str(metric)].add(str(signature))
    return {key: Signature.one_of(map(Signature.parse, own)) for key, own in found.items()}


def _systems(records: RunRecords, names: set[str]) -> dict[str, SourceSystem]:
    completions = records.completions()
    titles = names_in_files(records)
    found = {}
    for name in sorted(names):
        own = completions[completions["system"] == name]
        tokens, seconds = own["completion_tokens"].dropna(), own["latency_s"].dropna()
        found[name] = SourceSystem(
            effort=_effort(records.lock, name),
            tokens=float(tokens.mean()) if len(tokens) else None,
            seconds=float(seconds.mean()) if len(seconds) else None,
            title=titles.get(name, ""),
        )
    return found


def _effort(lock: Lock, system: str) -> str:
    asked = {
        each.settings.reasoning_effort
        for task in lock.tasks.values()
        if (each := task.sampling.get(system)) is not None and each.settings.reasoning_effort
    }
    return ", ".join(sorted(map(str, asked)))


def _texts(records: RunRecords, board: BoardFile) -> pd.DataFrame:
    completions = records.completions()
    allowed = [task for task, entry in records.lock.tasks.items() if not may_publish(entry.card, board)]
    own = completions[completions["task"].isin(allowed) & (completions["sample_index"] == 0)]
    return own[list(TEXT_COLUMNS)].reset_index(drop=True)
