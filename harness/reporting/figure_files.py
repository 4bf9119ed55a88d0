"""Figures as files: PDF, SVG and PNG, with the caption's text and the numbers drawn beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.store.atomic import write_atomically
from polyarena.tasks.errors import ExperimentError

if TYPE_CHECKING:
    from polyarena.reports.figures import Drawing, Format


def write_figure(drawing: Drawing, path: Path, formats: Sequence[Format] = ()) -> tuple[Path, ...]:
    """Write a drawing; the same data gives the same bytes.

    Args:
        drawing: One figure or several; of several, each file's name ends in its number.
        path: With one of the suffixes ``.pdf``, ``.svg`` and ``.png``; or without, for all of ``formats``.
        formats: Where the path has no suffix; by default all three.

    Returns:
        What was written: figures, then ``NAME.csv`` (what is drawn) and ``NAME.caption.txt``, and
        ``NAME.caption.tex`` with the caption command of LaTeX, to be read where the caption stands.

    Raises:
        ExperimentError: The suffix is none of the formats.
        StoreError: A file cannot be written.
    """
    from polyarena.reports.escaping import csv_bytes
    from polyarena.reports.figures import FORMATS, render
    from polyarena.reports.tables import tex_caption

    suffix = path.suffix.lower().lstrip(".")
    chosen = [name for name in FORMATS if name == suffix] or (list(formats or FORMATS) if not suffix else [])
    if not chosen:
        raise ExperimentError(
            f"figures are not written as .{suffix}", where=path, fix=f"use one of: {', '.join(FORMATS)}"
        )
    stem = path.with_suffix("") if suffix else path
    stem.parent.mkdir(parents=True, exist_ok=True)
    many = len(drawing.figures) > 1
    contents: dict[Path, bytes] = {}
    for number, figure in enumerate(drawing.figures, start=1):
        name = f"{stem.name}-{number}" if many else stem.name
        contents |= {stem.with_name(f"{name}.{kind}"): render(figure, kind) for kind in chosen}
    contents[stem.with_name(f"{stem.name}.csv")] = csv_bytes(drawing.data)
    contents[stem.with_name(f"{stem.name}.caption.txt")] = f"{drawing.caption}\n".encode()
    contents[stem.with_name(f"{stem.name}.caption.tex")] = tex_caption(drawing.caption).encode()
    for target, content in contents.items():
        write_atomically(target, content)
    return tuple(contents)
