"""Digests of local weights: fast enough for planning, and different for different models.

Files of up to 8 MiB (``WHOLE``) are hashed completely. Of larger ones, the size and the first and last MiB are hashed:
the header of safetensors and GGUF files lists every tensor with its position, and training changes the last tensor as
much as any other. Two files that differ only in the middle have the same digest; this does not happen by accident.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

MIB = 1 << 20
WHOLE = 8 * MIB
_PROSE = ("readme", "license", "notice", "changelog")
_SETTINGS = (".json", ".jinja", ".model")


def digest(path: Path, *, only: str = "", subfolder: str = "") -> str:
    """Return the SHA-256 of a file, or of the files of a folder (names and contents, not of folders within).

    Hidden files, byte code and prose (README, LICENSE, ...) are left out: they change no answer.

    Args:
        path: A file or a folder.
        only: Of a folder, take this file and the settings beside it (``.json``, ``.jinja``, ``.model``).
        subfolder: Of a folder, take the files of this folder within it, too.

    Returns:
        ``sha256:`` and 64 hexadecimal digits.
    """
    if path.is_file():
        return f"sha256:{file_digest(path)}"
    files = [*_files(path), *(_files(path / subfolder) if subfolder else ())]
    if only:
        files = [file for file in files if file.suffix in _SETTINGS and file.name != only]
        files.append(path / only)
    total = hashlib.sha256()
    for name, content in sorted((file.relative_to(path).as_posix(), file_digest(file)) for file in files):
        total.update(f"{name}\0{content}\0".encode())
    return f"sha256:{total.hexdigest()}"


def file_digest(path: Path) -> str:
    """Return the digest of one file as hexadecimal digits; remembered until its size or time of change differs."""
    status = path.stat()
    return _file_digest(path, status.st_size, status.st_mtime_ns)


@cache
def _file_digest(path: Path, size: int, changed_ns: int) -> str:  # noqa: ARG001 - part of the key of the memory
    if size <= WHOLE:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    total = hashlib.sha256(f"{size}\0".encode())
    with path.open("rb") as stream:
        total.update(stream.read(MIB))
        stream.seek(-MIB, 2)
        total.update(stream.read(MIB))
    return total.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    if not folder.is_dir():
        return ()
    return [
        entry
        for entry in folder.iterdir()
        if entry.is_file()
        and not entry.name.startswith(".")
        and entry.suffix != ".pyc"
        and not entry.name.lower().startswith(_PROSE)
    ]
