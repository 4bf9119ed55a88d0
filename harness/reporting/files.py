"""Writes report files into a run folder, and removes only files that an earlier report wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import StoreError

MANIFEST = ".manifest.json"
"""In the run folder: the files that the last report wrote, by their path, with the SHA-256 of each."""


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


class ReportFolder:
    """Writes the files of a report and removes those of the report before that are left over.

    Files of others are left alone, and so are files of an earlier report that were changed since. Nothing is written or
    removed through a symbolic link that leads out of the run folder.

    Args:
        path: The run folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.removed: list[Path] = []
        self._manifest = _read_manifest(path / MANIFEST)

    def write(self, folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
        """Write files into a folder of the run folder and return their paths, sorted.

        Raises:
            StoreError: The folder leads out of the run folder, or cannot be written.
        """
        self._refuse_way_out(folder)
        written = {}
        for name, content in sorted(contents.items()):
            write_atomically(folder / name, content)
            written[self._key(folder / name)] = hashlib.sha256(content).hexdigest()
        for key, digest in self._manifest.items():
            path = self.path / key
            if path.parent == folder and key not in written and _is_unchanged(path, digest):
                path.unlink()
                self.removed.append(path)
        others = {key: digest for key, digest in self._manifest.items() if (self.path / key).parent != folder}
        self._manifest = {**others, **written}
        text = json.dumps(self._manifest, indent=1, sort_keys=True, ensure_ascii=False)
        write_atomically(self.path / MANIFEST, (text + "\n").encode("utf-8", "replace"))
        return tuple(folder / name for name in sorted(contents))

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


def _is_unchanged(path: Path, digest: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _read_manifest(path: Path) -> dict[str, str]:
    """Return the manifest; what cannot be read, or leads out of the run folder, is nobody's to remove."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        key: digest
        for key, digest in content.items()
        if isinstance(digest, str) and not Path(key).is_absolute() and ".." not in Path(key).parts
    }
