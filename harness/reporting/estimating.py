"""Battles and estimates of a run, with the settings that belong into each signature."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from polyarena.harness.planning.digest import digest
from polyarena.harness.results import RunRecords
from polyarena.harness.store import read_shard
from polyarena.judges import BATTLE_SCHEMA, Game, collapse
from polyarena.tasks.languages import Language, find_language
from polyarena.tasks.records import to_table

if TYPE_CHECKING:
    import pandas as pd


def battles(records: RunRecords) -> pd.DataFrame:
    """Collapse all stored games of a run into battles, one a row."""
    found = []
    for judge, candidate, baseline, task, language in records.pairs():
        path = records.folder.games(judge, candidate, baseline, task, language)
        if path.exists():
            found += collapse(read_shard(path, Game), candidate, baseline)
    table: pd.DataFrame = to_table(found, BATTLE_SCHEMA).to_pandas()
    return table


def estimates(lock: dict[str, Any], fought: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Estimate all win rates and mean scores of a run."""
    from polyarena.reports.stats import estimates_table, mean_scores, win_rates

    settings = lock["experiment"]["resolved"]["statistics"]
    frames = [
        win_rates(fought, signatures=_judged(lock), **settings),
        mean_scores(scores, signatures=_scored(lock, scores), **settings),
    ]
    table: pd.DataFrame = estimates_table(frames).to_pandas()
    table["signature"] = [_with_cells(lock, *row) for row in zip(*(table[name] for name in _CELLS), strict=True)]
    return table


_CELLS = ("signature", "task", "system", "baseline", "level", "group")


def _with_cells(
    lock: dict[str, Any], signature: str, task: str, system: str, baseline: str | None, level: str, group: str
) -> str:
    """Add a digest of the keys of all cells behind a number: whatever the systems were asked with changes it."""
    keys = [
        (language, key)
        for name in (system, baseline)
        if isinstance(name, str)
        for language, key in sorted(lock["cells"][name][task].items())
        if _belongs(find_language(language), level, group)
    ]
    settings, version = signature.rsplit("|", 1)
    return f"{settings}|cells:{digest(keys)[:8]}|{version}"


def _belongs(language: Language, level: str, group: str) -> bool:
    if level == "language":
        return language.code == group
    return language.tier == group if level == "tier" else True


def _judged(lock: dict[str, Any]) -> dict[tuple[str, str], str]:
    repeats = {judge["name"]: judge["repeats"] for judge in lock["experiment"]["resolved"]["judges"]}
    return {
        (task, name): f"{_asked(entry)}|{judge['signature']}|orders:2|repeats:{repeats[name]}|ties:half"
        for task, entry in lock["tasks"].items()
        for name, judge in lock["judges"].items()
    }


def _scored(lock: dict[str, Any], scores: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return how each task was asked and each metric computed; the scores themselves say the latter."""
    computed: dict[tuple[str, str], set[str]] = defaultdict(set)
    kinds = scores[["task", "metric", "signature"]].drop_duplicates()
    for task, metric, signature in kinds.itertuples(index=False, name=None):
        computed[str(task), str(metric)].add(str(signature))
    return {
        (task, metric): f"{_asked(lock['tasks'][task])}|{'+'.join(sorted(found))}"
        for (task, metric), found in computed.items()
    }


def _asked(entry: dict[str, Any]) -> str:
    card = entry["card"]
    limit = f"|limit:{entry['limit']}" if entry["limit"] else ""
    return f"task:{card['name']}@{card['version']}|rev:{card['dataset']['revision']}{limit}"
