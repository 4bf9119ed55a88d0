"""Which files of an output folder an export may replace: those that an export of any version wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from polyarena.harness.store.replacing import refuse_to_replace


def check_replaceable(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Refuse an export that would write over a file that no export wrote.

    A file counts as an export's by what it contains: the columns of the table of estimates, the name of polyarena in a
    JSON file, or the notes of the entries in a YAML file. One that has the content already may stay.

    Args:
        folder: Of the output.
        contents: What is to be written, by path relative to the folder.

    Raises:
        StoreError: Names the first file that is not replaced; nothing is written then.
    """
    for name, content in sorted(contents.items()):
        check = _CHECKS[Path(name).suffix]

        def is_own(path: Path, content: bytes = content, check: Callable[[Path, bytes], bool] = check) -> bool:
            try:
                return path.read_bytes() == content or check(path, content)
            except (AttributeError, KeyError, TypeError, yaml.YAMLError):
                return False

        refuse_to_replace(folder / name, is_own, "an export of results")


def _same_header(path: Path, content: bytes) -> bool:
    with path.open("rb") as file:
        return file.readline() == content.partition(b"\n")[0] + b"\n"


def _is_parquet(path: Path, _: bytes) -> bool:
    return {"system", "task", "metric", "value", "signature"} <= {*pq.read_schema(path).names}


def _is_json(path: Path, _: bytes) -> bool:
    found: Any = json.loads(path.read_text("utf-8"))
    return "polyarena_version" in found or found["eval_library"]["name"] == "polyarena"


def _is_samples(path: Path, _: bytes) -> bool:
    with path.open(encoding="utf-8") as file:
        first: Any = json.loads(file.readline())
    return str(first["evaluation_id"]).startswith("polyarena/")


def _is_yaml(path: Path, _: bytes) -> bool:
    found: Any = yaml.safe_load(path.read_text("utf-8"))
    if isinstance(found, list):
        notes = [entry["notes"] for entry in found]
    else:
        rows = [row for model in found["model-index"] for row in model["results"]]
        notes = [metric["name"] for row in rows for metric in row["metrics"]]
    return bool(notes) and all(_is_note(note) for note in notes)


def _is_note(note: str) -> bool:
    """Whether notes of an entry on the Hugging Face hub have metric, language and number of items, as in exports."""
    parts = note.split(", ")
    return any(
        number.startswith("n=") and number[2:3].isdecimal() and language.replace("_", "").isalnum()
        for language, number in pairwise(parts[1:])
    )


_CHECKS: Mapping[str, Callable[[Path, bytes], bool]] = {
    ".csv": _same_header,
    ".parquet": _is_parquet,
    ".json": _is_json,
    ".jsonl": _is_samples,
    ".yaml": _is_yaml,
}
"""By suffix of all files that exports write."""
