"""A folder of stored completions, one file for each language, as rows by item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polyarena.harness.experiment.credentials import refuse_credentials
from polyarena.harness.experiment.positions import parse_yaml
from polyarena.tasks.data import read_jsonl
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.languages import find_language
from polyarena.tasks.suggest import closest
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import read_message

ID_FIELDS = ("item_id", "question_id", "id")
TEXT_FIELDS = ("completion", "text", "output", "answer")
THOUGHT_FIELDS = ("thought", "reasoning_content", "reasoning", "thinking")
SUFFIXES = (".jsonl", ".parquet")
GENERATION_FILES = ("generation.yaml", "generation.yml", "generation.json")
"""Files beside the answers that may say how they were generated."""

MOST_LOOKED_AT = 10_000
"""Files at each depth that are looked at for an error message."""

Key = tuple[str, int]
"""``item_id`` and ``sample_index``."""


@dataclass(frozen=True, slots=True)
class StoredCompletion:
    """One stored completion.

    Attributes:
        text: As stored; may be empty.
        thought: As stored beside the text; ``None`` if there is none.
        row: The whole row, for what else it may hold (finish reason, token counts, prompt).
    """

    text: str
    thought: str | None
    row: Mapping[str, Any]


def find_language_files(folder: Path, where: str) -> dict[str, Path]:
    """Find the files of a folder that are named by a language, in any code that the language table knows.

    Returns:
        ``lang_Script`` to file, sorted. Files of other names are left out.

    Raises:
        DataError: The folder is missing or has no such file, or two files are of one language.
    """
    if not folder.is_dir():
        raise _no_folder(folder, where)
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        code = _language(path)
        if code is None:
            continue
        if code in found:
            raise DataError(
                f"two files hold the same language {code}",
                where=folder,
                why=f"{found[code].name} and {path.name}",
                fix="keep one of them in this folder",
            )
        found[code] = path
    if not found:
        raise _no_language_file(folder, where)
    return dict(sorted(found.items()))


def _no_folder(folder: Path, where: str) -> DataError:
    if folder.exists():
        is_language = _language(folder) is not None
        return DataError(
            f"{folder.name!r} is a file, and `path` must be the folder with one file for each language",
            where=where,
            why=f"it is {folder}",
            fix=f"name its folder: {folder.parent}" if is_language else "name the folder of the answers",
        )
    return DataError(
        f"the folder {folder.name!r} does not exist",
        where=where,
        why=f"looked for {folder}",
        fix="relative paths start from the folder of the file that names them",
    )


def _no_language_file(folder: Path, where: str) -> DataError:
    fix = "name files by their language, such as deu_Latn.jsonl or de.jsonl"
    near = (islice(folder.glob("*/" * depth + "*"), MOST_LOOKED_AT) for depth in range(1, 4))
    inner = sorted({path.parent for paths in near for path in paths if _language(path)})
    if inner:
        fix = f"name the folder with the files of languages, such as {inner[0]}"
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    return DataError(
        f"the folder {folder.name!r} has no file named by a language",
        where=where or folder,
        why=f"{folder} has: " + (", ".join(names[:8]) or "nothing"),
        fix=fix,
    )


def language_file(folder: Path, language: str, where: str) -> Path:
    """Return the file of one language.

    Raises:
        DataError: As :func:`find_language_files`, or the language has none.
    """
    files = find_language_files(folder, where)
    if language not in files:
        raise DataError(
            f"no stored completions in {language}",
            where=folder,
            why="there are files for: " + ", ".join(files),
            fix="take the language out of the experiment, or add its file",
        )
    return files[language]


def read_generation_settings(folder: Path) -> dict[str, str]:
    """Return what a folder says of how its answers were generated.

    ``generation.yaml`` (or ``.yml``, ``.json``) is a mapping such as ``{model: org/name, revision: abc, chat_template:
    model's own, temperature: 0.7, max_tokens: 2048}``; names are free, values are texts, numbers, booleans or lists of
    these.

    Returns:
        Names and values, sorted; empty without such a file.

    Raises:
        DataError: The file is no such mapping.
        ExperimentError: It has a credential.
    """
    path = next((folder / name for name in GENERATION_FILES if (folder / name).is_file()), None)
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("this file cannot be read", where=path, why=str(error)) from error
    content, _ = parse_yaml(text, str(path))
    if not isinstance(content, dict):
        raise DataError("how the answers were generated is not a mapping", where=path, fix="write `name: value` lines")
    refuse_credentials(content, str(path))
    found = {}
    for name, value in content.items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(each, dict | list) for each in values):
            raise DataError(
                f"{name!r} is not a plain value",
                where=path,
                fix="write a text, a number, true, false, or a list of these",
            )
        found[str(name)] = ", ".join("unknown" if each is None else str(each) for each in values)
    return dict(sorted(found.items()))


def read_completions(
    path: Path, id_field: str | None, text_field: str | None, thought_field: str | None = None
) -> dict[Key, StoredCompletion]:
    """Read one file.

    Args:
        path: ``.jsonl``, or ``.parquet`` as a run stores its cells.
        id_field: Name of the item's id; ``None`` takes the first of ``item_id``, ``question_id``, ``id`` that the first
            row has.
        text_field: Name of the text; ``None`` takes the first of ``completion``, ``text``, ``output``, ``answer``. A
            list of content parts, as chat APIs give it, is read as text and thought.
        thought_field: Name of the thought; ``None`` takes the first of ``thought``, ``reasoning_content``,
            ``reasoning``, ``thinking`` that a row has.

    Raises:
        DataError: A row lacks a field, has one twice or holds something else than a text, or an item is there twice.
    """
    rows: dict[Key, StoredCompletion] = {}
    seen: dict[Key, str] = {}
    identifier = text = ""
    for place, row in _rows(path):
        if not seen:
            identifier = _field(row, id_field, ID_FIELDS, "id", place)
            text = _field(row, text_field, TEXT_FIELDS, "text", place)
        for field in (identifier, text):
            if row.get(field) is None:
                raise _no_value(field, row, place)
        said = read_message({**row, "content": row[text]})
        if not isinstance(row[text], str | list):
            raise DataError(f"the field {text!r} is no text", where=place, why=f"it is {type(row[text]).__name__}")
        key = (str(row[identifier]), _sample_index(row, place))
        if key in seen:
            raise DataError(
                f"the item {key[0]!r} is there twice",
                where=place,
                why=f"the first is at {seen[key]}",
                fix="keep one, or number them by `sample_index` from 0",
            )
        seen[key] = place
        thought = _thought(row, thought_field, place) or said.thought
        rows[key] = StoredCompletion(sanitize_text(said.text), None if thought is None else sanitize_text(thought), row)
    return rows


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.suffix == ".jsonl":
        for number, row in read_jsonl(path, unique=True):
            yield f"{path}:{number}", row
        return
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError("the file cannot be read as Parquet", where=path, why=str(error).splitlines()[0]) from error
    for number, row in enumerate(table.to_pylist(), start=1):
        yield f"{path} row {number}", row


def _field(row: Mapping[str, Any], given: str | None, usual: Sequence[str], what: str, place: str) -> str:
    if given is not None:
        return given
    found = next((name for name in usual if name in row), None)
    if found is None:
        raise DataError(
            f"no field holds the {what}",
            where=place,
            why=f"looked for {', '.join(usual)}; the row has {', '.join(sorted(map(str, row)))}",
            fix=f"set `{what}_field`",
        )
    return found


def _thought(row: Mapping[str, Any], given: str | None, place: str) -> str | None:
    for name in (given,) if given is not None else THOUGHT_FIELDS:
        value = row.get(name)
        if value is not None and not isinstance(value, str) and given is not None:
            raise DataError(f"the field {given!r} is no text", where=place, why=f"it is {type(value).__name__}")
        if isinstance(value, str):
            return value
    return None


def _sample_index(row: Mapping[str, Any], place: str) -> int:
    value = row.get("sample_index", 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError("`sample_index` must count from 0", where=place, why=f"it is {value!r}")
    return value


def _no_value(field: str, row: Mapping[str, Any], place: str) -> DataError:
    if field in row:
        fix = "write what the model answered, an empty text if nothing, or leave the row out"
        return DataError(f"the field {field!r} is null", where=place, fix=fix)
    return DataError(f"the field {field!r} is missing", where=place, fix=_near(field, row))


def _near(field: str, row: Mapping[str, Any]) -> str:
    near = closest(field, map(str, row))
    return f"did you mean {near[0]!r}?" if near and near[0] != field else f"the row has: {', '.join(map(str, row))}"


def _language(path: Path) -> str | None:
    if path.suffix not in SUFFIXES or not path.is_file() or path.name.startswith("."):
        return None
    try:
        return find_language(path.stem).code
    except UnknownNameError:
        return None
