"""Tells the kinds of YAML files that users write apart, for a command that is given one of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyarena.tasks.errors import ExperimentError

_COMMANDS = {
    "experiment": "`polyarena run {path}`",
    "pipeline": "`polyarena train {path}`",
    "gate": "`polyarena gate check --config {path}`",
    "board": "`polyarena board build --config {path}`",
}


def refuse_other_kind(data: Mapping[str, Any], kind: str, path: Path) -> None:
    """Refuse a file that is one of another kind as a whole, before each of its keys is called unknown.

    Args:
        data: Its content.
        kind: What is expected: ``experiment``, ``pipeline``, ``gate`` or ``board``.
        path: The file.

    Raises:
        ExperimentError: It is of another kind; the message names the command that reads it.
    """
    is_one = {
        "experiment": isinstance(data.get("systems"), list) and "tasks" in data,
        "pipeline": isinstance(data.get("stages"), list),
        "gate": "alpha" in data or "average_floor" in data,
        "board": "exact_up_to" in data or "published" in data,
    }
    others = [other for other, fits in is_one.items() if fits and other != kind]
    if others and not is_one[kind]:
        raise ExperimentError(
            f"this is {_article(others[0])} file, and {_article(kind)} file is expected",
            where=path,
            fix=f"give {_article(kind)} file, or run {_COMMANDS[others[0]].format(path=path)}",
        )


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
