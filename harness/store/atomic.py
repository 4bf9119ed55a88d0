"""Writes files atomically: a file exists completely or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from polyarena.tasks.errors import StoreError

TEMPORARY = ".polyarena.tmp"
"""Suffix of temporary files; the next writer removes those that a killed process left."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file through a temporary one beside it: write, fsync, rename, fsync the folder.

    Raises:
        StoreError: The folder cannot be written, or the disk is full; an earlier file of this name is left as it was.
    """
    put_in_place({path: stage_file(path, content)})


def stage_file(path: Path, content: bytes) -> Path:
    """Write a temporary file beside the place of a file, and return it; :func:`put_in_place` gives it its name.

    Raises:
        StoreError: As :func:`write_atomically`.
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
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise unwritable(path, error) from error
    return Path(temporary)


def put_in_place(staged: Mapping[Path, Path]) -> None:
    """Give staged files their names, and fsync their folders.

    Args:
        staged: By path, the file from :func:`stage_file`.

    Raises:
        StoreError: As :func:`write_atomically`.
    """
    for path, temporary in staged.items():
        try:
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise unwritable(path, error) from error
    for folder in dict.fromkeys(path.parent for path in staged):
        try:
            _sync_folder(folder)
        except OSError as error:
            raise unwritable(folder, error) from error


def unwritable(path: Path, error: OSError, what: str = "this file cannot be written") -> StoreError:
    """Return the error of a file or folder that cannot be written; what to do depends on whether its disk is full.

    Args:
        path: The file or folder.
        error: What the system said.
        what: What cannot be written, as a sentence.
    """
    remedy = "free space on its disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "make the folder writable"
    return StoreError(
        what,
        where=path,
        why=error.strerror or str(error),
        fix=f"{remedy}, or choose another place; what was written before is intact",
    )


_READING_UMASK = threading.Lock()


def _umask() -> int:
    # It can only be read by setting it, and another thread must not read the one that is set for that.
    with _READING_UMASK:
        current = os.umask(0o077)
        os.umask(current)
        return current


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
