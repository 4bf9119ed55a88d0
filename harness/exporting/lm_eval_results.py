"""Results JSON in the shape of lm-eval's: ``results``, ``configs``, ``versions``, ``n-samples``."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pandas as pd

from polyarena.harness.exporting.series import ExportedEstimate, exported_estimates
from polyarena.harness.results import RunRecords
from polyarena.reports.board.site_files import file_slug
from polyarena.reports.metric_facts import metric_facts


def files(records: RunRecords) -> dict[str, bytes]:
    """Return ``<system>/results.json``; ``*_stderr`` is a standard error, clustered by source item."""
    by_system: defaultdict[str, list[ExportedEstimate]] = defaultdict(list)
    for estimate in exported_estimates(records):
        if estimate.language != "all":
            by_system[estimate.system].append(estimate)
    return {
        f"{file_slug(system)}/results.json": (
            json.dumps(_document(records, system, own), indent=2, ensure_ascii=False) + "\n"
        ).encode()
        for system, own in sorted(by_system.items())
    }


def _document(records: RunRecords, system: str, estimates: list[ExportedEstimate]) -> dict[str, Any]:
    results: dict[str, dict[str, Any]] = {}
    versions: dict[str, str] = {}
    samples: dict[str, dict[str, int]] = {}
    configs: dict[str, dict[str, Any]] = {}
    better: dict[str, dict[str, bool]] = {}
    for estimate in estimates:
        name, row = f"{estimate.task}_{estimate.language}", estimate.row
        card = records.lock.tasks[estimate.task].card
        own = results.setdefault(name, {"alias": name})
        own[f"{estimate.metric},none"] = float(row["value"])
        error = row["standard_error"]
        own[f"{estimate.metric}_stderr,none"] = "N/A" if pd.isna(error) else float(error)
        versions[name] = card.version
        n = int(row["n"])
        samples[name] = {"original": n, "effective": n}
        configs[name] = {
            "task": name,
            "dataset_path": card.dataset.id,
            "dataset_name": estimate.language,
            "metadata": {"language": estimate.language, "version": card.version},
        }
        better.setdefault(name, {})[estimate.metric] = metric_facts(str(row["metric"])).higher_is_better
    return {
        "results": results,
        "versions": versions,
        "n-samples": samples,
        "configs": configs,
        "higher_is_better": better,
        "model_name": system,
        "config": {"model": records.lock.system(system).model},
        "polyarena_version": records.lock.versions.get("polyarena", "unknown"),
    }
