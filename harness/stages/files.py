"""The files within the folders of data stages: rows, held-out rows, completions and preference pairs, as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from polyarena.harness.stages.records import HeldOutScores, PooledCompletion, Preference
from polyarena.tasks.data import read_jsonl
from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow, read_training_rows

ROWS = "rows.jsonl"
HELD_OUT = "held_out.jsonl"
POOL = "pool.jsonl"
PAIRS = "pairs.jsonl"
HELD_OUT_SCORES = "held_out_scores.jsonl"
LICENCES = "licences.json"
"""Each licence of what an output was made from, with the sources or models under it."""
RESULTS = "results.json"
"""What a stage measured while it ran."""

Record = TypeVar("Record", PooledCompletion, Preference)


def write_rows(path: Path, rows: Iterable[TrainingRow]) -> None:
    """Write rows."""
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(row.to_json() + "\n" for row in rows)


def read_rows(folder: Path, name: str = ROWS) -> list[TrainingRow]:
    """Return the rows of a data stage.

    Raises:
        DataError: The file is missing, empty or damaged.
    """
    return list(read_training_rows(folder / name))


def write_records(path: Path, records: Iterable[PooledCompletion | Preference | HeldOutScores]) -> None:
    """Write completions, pairs or scores of held-out prompts."""
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in records)


def read_pool(folder: Path) -> list[PooledCompletion]:
    """Return the completions of a pool."""
    return _read(folder / POOL, PooledCompletion)


def read_pairs(folder: Path) -> list[Preference]:
    """Return preference pairs."""
    return _read(folder / PAIRS, Preference)


def _read(path: Path, record: type[Record]) -> list[Record]:
    names = {field.name for field in fields(record)}
    found = []
    for number, row in read_jsonl(path):
        if set(row) != names:
            raise DataError(
                f"a line has other fields than {', '.join(sorted(names))}",
                where=f"{path}:{number}",
                fix="remove the folder and run the same command again",
            )
        found.append(record(**row))
    return found


def write_json(path: Path, value: Any) -> None:
    """Write results or licences, with keys in their order."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def licences_of(rows: Sequence[TrainingRow]) -> dict[str, list[str]]:
    """Return the sources of rows by their licence."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.licence, set()).add(row.source)
    return {licence: sorted(found[licence]) for licence in sorted(found)}
