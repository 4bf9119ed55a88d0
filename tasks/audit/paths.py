"""Tells patterns of names from paths of files that are not there."""

from __future__ import annotations

from pathlib import Path

from polyarena.tasks.errors import DataError


def check_path(pattern: str) -> None:
    """Refuse what can only be a path and is not there.

    Args:
        pattern: A path, or a shell pattern of names.

    Raises:
        DataError: It begins as a path does (``/``, ``~``, ``./``, ``../``), and there is neither file nor folder.
    """
    path = Path(pattern).expanduser()
    if (path.is_absolute() or pattern.startswith((".", "~"))) and not path.exists():
        raise DataError("there is no such file or folder", where=pattern, fix="check the path")
