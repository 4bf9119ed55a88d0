"""What a report has written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.store.atomic import write_atomically


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
    """

    page: Path
    figures: tuple[Path, ...]
    tables: tuple[Path, ...]
    results: tuple[Path, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def write_folder(folder: Path, contents: dict[str, bytes]) -> tuple[Path, ...]:
    """Make a folder hold exactly these files and return their paths, sorted; leftovers of earlier reports go."""
    for name, content in sorted(contents.items()):
        write_atomically(folder / name, content)
    if folder.is_dir():
        for path in folder.iterdir():
            if path.is_file() and path.name not in contents:
                path.unlink()
    return tuple(folder / name for name in sorted(contents))
