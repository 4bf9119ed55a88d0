"""The folder of a finished stage: its manifest, written last, and checks that nothing in it is missing or changed.

A stage works in ``<stage>/<key>.partial`` and ends as ``<stage>/<key>``, by one rename after everything was written and
synchronised; ``<stage>/current`` names the key that was finished or found last. Without a manifest a folder is no
output.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import PolyarenaError, StoreError

MANIFEST = "stage.json"
CARD = "README.md"
NOTES = frozenset({CARD, "training_log.json"})
"""Files that are no part of the content: the log of an interrupted run differs, as trainers forget running sums."""
LOGS = "logs"
"""Folder within an output for the event files of TensorBoard, which are no part of the content either."""
PARTIAL = ".partial"
"""Suffix of a working folder."""
KEY_LENGTH = 12
CURRENT = "current"
_NO_ROOM: tuple[tuple[tuple[int | str, ...], str, str], ...] = (
    ((errno.ENOSPC, errno.EDQUOT, "No space left", "quota exceeded"), "the disk is full", "free some space"),
    (
        (errno.EFBIG, "File too large"),
        "a file is larger than the system allows",
        "raise the limit (`ulimit -f`), or set `output` to another disk,",
    ),
    # What torch says of a short write, whatever the reason; it has lost the number of the error.
    (
        ("inline_container.cc", "PytorchStreamWriter failed"),
        "a checkpoint could not be written whole: the disk is full, or a limit on the size of files is too low",
        "free some space, or raise the limit (`ulimit -f`),",
    ),
)
"""Errors of a disk without room, by number or words, each with what is wrong and what to do."""


class FileEntry(BaseModel):
    """One file of an output.

    Attributes:
        size: In bytes.
        sha256: Of its content.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    sha256: str


class Manifest(BaseModel):
    """What a finished stage says of itself.

    Attributes:
        stage: Its name.
        type: Its type.
        key: See :mod:`polyarena.harness.stages.pipeline.keys`.
        recipe: As above.
        settings: As above.
        data: As above.
        environment: As above.
        inputs: The content digest of each input as it was read.
        content: Digest of the names and contents of all files but the notes.
        files: Every file by its path within the folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    type: str
    key: str
    recipe: str
    settings: dict[str, Any]
    data: dict[str, str]
    environment: dict[str, str]
    inputs: dict[str, str]
    content: str
    files: dict[str, FileEntry]


def describe_files(folder: Path) -> dict[str, FileEntry]:
    """Return size and digest of every file in a folder, the manifest left out."""
    return {
        path.relative_to(folder).as_posix(): FileEntry(size=path.stat().st_size, sha256=file_sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }


def is_content(name: str) -> bool:
    """Return whether a file of an output, by its path within the folder, is part of the content and not a note."""
    path = Path(name)
    return path.name not in NOTES and LOGS not in path.parts


def content_digest(files: Mapping[str, FileEntry]) -> str:
    """Return the digest of names and contents, without the notes."""
    lines = [f"{name}\0{entry.sha256}\0" for name, entry in sorted(files.items()) if is_content(name)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def partial_folder(stage_folder: Path, key: str) -> Path:
    """Return where a stage works."""
    return stage_folder / f"{key[:KEY_LENGTH]}{PARTIAL}"


def final_folder(stage_folder: Path, key: str) -> Path:
    """Return where its output will be."""
    return stage_folder / key[:KEY_LENGTH]


def finish(partial: Path, final: Path, facts: Mapping[str, Any]) -> Manifest:
    """Turn a working folder into an output: permissions, manifest, synchronisation, rename.

    Args:
        partial: The working folder; everything in it is kept.
        final: Where it goes; a damaged folder there is replaced.
        facts: The manifest's fields but ``content`` and ``files``.

    Raises:
        StoreError: The disk is full or the folder cannot be written.
    """
    with storing(partial):
        mode = 0o666 & ~_umask()
        for path in partial.rglob("*"):
            if path.is_file():
                path.chmod(mode)  # safetensors files are written for their owner alone
                _synchronise(path)
        files = describe_files(partial)
        manifest = Manifest(**facts, content=content_digest(files), files=files)
        text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True)
        write_atomically(partial / MANIFEST, text.encode())
        if final.exists():
            shutil.rmtree(final)
        partial.rename(final)
        _synchronise(final.parent)
        set_current(final.parent, manifest.key)
    return manifest


def set_current(stage_folder: Path, key: str) -> None:
    """Note which output of a stage was finished or found last."""
    write_atomically(stage_folder / CURRENT, key[:KEY_LENGTH].encode())


def read_current(stage_folder: Path) -> str | None:
    """Return the key that was finished or found last; ``None`` if there is none or the note is damaged."""
    try:
        return (stage_folder / CURRENT).read_text("utf-8").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of an output; ``None`` if the folder has none.

    Raises:
        StoreError: The manifest is damaged.
    """
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, ValidationError) as error:
        raise StoreError(
            "the manifest of this stage is damaged",
            where=folder / MANIFEST,
            why=str(error).splitlines()[0],
            fix="remove the folder and run the same command again",
        ) from error


def refuse_damage(folder: Path, manifest: Manifest, *, thorough: bool = False) -> None:
    """Refuse an output with a file that is missing or of another size, or, if thorough, of another content.

    Raises:
        StoreError: Names the file.
    """
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file():
            wrong = "is missing"
        elif path.stat().st_size != entry.size:
            wrong = f"has {path.stat().st_size} bytes in place of {entry.size}"
        elif thorough and file_sha256(path) != entry.sha256:
            wrong = "has another content"
        else:
            continue
        raise StoreError(
            f"the file {name!r} of the stage {manifest.stage!r} {wrong}",
            where=folder,
            fix="remove the folder and run the same command again, which trains the stage anew",
        )


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Turn errors of the file system into errors that say what to do; a full disk is named as such.

    Raises:
        StoreError: Something could not be written.
    """
    try:
        yield
    except PolyarenaError:
        raise
    except Exception as error:
        for marks, what, remedy in _NO_ROOM:
            if getattr(error, "errno", None) in marks or any(
                isinstance(mark, str) and mark in str(error) for mark in marks
            ):
                raise StoreError(
                    what,
                    where=folder,
                    why=str(error).splitlines()[0],
                    fix=f"{remedy} and run the same command again; finished stages are kept",
                ) from error
        if (
            isinstance(error, OSError)
            and error.errno is not None
            and not isinstance(error, ConnectionError | TimeoutError)
        ):
            raise _unwritable(folder, error) from error
        raise


def _unwritable(folder: Path, error: OSError) -> StoreError:
    """Return the error about the folder, or about a file elsewhere that the error names."""
    named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else folder
    elsewhere = named != folder and folder not in named.parents and named not in folder.parents
    return StoreError(
        "this file cannot be read or written" if elsewhere else "this folder cannot be written",
        where=named if elsewhere else folder,
        why=error.strerror or str(error),
        fix="correct its path or its permissions"
        if elsewhere
        else "set `output` in the pipeline file to a folder that you may write, and run the same command again",
    )


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
