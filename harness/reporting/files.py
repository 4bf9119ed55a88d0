"""Writes report files into a run folder, and removes only files that an earlier report wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Self

from polyarena.harness.store.atomic import put_in_place, stage_file, write_atomically
from polyarena.harness.store.manifest import (
    LOCK,
    UNDER_WAY,
    is_as_written,
    lock_digest,
    read_manifest,
    write_manifest,
)
from polyarena.tasks.errors import StoreError


@dataclass(frozen=True)
class Files:
    """The files of one report.

    Attributes:
        page: ``report/index.html``, which is not written where only the results are.
        figures: PDF, PNG and SVG of each chart.
        tables: CSV, LaTeX and Markdown of each table.
        results: Parquet and CSV of estimates, battles and scores.
        warnings: What must be known before any number is read: missing and cut answers.
        notes: What the page says of the run as a whole: what is missing, left out, without a counterpart.
        removed: Files of an earlier report that this one does not have, and that were removed.
        edited: Files that somebody changed since the report before, under the new names that they were given.
    """

    page: Path
    figures: tuple[Path, ...]
    tables: tuple[Path, ...]
    results: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the number of files of each kind, and where they are."""
        from polyarena.harness.reporting.notebook import files_html

        return files_html(self)

    warnings: tuple[str, ...] = ()
    removed: tuple[Path, ...] = ()
    edited: tuple[Path, ...] = ()


class ReportFolder:
    """Writes the files of a report and removes those of the report before that are left over.

    Files are staged beside their places and put there all at once: whoever reads the results sees those of one report.
    Files of others are left alone, and so are files of an earlier report that were changed since; one that is in the
    place of a new file is renamed. Nothing is written or removed through a symbolic link that leads out of the run
    folder.

    Args:
        path: The run folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.removed: list[Path] = []
        self.edited: list[Path] = []
        self._staged: dict[Path, Path] = {}
        self._digests: dict[str, str] = {}
        self._folders: list[Path] = []

    def write(self, folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
        """Write files into a folder of the run folder at once, and return their paths, sorted.

        Raises:
            StoreError: As :meth:`stage` and :meth:`commit`.
        """
        with self:
            paths = self.stage(folder, contents)
            self.commit()
        return paths

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Discard what was staged and not put in place."""
        for temporary in self._staged.values():
            temporary.unlink(missing_ok=True)
        self._staged, self._digests, self._folders = {}, {}, []

    def stage(self, folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
        """Write files beside their places in a folder of the run folder, and return the latter, sorted.

        Raises:
            StoreError: The folder leads out of the run folder, or cannot be written.
        """
        self._refuse_way_out(folder)
        self._folders.append(folder)
        for name, content in sorted(contents.items()):
            path = folder / name
            self._staged[path] = stage_file(path, content)
            self._digests[self._key(path)] = hashlib.sha256(content).hexdigest()
        return tuple(folder / name for name in sorted(contents))

    def commit(self) -> None:
        """Put what was staged in place, and remove what the report before had in the same folders.

        Raises:
            StoreError: A file cannot be written.
        """
        before = read_manifest(self.path)
        old = {key: digest for key, digest in before.items() if (self.path / key).parent in self._folders}
        others = {key: digest for key, digest in before.items() if key not in old}
        if (lock := lock_digest(self.path)) is not None:
            others[LOCK] = lock
        mark = self.path / UNDER_WAY
        write_atomically(mark, b"")
        # All that may be there if this process is killed now is known to the next report.
        either = {key: f"{old[key]} {digest}" for key, digest in self._digests.items() if key in old}
        write_manifest(self.path, {**others, **old, **self._digests, **either})
        if before:
            self._rename_edited(old)
        put_in_place(self._staged)
        for key, digest in old.items():
            path = self.path / key
            # Of a report that was killed, the file of either may be there.
            if key not in self._digests and is_as_written(path, digest):
                path.unlink()
                self.removed.append(path)
        write_manifest(self.path, {**others, **self._digests})
        mark.unlink(missing_ok=True)
        self._staged, self._digests, self._folders = {}, {}, []

    def _rename_edited(self, old: Mapping[str, str]) -> None:
        """Give another name to each file in the place of a new one that no report wrote as it is."""
        for path in self._staged:
            key = self._key(path)
            if (
                path.is_symlink()
                or not path.is_file()
                or is_as_written(path, f"{old.get(key, '')} {self._digests[key]}")
            ):
                continue
            numbers = chain([""], (f"-{number}" for number in count(2)))
            names = (path.with_name(f"{path.name}.edited{number}") for number in numbers)
            free = next(name for name in names if not name.exists())
            path.rename(free)
            self.edited.append(free)

    def _key(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix()

    def _refuse_way_out(self, folder: Path) -> None:
        if not folder.resolve().is_relative_to(self.path.resolve()):
            link = next(each for each in (folder, *folder.parents) if each.is_symlink() or each == self.path)
            raise StoreError(
                "a report is not written through a symbolic link that leads out of the run folder",
                where=link,
                why=f"it leads to {folder.resolve()}",
                fix="remove the link, run the same command again, and link to the files of the report instead",
            )
