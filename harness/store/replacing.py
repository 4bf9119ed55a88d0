"""Which files a command may replace: those that polyarena wrote itself, of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from polyarena.tasks.errors import ExperimentError, StoreError


def refuse_to_replace(path: Path, is_own: Callable[[Path], bool], kind: str) -> None:
    """Refuse to write over a file that polyarena did not write as the same kind of file.

    Args:
        path: Of the file that is to be written; one that does not exist may be written.
        is_own: Tells by its content whether an existing file is one that polyarena wrote; an ``OSError`` or
            ``ValueError`` of it means that it is none.
        kind: With its article, for the message: ``"an archive of a run"``.

    Raises:
        StoreError: There is a file of somebody else, or a folder.
    """
    if not path.exists():
        return
    if path.is_dir():
        raise StoreError("this is a folder, and a file is to be written", where=path, fix="choose another name")
    try:
        own = path.is_file() and is_own(path)
    except (OSError, ValueError):
        own = False
    if not own:
        raise StoreError(
            "this file is already there and is not replaced",
            where=path,
            why=f"it is not {kind} as polyarena wrote it",
            fix="choose another name with --output, or move or remove the file",
        )


def require_suffix(path: Path, suffixes: Collection[str], kind: str) -> None:
    """Refuse a file name that has not the suffix of its format.

    Args:
        path: Of the file that is to be written.
        suffixes: Allowed ones, such as ``".zip"``, in lower case; an empty one allows a name without suffix.
        kind: With its article, for the message.

    Raises:
        ExperimentError: The name has another suffix.
    """
    if path.suffix.lower() in suffixes:
        return
    named = " or ".join(path.with_suffix(suffix).name for suffix in suffixes if suffix)
    raise ExperimentError(
        f"{kind} is not written as {path.suffix or 'a file without a suffix'}", where=path, fix=f"name it {named}"
    )


def begins_with(line: str) -> Callable[[Path], bool]:
    """Return a function that tells whether the first line of a text file is this one, such as the header of a CSV."""

    def is_own(path: Path) -> bool:
        with path.open(encoding="utf-8") as file:
            return file.readline().rstrip("\r\n") == line

    return is_own
