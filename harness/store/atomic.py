"""Writes files atomically: a file exists completely or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from polyarena.tasks.errors import StoreError

TEMPORARY = ".polyarena.tmp"
"""Suffix of temporary files; the next writer removes those that a killed process left."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file through a temporary one beside it: write, fsync, rename, fsync the folder.

    Raises:
        StoreError: The folder cannot be written, or the disk is full; an earlier file of this name is left as it was.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; run folders are shared with colleagues as far as the umask allows.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise StoreError(
            "this file cannot be written",
            where=path,
            why=error.strerror or str(error),
            fix="make the folder writable or choose another with --output; what was written before is intact",
        ) from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
