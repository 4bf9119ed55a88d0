"""Runs of HELM: a folder with ``run_spec.json``, ``scenario_state.json`` and ``per_instance_stats.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polyarena.harness.importing.documents import read_json
from polyarena.harness.importing.lm_eval import LmEvalResult
from polyarena.harness.importing.scored_items import ScoredItem, add_cells
from polyarena.tasks.errors import DataError

TEST = "test"
"""The split that HELM publishes."""
BOOKKEEPING = (
    "num_", "max_prob", "training_", "inference_", "batch_size", "finish_reason", "logprob", "prompt_truncated",
    "predicted_index", "bits_per_byte", "perplexity",
)  # fmt: skip
"""How names of statistics begin that say nothing of the answer's quality."""


def read(path: Path, language: str | None = None) -> LmEvalResult:
    """Read a run of HELM, or a folder of runs.

    Args:
        path: The folder.
        language: ``lang_Script`` of scenarios of which no rule finds the language.

    Raises:
        DataError: There is no run, or a file is not what HELM writes.
    """
    specs = sorted(path.rglob("run_spec.json")) if path.is_dir() else []
    if not specs:
        raise DataError("there is no run of HELM", where=path, why="no file is named run_spec.json",
                        fix="give the folder of a run, or one that contains runs")  # fmt: skip
    result = LmEvalResult()
    for spec in specs:
        parts = {name: spec.with_name(name) for name in ("scenario_state.json", "per_instance_stats.json")}
        lacking = [name for name, file in parts.items() if not file.is_file()]
        if lacking:
            result.left_out.skip_row("a run without items", spec.parent.name, DataError(
                "the run has no items", where=spec.parent, why=f"there is no {lacking[0]}"))  # fmt: skip
            continue
        result.files += [spec, *parts.values()]
        _read_run(spec, parts, language, result)
    if not result.cells:
        raise result.left_out.first_error or DataError("there is nothing to import", where=path)
    return result


def _read_run(spec: Path, parts: Mapping[str, Path], language: str | None, result: LmEvalResult) -> None:
    run = _object(read_json(spec))
    adapter, scenario = _object(run.get("adapter_spec")), _object(run.get("scenario_spec"))
    if not adapter or not scenario:
        raise DataError("the file is no run of HELM", where=spec, why="it has no adapter_spec or no scenario_spec")
    system = str(adapter.get("model") or adapter.get("model_deployment") or "unknown")
    arguments = _object(scenario.get("args"))
    family = str(run.get("name") or spec.parent.name).partition(":")[0]
    subject = str(arguments.get("subject") or arguments.get("dataset") or "")
    task = f"{family}_{subject}" if subject and subject not in family else family
    states = _object(read_json(parts["scenario_state.json"])).get("request_states") or []
    answers = {_key(state, _object(state.get("instance")).get("id")): state for state in states}
    rows = []
    stats = read_json(parts["per_instance_stats.json"]) or []
    # Scenarios without a test split are published by the split that they have.
    tested = any(TEST in _splits(stat) for stat in stats)
    for number, stat in enumerate(stats):
        where = f"{parts['per_instance_stats.json']}, row {number + 1}"
        if not isinstance(stat, dict) or "instance_id" not in stat:
            raise DataError("the statistics are not what HELM writes", where=where, why="there is no instance_id")
        if stat.get("perturbation"):
            result.left_out.skip("a perturbed instance", stat["instance_id"])
            continue
        if tested and TEST not in _splits(stat):
            result.left_out.skip(
                "an instance that is not of the test split, which HELM averages apart", stat["instance_id"]
            )
            continue
        state = _object(answers.get(_key(stat, stat["instance_id"])))
        instance, request = _object(state.get("instance")), _object(state.get("request"))
        completions = _object(state.get("result")).get("completions") or []
        rows.append(ScoredItem(
            system=system, task=task, item_id=str(stat["instance_id"]), where=where,
            prompt=str(request.get("prompt") or _object(instance.get("input")).get("text") or ""),
            scores=dict(_scores(stat.get("stats") or ())), sample=int(stat.get("train_trial_index") or 0),
            text=str(completions[0].get("text", "")) if completions and isinstance(completions[0], dict) else None,
            fields={**arguments, **_object(instance.get("extra_data"))}, dataset=str(scenario.get("class_name")),
            version=f"{adapter.get('max_train_instances', 0)}-shot",
        ))  # fmt: skip
    add_cells(result, rows, "helm", language, spec.parent)
    result.facts.setdefault(system, {"helm": str(adapter.get("model_deployment") or "unknown")})


def _splits(stat: object) -> set[str]:
    stats = _object(stat).get("stats")
    return (
        {str(_object(_object(each).get("name")).get("split")) for each in stats} if isinstance(stats, list) else set()
    )


def _key(row: Mapping[str, Any], instance: object) -> tuple[str, int]:
    return str(instance), int(row.get("train_trial_index") or 0)


def _scores(stats: object) -> Iterator[tuple[str, float]]:
    for stat in stats if isinstance(stats, list | tuple) else ():
        name = _object(_object(stat).get("name"))
        metric = str(name.get("name") or "")
        if not metric or metric.startswith(BOOKKEEPING) or not stat.get("count") or name.get("perturbation"):
            continue
        yield metric, float(stat["mean"] if "mean" in stat else stat["sum"] / stat["count"])


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
