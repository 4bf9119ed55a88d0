"""Results and details of lighteval (0.13): one results JSON a run, one Parquet file of details a task."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polyarena.harness.importing.documents import read_json
from polyarena.harness.importing.lm_eval import LmEvalResult
from polyarena.harness.importing.rows import files
from polyarena.harness.importing.scored_items import ScoredItem, add_cells
from polyarena.tasks.errors import DataError

_RESULTS = re.compile(r"results_(?P<date>.+)\.json")


def read(path: Path, language: str | None = None) -> LmEvalResult:
    """Read a folder that lighteval wrote, with ``results/`` and ``details/``.

    Args:
        path: The folder.
        language: ``lang_Script`` of tasks of which no rule finds the language.

    Raises:
        DataError: There are no results or no details, or a file is not what lighteval writes.
    """
    found = [file for file in files(path, (".json",)) if _RESULTS.fullmatch(file.name)]
    if not found:
        raise DataError("there are no results of lighteval", where=path, why="no file is named results_*.json",
                        fix="give the folder of lighteval's --output-dir")  # fmt: skip
    result = LmEvalResult()
    taken: set[tuple[str, str]] = set()
    for file in sorted(found, key=lambda each: each.name, reverse=True):
        content = read_json(file)
        if not isinstance(content, dict) or not isinstance(content.get("config_general"), dict):
            raise DataError("the file is no result of lighteval", where=file, why="it has no object 'config_general'")
        result.files.append(file)
        _read_run(path, file, content, language, result, taken)
    if not result.cells:
        raise result.left_out.first_error or DataError("there is nothing to import", where=path)
    return result


def _read_run(
    path: Path, file: Path, content: Mapping[str, Any], language: str | None, result: LmEvalResult,
    taken: set[tuple[str, str]],
) -> None:  # fmt: skip
    general = content["config_general"]
    model = _object(general.get("model_config"))
    system = str(model.get("model_name") or general.get("model_name") or file.parent.name)
    match = _RESULTS.fullmatch(file.name)
    date = match["date"] if match else ""
    configs = _object(content.get("config_tasks"))
    details = {each.name: each for each in path.rglob(f"details_*_{date}.parquet")} if path.is_dir() else {}
    for name in _object(content.get("results")):
        if name == "all":
            result.left_out.skip("an average over tasks of different kinds (each task is imported)", name)
            continue
        detail = details.get(f"details_{name}_{date}.parquet")
        if detail is None:
            result.left_out.skip_row("a task without details: only its averages are there", name, DataError(
                f"the results of {name} have no details", where=file,
                why="averages alone have no items, so no interval can be computed",
                fix="run lighteval again with --save-details"))  # fmt: skip
            continue
        if (system, name) in taken:
            result.left_out.skip("an older run of the same model and task", f"{name}, {file.name}")
            continue
        taken.add((system, name))
        result.files.append(detail)
        config = _object(configs.get(name))
        rows = [*_rows(detail, name, system, config)]
        version = str(general.get("lighteval_sha") or "unknown")
        add_cells(result, rows, f"lighteval {version}", language, detail)
        result.facts.setdefault(system, {
            "lighteval": version, "model revision": str(model.get("model_revision") or "unknown")
        })  # fmt: skip


def _rows(detail: Path, name: str, system: str, config: Mapping[str, Any]) -> Iterator[ScoredItem]:
    # Names of tasks end in the number of examples shown, and some begin with the name of a suite.
    task, _, shots = name.rpartition("|") if "|" in name else (name, "", "0")
    try:
        table = pq.read_table(detail).to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError("the details cannot be read", where=detail, why=str(error)) from error
    for number, row in enumerate(table):
        where = f"{detail}, row {number + 1}"
        doc, metric, answer = (_object(row.get(part)) for part in ("doc", "metric", "model_response"))
        if not doc or not metric:
            raise DataError("the details are not what lighteval writes", where=where, why="no doc or no metric")
        texts = answer.get("text")
        yield ScoredItem(
            system=system,
            task=task.split("|")[-1],
            item_id=str(doc.get("id") if doc.get("id") not in (None, "") else number),
            prompt=str(doc.get("query") or ""),
            scores={key: float(value) for key, value in metric.items() if isinstance(value, (int, float))},
            where=where,
            text=str(texts[0]) if texts is not None and len(texts) else None,
            fields=_object(doc.get("specific")),
            config=str(config.get("hf_subset") or ""),
            dataset=str(config.get("hf_repo") or "unknown").rpartition("/data/")[2],
            version=f"{shots}-shot",
        )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
