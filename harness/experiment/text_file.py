"""Reads the text of a file that a user writes, such as an experiment or a gate file."""

from __future__ import annotations

from pathlib import Path

from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.suggest import closest


def read_text(path: Path, kind: str) -> str:
    """Return the text of a file.

    Args:
        path: The file.
        kind: What it is, for messages: ``experiment``, ``gate``.

    Raises:
        ExperimentError: It is missing, a folder, not UTF-8, or cannot be read; names files that may be meant.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        fix = nearby_files(path) or f"check the path: {_named(path.parent)} has no YAML file"
        raise ExperimentError(f"the {kind} file does not exist", where=path, fix=fix) from None
    except UnicodeDecodeError as error:
        fix = "save the file as UTF-8"
        raise ExperimentError(f"the {kind} file cannot be read", where=path, why=str(error), fix=fix) from error
    except OSError as error:
        if path.is_dir():
            fix = nearby_files(path / "_") or f"name the {kind} file in it"
            raise ExperimentError(f"this is a folder, and the {kind} file is expected", where=path, fix=fix) from None
        why = error.strerror or str(error)
        raise ExperimentError(
            f"the {kind} file cannot be read", where=path, why=why, fix="check the path and its permissions"
        ) from error


def nearby_files(path: Path) -> str:
    """Return a sentence that names the YAML files near a missing one, hidden ones apart; empty if there are none."""
    folder = path.parent
    files = sorted(each.name for each in folder.glob("[!.]*.y*ml")) if folder.is_dir() else []
    near = closest(path.name, files) or files[:5]
    return f"{_named(folder)} has " + ", ".join(near) if near else ""


def _named(folder: Path) -> str:
    return "the current folder" if folder == Path() else str(folder)
