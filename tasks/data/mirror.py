"""Data sets in a folder: ``<root>/<owner>/<dataset>/<config>/<split>.jsonl`` or ``.parquet``."""

from __future__ import annotations

from pathlib import Path

from polyarena.tasks.card import Dataset
from polyarena.tasks.data.fields import PlacedRows
from polyarena.tasks.data.jsonl import read_jsonl
from polyarena.tasks.data.parquet import read_parquet
from polyarena.tasks.errors import DataError
from polyarena.tasks.suggest import closest

SUFFIXES = (".jsonl", ".parquet")


def mirror_file(root: Path, dataset: Dataset, config: str) -> Path:
    """Return the file of one config and split; if both exist, JSON Lines takes precedence over Parquet.

    Raises:
        DataError: There is none; the message names the path and the configs that do exist.
    """
    stem = root / dataset.id / config / dataset.split
    for suffix in SUFFIXES:
        path = stem.with_name(stem.name + suffix)
        if path.is_file():
            return path
    raise DataError(
        f"the local mirror lacks {dataset.id}, config {config!r}, split {dataset.split!r}",
        where=f"{stem}.jsonl",
        why=f"neither it nor {stem.name}.parquet exists; {_nearby(root, dataset, config)}",
        fix="put the file there, or point POLYARENA_DATA or data_root at a mirror that has it",
    )


def mirror_rows(path: Path) -> PlacedRows:
    """Return the rows of a file, with their places for messages (``file:line`` or ``file, row n``).

    Raises:
        DataError: The file cannot be read, has no rows, or is a Parquet file that unpacks to too much.
    """
    if path.suffix == ".jsonl":
        return PlacedRows.of(f"{path}:", read_jsonl(path))
    return PlacedRows.of(f"{path}, row ", read_parquet(path))


def _nearby(root: Path, dataset: Dataset, config: str) -> str:
    """Return a sentence that names the nearest entries of the mirror."""
    folder = root / dataset.id
    if not folder.is_dir():
        present = sorted(f"{path.parent.name}/{path.name}" for path in root.glob("*/*") if path.is_dir())
        return f"of data sets the mirror has: {_some(present)}"
    if (folder / config).is_dir():
        splits = sorted({path.stem for path in (folder / config).iterdir() if path.suffix in SUFFIXES})
        return f"of splits it has: {_some(splits)}"
    configs = sorted(path.name for path in folder.iterdir() if path.is_dir())
    near = closest(config, configs)
    return f"of configs it has: {_some([*near, *(each for each in configs if each not in near)])}"


def _some(names: list[str], limit: int = 12) -> str:
    if not names:
        return "none"
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
