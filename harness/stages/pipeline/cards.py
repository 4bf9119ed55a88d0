"""The card of a checkpoint or of data: what it is, what it was made from, and under what licence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from polyarena.harness.stages.files import LICENCES, RESULTS
from polyarena.harness.stages.pipeline.schema import Pipeline
from polyarena.harness.stages.pipeline.settings import StageSettings
from polyarena.harness.stages.pipeline.status import StageStatus
from polyarena.tasks.mixtures.licences import licence_warning

WIDEST = 12
"""Columns from which on the entries of a table stand side by side, not below one another."""


def write_card(path: Path, pipeline: Pipeline, status: StageStatus, done: Mapping[str, Path]) -> None:
    """Write the card of an output, and the licences of everything that it was made from.

    Args:
        path: Of the card, in the working folder.
        pipeline: The pipeline.
        status: Of the stage.
        done: Folders of finished stages by name.
    """
    stage = status.stage
    licences = _licences((*(done[name] for name in stage.inputs), path.parent))
    (path.parent / LICENCES).write_text(
        json.dumps({name: sorted(licences[name]) for name in sorted(licences)}, ensure_ascii=False, indent=1), "utf-8"
    )
    kind = "checkpoint" if stage.makes_checkpoint else "output"
    lines = [
        f"# {pipeline.name}: {stage.name}",
        "",
        f"The {kind} of the stage `{stage.name}` (type `{stage.type}`) of the pipeline `{pipeline.name}`.",
        "",
        "## Lineage",
        "",
        *_lineage(pipeline, stage),
        "",
        "## Settings",
        "",
        *(f"- `{name}`: {_shown(value)}" for name, value in _flat(status.key.settings)),
        "",
        *_data_lines(pipeline, stage, {**done, stage.name: path.parent}),
        "## Licences",
        "",
        *(_licence_lines(licences) or ["No data was read."]),
        "",
        *_results(path.parent),
        "## Made with",
        "",
        *(f"- {name} {value}" for name, value in sorted(status.key.environment.items())),
        f"- key `{status.key.key}`",
        "",
    ]
    path.write_text("\n".join(lines), "utf-8")


def warnings_of(folder: Path, inputs: Iterable[Path]) -> tuple[str, ...]:
    """Return what to know of the output of a stage: licences that forbid training, and rows that were lost.

    Args:
        folder: Of the output.
        inputs: Of the outputs that it was made from: of their licences was warned already.
    """
    results = folder / RESULTS
    card = json.loads(results.read_text("utf-8")).get("card") if results.is_file() else None
    if card:
        return tuple(card["warnings"])
    known = _licences(inputs)
    found = {name: sources - known.get(name, set()) for name, sources in _licences([folder]).items()}
    return tuple(warning for name, new in found.items() if new and (warning := licence_warning(name, sorted(new))))


def _licences(folders: Iterable[Path]) -> dict[str, set[str]]:
    """Return what outputs were made from, by licence."""
    found: dict[str, set[str]] = {}
    for path in (folder / LICENCES for folder in folders):
        if path.is_file():
            for licence, sources in json.loads(path.read_text("utf-8")).items():
                found.setdefault(licence, set()).update(sources)
    return found


def _lineage(pipeline: Pipeline, stage: StageSettings) -> list[str]:
    stages = {each.name: each for each in pipeline.stages}
    lines: list[str] = []

    shown: set[str] = set()

    def visit(name: str, depth: int) -> None:
        inputs = stages[name].inputs
        # A stage that many read would be written out as often as there are ways to it.
        known = ", as above" if name in shown and inputs else ""
        lines.append(f"{'  ' * depth}- `{name}` ({stages[name].type}{known})")
        if not known:
            shown.add(name)
            for other in inputs:
                visit(other, depth + 1)

    visit(stage.name, 0)
    return lines


def _data_lines(pipeline: Pipeline, stage: StageSettings, folders: Mapping[str, Path]) -> list[str]:
    """Return a table of the data that a checkpoint was made from, whichever stage read them."""
    stages = {each.name: each for each in pipeline.stages}
    names: dict[str, None] = {}

    def visit(name: str) -> None:
        for other in stages[name].inputs:
            visit(other)
        names.setdefault(name)

    visit(stage.name)
    rows: list[str] = []
    for name in names:
        path = folders[name] / RESULTS
        if not stages[name].makes_checkpoint and path.is_file():
            results = json.loads(path.read_text("utf-8"))
            cells = (f"`{name}`", stages[name].type, _size(results), _by_language(results), _warnings(results))
            rows.append(f"| {' | '.join(cells)} |")
    if not rows or not stage.makes_checkpoint:
        return []
    head = ["| stage | type | size | by language | warnings |", "| --- | --- | --- | --- | --- |"]
    return ["## Data", "", *head, *rows, "", "The card of a mixture is `mixture.md` in the folder of its stage.", ""]


def _size(results: Mapping[str, Any]) -> str:
    counted = next((name for name in ("rows", "pairs") if name in results), None)
    size = f"{results[counted]:,} {counted}" if counted else f"{len(results.get('teachers', ()))} teachers"
    sources = [
        f"{each['source']} {each['taken']:,} of {each['read']:,}" for each in results.get("card", {}).get("sources", ())
    ]
    return f"{size} ({', '.join(sources)})" if sources else size


def _by_language(results: Mapping[str, Any]) -> str:
    """Return the rows or pairs of each language, as the stage counted them."""
    counts: dict[str, int] = {}
    for key, number in (("languages", "taken"), ("lengths", "pairs"), ("teachers", "chosen")):
        entries = results.get("card", {}).get(key) or results.get(key) or ()
        if isinstance(entries, Mapping):
            counts = {**counts, **entries}
        else:
            for each in entries:
                if "language" in each and number in each:
                    counts[each["language"]] = counts.get(each["language"], 0) + int(each[number])
    return ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items()) if count)


def _warnings(results: Mapping[str, Any]) -> str:
    return " ".join(results.get("card", {}).get("warnings", ())).replace("|", "\\|")


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            flat += _flat(value, f"{prefix}{name}.")
        elif value not in (None, [], {}):
            flat.append((f"{prefix}{name}", value))
    return flat


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
    return text if len(text) <= 400 else f"{text[:397]}..."


def _licence_lines(licences: Mapping[str, set[str]]) -> list[str]:
    lines = [f"- {licence}: {', '.join(sorted(sources))}" for licence, sources in sorted(licences.items())]
    warnings = [
        f"- {warning}" for name in sorted(licences) if (warning := licence_warning(name, sorted(licences[name])))
    ]
    if warnings:
        lines += ["", "**Restricted:** not every use of a model trained on these is known to be legal.", "", *warnings]
    return lines


def _results(folder: Path) -> list[str]:
    """Return what the stage measured: single values as a list, and one table for each list of entries."""
    path = folder / RESULTS
    if not path.is_file():
        return []
    values: list[str] = []
    tables: list[str] = []
    for name, value in json.loads(path.read_text("utf-8")).items():
        entries = _entries(value)
        if name == "card":  # has a file of its own
            continue
        if entries:
            tables += ["", f"`{name}`:", "", *_table(entries)]
        else:
            values += [f"- `{key}`: {_number(each)}" for key, each in _flat({name: value}) if each != ""]
    return ["## Measured while it ran", *([""] if values else []), *values, *tables, ""]


def _entries(value: Any) -> list[Mapping[str, Any]]:
    """Return the rows of what is a table: a list of mappings, or a mapping of them, whose keys go first."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        return value
    if isinstance(value, Mapping) and value and all(isinstance(each, Mapping) for each in value.values()):
        return [{"": name, **each} for name, each in value.items()]
    return []


def _table(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [dict(_flat(entry)) for entry in entries]
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([_number(row.get(name, "")) for name in names] for row in rows)]
    if len(names) > WIDEST:
        lines = [list(column) for column in zip(*lines, strict=True)]
    lines.insert(1, ["---"] * len(lines[0]))
    return [f"| {' | '.join(line)} |" for line in lines]


def _number(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else _shown(value)
    return text.replace("|", "\\|").replace("\n", " ")
