"""Reads JSON documents, and names their parts in messages by JSON path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from polyarena.harness.importing.rows import read_text
from polyarena.tasks.data.fields import sanitize_texts
from polyarena.tasks.data.jsonl import RepeatedKeyError, repeated, unique_keys
from polyarena.tasks.errors import DataError


def read_json(path: Path) -> Any:
    """Return the JSON document of a file of UTF-8, with or without a byte order mark.

    Raises:
        DataError: It cannot be read, is not JSON, or has a key twice in one object.
    """
    text = read_text(path)
    try:
        return sanitize_texts(json.loads(text, object_pairs_hook=unique_keys))
    except RepeatedKeyError as error:
        raise repeated(error, str(path)) from error
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError("the file is not JSON", where=f"{path}{line}", why=str(error)) from error


def json_path(file: Path, *steps: str | int) -> str:
    """Return where a part of a document is, for messages: ``results.json: $.de.repeat_0[3]``.

    Args:
        file: The file.
        steps: Keys and, in lists, places from 0.
    """
    parts = (
        f"[{step}]" if isinstance(step, int) else f".{step}" if step.isidentifier() else f"[{json.dumps(step)}]"
        for step in steps
    )
    return f"{file}: ${''.join(parts)}"
