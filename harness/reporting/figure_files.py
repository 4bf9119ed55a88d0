"""Figures as files: PDF, SVG and PNG, with the caption's text and the numbers drawn beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.reporting.beside_captions import CAPTION, write_beside_caption
from polyarena.reports.escaping import csv_bytes
from polyarena.reports.tables import tex_caption
from polyarena.tasks.errors import ExperimentError

if TYPE_CHECKING:
    from polyarena.reports.figures import Drawing, Format


def write_figure(
    drawing: Drawing, path: Path, formats: Sequence[Format] = (), read: Collection[Path] = ()
) -> tuple[Path, ...]:
    """Write a drawing; the same data gives the same bytes.

    Args:
        drawing: One figure or several; of several, each file's name ends in its number.
        path: With one of the suffixes ``.pdf``, ``.svg`` and ``.png``; or without, for all of ``formats``.
        formats: Where the path has no suffix; by default all three.
        read: Files that the numbers come from; they are never replaced.

    Returns:
        What was written: figures, then ``NAME.csv`` (what is drawn) and ``NAME.caption.txt``, and
        ``NAME.caption.tex`` with the caption command of LaTeX, to be read where the caption stands.

    Raises:
        ExperimentError: The suffix is none of the formats.
        StoreError: A file that polyarena did not write is there, or one cannot be written.
    """
    from polyarena.reports.figures import FORMATS, render

    suffix = path.suffix.lower().lstrip(".")
    chosen = [name for name in FORMATS if name == suffix] or (list(formats or FORMATS) if not suffix else [])
    if not chosen:
        raise ExperimentError(
            f"figures are not written as .{suffix}", where=path, fix=f"use one of: {', '.join(FORMATS)}"
        )
    stem = path.with_suffix("") if suffix else path
    many = len(drawing.figures) > 1
    contents: dict[str, bytes] = {}
    for number, figure in enumerate(drawing.figures, start=1):
        end = f"-{number}" if many else ""
        contents |= {f"{end}.{kind}": render(figure, kind) for kind in chosen}
    contents[".csv"] = csv_bytes(drawing.data)
    contents[".caption.txt"] = f"{drawing.caption}\n".encode()
    contents[CAPTION] = tex_caption(drawing.caption).encode()
    return write_beside_caption(stem, contents, read)
