"""Scores as the Hugging Face hub takes them: ``.eval_results`` files and the ``model-index`` of a model card."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pandas as pd
import yaml

from polyarena.harness.exporting.series import ExportedEstimate, exported_estimates
from polyarena.harness.results import RunRecords
from polyarena.reports.board.site_files import file_slug
from polyarena.reports.metric_facts import display_scale


def eval_results(records: RunRecords) -> dict[str, bytes]:
    """Return ``<system>/.eval_results/<task>.yaml``.

    Each entry has the required fields ``dataset.id``, ``dataset.task_id`` and ``value``, and the revision. Interval and
    number of items are in ``notes``. Tasks whose data set is not on the hub are left out: an entry needs its id.
    """
    entries: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for estimate in exported_estimates(records):
        dataset = records.lock.tasks[estimate.task].card.dataset
        if "/" not in dataset.id:
            continue
        entries[estimate.system, estimate.task].append(
            {
                "dataset": {
                    "id": dataset.id,
                    "task_id": f"{estimate.task}_{estimate.language}",
                    "revision": dataset.revision,
                },
                "value": _shown(estimate),
                "notes": _notes(estimate),
            }
        )
    return {
        f"{file_slug(system)}/.eval_results/{file_slug(task)}.yaml": _yaml(rows)
        for (system, task), rows in sorted(entries.items())
    }


def model_index(records: RunRecords) -> dict[str, bytes]:
    """Return ``<system>/model-index.yaml``: front matter of the card of each system's model."""
    results: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for estimate in exported_estimates(records):
        card = records.lock.tasks[estimate.task].card
        results[estimate.system].append(
            {
                "task": {"type": "text-generation"},
                "dataset": {
                    "name": card.title,
                    "type": card.dataset.id,
                    "config": estimate.language,
                    "split": card.dataset.split,
                    "revision": card.dataset.revision,
                },
                "metrics": [{"type": estimate.metric, "value": _shown(estimate), "name": _notes(estimate)}],
            }
        )
    return {
        f"{file_slug(system)}/model-index.yaml": _yaml({"model-index": [{"name": system, "results": rows}]})
        for system, rows in sorted(results.items())
    }


def _shown(estimate: ExportedEstimate) -> float:
    value = float(estimate.row["value"])
    return round(value * display_scale(str(estimate.row["metric"])), 6)


def _notes(estimate: ExportedEstimate) -> str:
    row, scale = estimate.row, display_scale(str(estimate.row["metric"]))
    said = f"{estimate.metric}, {estimate.language}, n={row['n']}"
    if not pd.isna(row["low"]):
        low, high = (float(row[end]) * scale for end in ("low", "high"))
        said += f", {100 * float(row['confidence']):g}% interval {low:.2f} to {high:.2f}"
    return said


def _yaml(value: Any) -> bytes:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False).encode()
