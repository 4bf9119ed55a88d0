"""Records of Every Eval Ever (0.2 and 0.3): an aggregate JSON with, beside it, samples as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyarena.harness.importing.documents import read_json
from polyarena.harness.importing.lm_eval import LmEvalResult
from polyarena.harness.importing.rows import files, lines
from polyarena.harness.importing.scored_items import ScoredItem, add_cells
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages.lookup import lookup


def read(path: Path, language: str | None = None) -> LmEvalResult:
    """Read records that have samples; records without are counted, and can be imported as published values.

    Args:
        path: A file, or a folder of files.
        language: ``lang_Script`` of results of which no rule finds the language.

    Raises:
        DataError: No record has samples, or a file is not what the schema says.
    """
    result = LmEvalResult()
    for file, record in records(path):
        samples = file.with_name(f"{file.stem}_samples.jsonl")
        if not samples.is_file():
            result.left_out.skip_row("a record without samples", file.name, DataError(
                "the record has no samples", where=file, why=f"there is no {samples.name}",
                fix="import it as published values, with an --output that ends in .csv"))  # fmt: skip
            continue
        result.files += [file, samples]
        library = _object(record.get("eval_library"))
        tool = f"{library.get('name', 'unknown')} {library.get('version', 'unknown')}"
        add_cells(result, [*_rows(record, samples)], tool, language, file)
        result.facts.setdefault(system_of(record), {"eval library": tool})
    if not result.cells:
        raise result.left_out.first_error or DataError("there is nothing to import", where=path)
    return result


def records(path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the aggregate records of a file or folder.

    Raises:
        DataError: There is none, or a file is not of this schema.
    """
    found = 0
    for file in files(path, (".json",)):
        content = read_json(file)
        if not isinstance(content, dict) or "evaluation_results" not in content:
            if path.is_dir():
                continue
            raise DataError("the file is no record of Every Eval Ever", where=file, why="no evaluation_results")
        version = str(content.get("schema_version", ""))
        if not version.startswith(("0.2", "0.3")):
            raise DataError(f"the schema version {version!r} is not known", where=file, fix="0.2 and 0.3 are known")
        found += 1
        yield file, content
    if not found:
        raise DataError("there is no record of Every Eval Ever", where=path, why="no file has evaluation_results")


def system_of(record: Mapping[str, Any]) -> str:
    """Return the name of a record's system: polyarena's own, else the id of its model."""
    model = _object(record.get("model_info"))
    own = _object(model.get("additional_details")).get("polyarena_system")
    return str(own or model.get("id") or model.get("name") or "unknown")


def language_of(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return the language of a result and its task without it; the language is empty if the record does not say it."""
    name = str(entry.get("evaluation_name") or "unknown")
    details = _object(_object(entry.get("source_data")).get("additional_details"))
    task, slash, last = name.rpartition("/")
    given = str(details.get("language") or "")
    found = lookup(given) if given else lookup(last) if slash else None
    if found is None:
        return "", name
    return found.code, (task if slash and lookup(last) == found else name)


def _rows(record: Mapping[str, Any], samples: Path) -> Iterator[ScoredItem]:
    entries: dict[str, Mapping[str, Any]] = {}
    for entry in record["evaluation_results"]:
        # An identity is preferred; names need not be unique.
        entries.setdefault(str(entry.get("evaluation_name")), entry)
        if entry.get("evaluation_result_id"):
            entries[str(entry["evaluation_result_id"])] = entry
    merged: dict[tuple[str, str, str, int], ScoredItem] = {}
    for where, row in lines(samples, ("sample_id", "evaluation_name", "input", "evaluation")):
        entry = entries.get(str(row.get("evaluation_result_id"))) or entries.get(str(row["evaluation_name"]))
        if entry is None:
            raise DataError("the sample belongs to no result of its record", where=where,
                            why=f"there is no evaluation {row['evaluation_name']!r}")  # fmt: skip
        item = _item(record, entry, row, where)
        key = (item.task, item.language, item.item_id, item.sample)
        earlier = merged.get(key)
        merged[key] = item if earlier is None else _with_scores(earlier, item)
    yield from merged.values()


def _with_scores(one: ScoredItem, other: ScoredItem) -> ScoredItem:
    return replace(one, scores={**one.scores, **other.scores}, statistics={**one.statistics, **other.statistics})


def _item(record: Mapping[str, Any], entry: Mapping[str, Any], row: Mapping[str, Any], where: str) -> ScoredItem:
    metadata, given = _object(row.get("metadata")), _object(row["input"])
    config, source = _object(entry.get("metric_config")), _object(entry.get("source_data"))
    metric = str(config.get("metric_id") or config.get("metric_name") or "score")
    code, task = language_of(entry)
    output = _object(row.get("output")).get("raw")
    score = _object(row["evaluation"]).get("score")
    if not isinstance(score, int | float):
        raise DataError("the sample has no score", where=where, why=f"it is {score!r}")
    statistics = json.loads(metadata["statistics"]) if metadata.get("statistics") else None
    return ScoredItem(
        system=system_of(record),
        task=task,
        item_id=str(row["sample_id"]),
        prompt=str(given.get("formatted") or given.get("raw") or ""),
        scores={metric: float(score)},
        where=where,
        sample=int(metadata.get("sample_index") or 0),
        source_id=str(metadata.get("source_id") or ""),
        text=str(output[0]) if isinstance(output, list) and output else None,
        fields=metadata,
        dataset=str(source.get("hf_repo") or source.get("dataset_name") or "unknown"),
        version=str(_object(source.get("additional_details")).get("version", record["schema_version"])),
        language=code,
        statistics={metric: tuple(map(float, statistics))} if statistics else {},
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
