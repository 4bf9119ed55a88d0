"""Records of Every Eval Ever 0.3.0: one aggregate a system, with the samples behind it.

The schema has no field for the language: it stands in ``source_data.additional_details.language`` and in
``evaluation_name``, which is ``task/language``. Item scores and ``source_id`` stand in the samples, so that estimates
can be computed again from a record alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from polyarena.harness.exporting.series import ExportedEstimate, exported_estimates, metric_name
from polyarena.harness.results import RunRecords
from polyarena.reports.metric_facts import metric_facts
from polyarena.tasks.card import TaskCard

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "0.3.0"
SOURCE = "polyarena"
_ITEM = ["system", "task", "metric", "language", "item_id", "source_id", "sample_index"]


def files(records: RunRecords) -> dict[str, bytes]:
    """Return the records of a run: ``data/polyarena/<owner>/<model>/<uuid>.json`` and its ``_samples.jsonl``."""
    found: dict[str, bytes] = {}
    values = _values(records)
    by_system: defaultdict[str, list[ExportedEstimate]] = defaultdict(list)
    for estimate in exported_estimates(records):
        by_system[estimate.system].append(estimate)
    for system, estimates in by_system.items():
        identity = f"{SOURCE}/{records.lock.experiment.name}/{system}/{records.lock.experiment.digest[:16]}"
        model = _model_id(system)
        place = f"data/{SOURCE}/{model}/{_uuid(identity)}"
        lines = [*_samples(records, values[values["system"] == system], identity, model)]
        samples = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode("utf-8", "replace")
        record = _record(records, system, estimates, identity, model)
        if lines:
            record["detailed_evaluation_results"] = {
                "format": "jsonl",
                "file_path": f"{place}_samples.jsonl",
                "hash_algorithm": "sha256",
                "checksum": hashlib.sha256(samples).hexdigest(),
                "total_rows": len(lines),
            }
            found[f"{place}_samples.jsonl"] = samples
        found[f"{place}.json"] = (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    return found


def _model_id(system: str) -> str:
    owner, slash, name = system.partition("/")
    parts = (owner, name) if slash else (SOURCE, system)
    return "/".join("".join(c if c.isalnum() or c in "-_." else "-" for c in part).strip(".") or "x" for part in parts)


def _uuid(identity: str) -> str:
    """Return a UUID of version 4's form, which the schema wants, that depends on the identity alone."""
    digits = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _record(
    records: RunRecords, system: str, estimates: list[ExportedEstimate], identity: str, model: str
) -> dict[str, Any]:
    lock = records.lock
    stamp = _timestamp(records)
    spec = next((each for each in lock.settings.systems if each.name == system), None)
    return {
        "schema_version": SCHEMA,
        "evaluation_id": identity,
        "retrieved_timestamp": stamp,
        "source_metadata": {
            "source_name": lock.experiment.name,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": SOURCE, "version": lock.versions.get(SOURCE, "unknown")},
        "model_info": {
            "name": system,
            "id": model,
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "unknown",
                "polyarena_system": system,
                "model_type": spec.model if spec else "unknown",
            },
        },
        "evaluation_results": [_result(lock.tasks[each.task].card, each) for each in estimates],
    }


def _timestamp(records: RunRecords) -> str:
    """Return the time of the last event of the run, as seconds; 0 where there is none."""
    path = records.folder.path / "events.jsonl"
    last = ""
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                last = str(json.loads(line).get("time", last))
            except (ValueError, AttributeError):
                continue
    try:
        return str(int(datetime.fromisoformat(last).timestamp()))
    except ValueError:
        return "0"


def _result(card: TaskCard, estimate: ExportedEstimate) -> dict[str, Any]:
    row, facts = estimate.row, metric_facts(str(estimate.row["metric"]))
    details: dict[str, Any] = {"score": _number(row["value"])}
    uncertainty: dict[str, Any] = {"num_samples": int(row["n"])}
    if _number(row["standard_error"]) is not None:
        uncertainty["standard_error"] = {"value": _number(row["standard_error"]), "method": "clustered"}
    if _number(row["low"]) is not None:
        uncertainty["confidence_interval"] = {
            "lower": _number(row["low"]),
            "upper": _number(row["high"]),
            "confidence_level": _number(row["confidence"]),
            "method": str(row["method"]),
        }
    details["uncertainty"] = uncertainty
    details["details"] = {"n_clusters": str(row["n_clusters"]), "signature": str(row["signature"])}
    dataset = card.dataset
    on_hub = "/" in dataset.id
    source = {"dataset_name": card.title, "source_type": "hf_dataset" if on_hub else "other"}
    if on_hub:
        source["hf_repo"] = dataset.id
    return {
        "evaluation_result_id": f"{estimate.name}/{estimate.metric}",
        "evaluation_name": estimate.name,
        "source_data": {
            **source,
            "additional_details": {
                "language": estimate.language,
                "revision": dataset.revision,
                "licence": dataset.licence,
                "version": card.version,
            },
        },
        "metric_config": {
            "metric_id": estimate.metric,
            "metric_name": estimate.metric,
            "lower_is_better": not facts.higher_is_better,
            "score_type": "continuous",
            "min_score": facts.low,
            "max_score": facts.high,
        },
        "score_details": details,
    }


def _values(records: RunRecords) -> pd.DataFrame:
    scores = records.scores().assign(judge="", baseline="")
    battles = records.battles()
    decided = battles[battles["score"].notna()].rename(columns={"candidate": "system", "score": "value"})
    games = decided.assign(metric="win_rate", sample_index=0, statistics=None)
    columns = [*_ITEM, "judge", "baseline", "value", "statistics"]
    frames = [frame[columns].astype(object) for frame in (scores, games) if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _samples(records: RunRecords, values: pd.DataFrame, identity: str, model: str) -> Iterator[dict[str, Any]]:
    completions = records.completions()
    key = ["system", "task", "language", "item_id", "sample_index"]
    texts: Mapping[Any, Mapping[Any, Any]] = completions.set_index(key)[["prompt", "text"]].to_dict("index")
    harmful = {name for name, task in records.lock.tasks.items() if task.card.harmful}
    row: Any
    for row in values.sort_values([*_ITEM, "judge", "baseline"]).itertuples(index=False):
        place = (row.system, row.task, row.language, row.item_id, row.sample_index)
        said: Mapping[Any, Any] = {} if row.task in harmful else texts.get(place, {})
        metric = metric_name(row.metric, row.judge, row.baseline)
        text = said.get("text")
        metadata = {"language": row.language, "source_id": row.source_id, "sample_index": str(row.sample_index)}
        if row.statistics is not None:
            metadata["statistics"] = json.dumps([float(each) for each in row.statistics])
        yield {
            "schema_version": SCHEMA,
            "evaluation_id": identity,
            "model_id": model,
            "evaluation_name": f"{row.task}/{row.language}",
            "evaluation_result_id": f"{row.task}/{row.language}/{metric}",
            "sample_id": row.item_id,
            "interaction_type": "single_turn",
            "input": {"raw": str(said.get("prompt") or ""), "reference": []},
            "output": {"raw": [text] if isinstance(text, str) else []},
            "answer_attribution": [],
            "evaluation": {"score": float(row.value), "is_correct": bool(float(row.value) == 1.0)},
            "metadata": metadata,
        }


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[call-overload,arg-type]
