"""Reads rows of the user's own prompts: JSON Lines, CSV, Parquet, or a data set of the hub."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from polyarena.tasks.card import Dataset
from polyarena.tasks.data import DataSource
from polyarena.tasks.data.fields import sanitize_texts
from polyarena.tasks.data.jsonl import read_jsonl
from polyarena.tasks.data.parquet import read_parquet
from polyarena.tasks.errors import DataError
from polyarena.tasks.own_prompts.spec import OwnPrompts
from polyarena.tasks.suggest import closest

SUFFIXES = (".jsonl", ".csv", ".parquet")
LONGEST_CELL = 10_000_000
"""Characters of a cell of CSV."""

PlacedRow = tuple[str, Mapping[str, Any]]
"""The place of a row, for messages, and the row."""


def read_rows(spec: OwnPrompts, base: Path, data: DataSource) -> Iterator[PlacedRow]:
    """Yield the rows with their places; rows of a config by language get that language.

    Args:
        spec: The experiment's description of the prompts.
        base: The folder that ``spec.path`` is relative to.
        data: Where data sets of the hub are read from.

    Raises:
        DataError: The data is missing, cannot be read, is empty, or is in a format that is not known.
    """
    if spec.path:
        yield from _file_rows(base / Path(spec.path).expanduser())
        return
    dataset = Dataset(id=spec.dataset, revision=spec.revision, split=spec.split, licence=spec.licence)
    configs = spec.config if isinstance(spec.config, dict) else {"": spec.config}
    for language, config in configs.items():
        for number, row in enumerate(data.rows(dataset, config, ()), start=1):
            named = {spec.column("language"): language} if language else {}
            yield f"{spec.dataset}, config {config!r}, row {number}", {**row, **named}


def _file_rows(path: Path) -> Iterator[PlacedRow]:
    if path.is_dir():
        names = sorted(each.name for each in path.glob("[!.]*") if each.suffix in SUFFIXES)
        raise DataError(
            "this is a folder, and a file of prompts is expected",
            where=path,
            why=f"it has: {', '.join(names[:8])}" if names else f"it has no file of the types {', '.join(SUFFIXES)}",
            fix="name one file with the prompts of all languages; each row has its language",
        )
    if not path.is_file():
        near = closest(path.name, [each.name for each in path.parent.glob("*") if each.suffix in SUFFIXES])
        raise DataError(
            "the file of prompts does not exist",
            where=path,
            fix=f"did you mean {near[0]!r}?" if near else "check the path; it is relative to the experiment file",
        )
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        yield from ((f"{path}:{number}", row) for number, row in read_jsonl(path))
    elif suffix == ".parquet":
        yield from ((f"{path}, row {number}", row) for number, row in read_parquet(path))
    elif suffix == ".csv":
        yield from _csv_rows(path)
    else:
        raise DataError(
            f"prompts cannot be read from a file {path.suffix!r}", where=path, fix=f"use one of: {', '.join(SUFFIXES)}"
        )


def _csv_rows(path: Path) -> Iterator[PlacedRow]:
    before = csv.field_size_limit(LONGEST_CELL)
    empty = True
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _refuse_other_separator(path, reader.fieldnames or ())
            for row in reader:
                empty = False
                where = f"{path}:{reader.line_num}"
                if None in row or None in row.values():
                    raise DataError(
                        "the row does not have as many cells as the header",
                        where=where,
                        why=f"the header has {len(reader.fieldnames or ())}",
                        fix="quote cells that contain commas or line breaks",
                    )
                # An empty cell says nothing, as a key that is left out.
                yield where, sanitize_texts({name: value for name, value in row.items() if value != ""})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            "the CSV file cannot be read", where=path, why=str(error), fix="save it as CSV in UTF-8 with a header"
        ) from error
    finally:
        csv.field_size_limit(before)
    if empty:
        raise DataError("the data file is empty", where=path, fix="write a header and one row for each prompt")


def _refuse_other_separator(path: Path, header: Sequence[str]) -> None:
    """Refuse a header that is one cell because something else than commas separates the columns."""
    found = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
    if found is not None:
        raise DataError(
            "commas must separate the columns",
            where=f"{path}:1",
            why=f"the header has {'tabs' if found == chr(9) else repr(found)} and no comma: {header[0]}",
            fix="save the file as CSV with commas, or as JSON Lines",
        )
