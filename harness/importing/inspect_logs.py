"""Logs of inspect_ai, as ``.json`` or ``.eval`` (a ZIP archive), of log versions 1 to 3."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from polyarena.harness.importing.documents import read_json
from polyarena.harness.importing.lm_eval import LmEvalResult
from polyarena.harness.importing.rows import files
from polyarena.harness.importing.scored_items import ScoredItem, add_cells
from polyarena.tasks.errors import DataError

GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Letters of scores, as inspect's own ``value_to_float`` reads them."""
ZSTANDARD = 93
"""Number of the compression in a ZIP archive."""
MOST_BYTES = 4 * 2**30
"""Of an archive, unpacked."""


def read(path: Path, language: str | None = None) -> LmEvalResult:
    """Read a log, or a folder of logs.

    Logs that did not end with success are left out and counted.

    Args:
        path: The file or folder.
        language: ``lang_Script`` of logs of which no rule finds the language.

    Raises:
        DataError: No log can be used, or a file is not what inspect writes.
    """
    result = LmEvalResult()
    runs: dict[tuple[str, str], list[ScoredItem]] = {}
    tools: dict[tuple[str, str], str] = {}
    seen: set[str] = set()
    logs = [(file, _log(file)) for file in files(path, (".json", ".eval"))]
    # The newest first: of a task that was run twice, the later run counts.
    logs.sort(key=lambda each: str(_object(each[1].get("eval")).get("created", "")), reverse=True)
    for file, log in logs:
        head = _object(log.get("eval"))
        if not head:
            raise DataError("the file is no log of inspect", where=file, why="it has no object 'eval'")
        name = str(head.get("task") or file.stem)
        if log.get("status") != "success":
            result.left_out.skip_row(f"a log with the status {log.get('status')!r}", file.name, DataError(
                f"the log ended with the status {log.get('status')!r}", where=file, fix="run it again"))  # fmt: skip
            continue
        arguments = _object(head.get("task_args"))
        identity = json.dumps([head.get("model"), name, arguments], sort_keys=True, default=str)
        if identity in seen:
            result.left_out.skip("an older run of the same model and task", file.name)
            continue
        seen.add(identity)
        result.files.append(file)
        version = str(_object(head.get("packages")).get("inspect_ai", "unknown"))
        key = (str(head.get("model")), name)
        tools[key] = f"inspect {version}"
        runs.setdefault(key, []).extend(_rows(file, log, head))
        result.facts.setdefault(key[0], {"inspect": version, "model arguments": str(head.get("model_args") or "none")})
    for key, rows in runs.items():
        add_cells(result, rows, tools[key], language, path)
    if not result.cells:
        raise result.left_out.first_error or DataError("there is nothing to import", where=path)
    return result


def _log(file: Path) -> Mapping[str, Any]:
    if file.suffix != ".eval":
        return _object(read_json(file))
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(each.file_size for each in archive.infolist()) > MOST_BYTES:
                raise DataError("the log is too large", where=file, why=f"it has more than {MOST_BYTES:,} bytes")
            names = archive.namelist()
            head = json.loads(
                _member(archive, file, "header.json" if "header.json" in names else "_journal/start.json")
            )
            samples = [
                json.loads(_member(archive, file, name)) for name in sorted(names) if name.startswith("samples/")
            ]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError("the log cannot be read", where=file, why=str(error)) from error
    return {**_object(head), "samples": samples}


def _member(archive: zipfile.ZipFile, file: Path, name: str) -> bytes:
    """Return a member; newer logs are compressed by Zstandard, which Python's own library cannot read before 3.14."""
    info = archive.getinfo(name)
    if info.compress_type != ZSTANDARD:
        return archive.read(name)
    with file.open("rb") as raw:
        raw.seek(info.header_offset)
        header = raw.read(30)
        # The local header repeats the name and has extra fields of its own.
        raw.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), io.SEEK_CUR)
        packed = raw.read(info.compress_size)
    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        content: bytes = stream.read(info.file_size)
    return content


def _rows(file: Path, log: Mapping[str, Any], head: Mapping[str, Any]) -> Iterator[ScoredItem]:
    dataset = _object(head.get("dataset"))
    general = {**_object(head.get("task_args")), **_object(head.get("metadata")), **_object(log.get("metadata"))}
    for number, sample in enumerate(log.get("samples") or ()):
        where = f"{file}, sample {number + 1}"
        if not isinstance(sample, dict) or "id" not in sample:
            raise DataError("the sample is not what inspect writes", where=where, why="it has no id")
        fields = _object(sample.get("metadata"))
        output = _object(sample.get("output"))
        yield ScoredItem(
            system=str(head.get("model")),
            task=str(head.get("task") or file.stem),
            item_id=str(sample["id"]),
            prompt=_prompt(sample),
            scores=dict(_scores(_object(sample.get("scores")))),
            where=where,
            sample=int(sample.get("epoch") or 1) - 1,
            source_id=str(fields.get("source_id") or ""),
            text=_text(output.get("completion"), sample),
            fields={**general, **fields},
            config=str(dataset.get("name") or ""),
            dataset=str(dataset.get("location") or dataset.get("name") or "unknown"),
            version=str(head.get("task_version", "unknown")),
        )


def _scores(scores: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, score in scores.items():
        value = _object(score).get("value", score)
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, each in parts:
            number = (
                GRADES.get(each) if isinstance(each, str) else float(each) if isinstance(each, int | float) else None
            )
            if number is not None:
                yield (f"{name}.{part}" if part else name), number


def _prompt(sample: Mapping[str, Any]) -> str:
    given = sample.get("input")
    if isinstance(given, list):
        return "\n\n".join(text for each in given if (text := _text(_object(each).get("content"), sample)))
    return _text(given, sample) or ""


def _text(value: object, sample: Mapping[str, Any]) -> str | None:
    """Return a text; long ones are stored once and referred to, and a message may have several parts."""
    if isinstance(value, list):
        return "\n".join(str(each["text"]) for each in value if isinstance(each, dict) and "text" in each)
    if not isinstance(value, str):
        return None
    if value.startswith("attachment://"):
        return str(_object(sample.get("attachments")).get(value.removeprefix("attachment://"), value))
    return value


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
