"""Figures as bytes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Literal, get_args

from polyarena.reports.figures.style import house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
DPI = 200

_METADATA: dict[Format, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None, "Format": None, "Type": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def render(figure: Figure, format: Format) -> bytes:
    """Return a figure as a file's content; the same figure gives the same bytes (no dates, fixed identifiers).

    Args:
        figure: From this package.
        format: ``png`` (200 dots per inch), ``svg`` (text as outlines) or ``pdf`` (TrueType embedded).
    """
    buffer = BytesIO()
    with house_style():
        figure.savefig(buffer, format=format, dpi=DPI, metadata=_METADATA[format])
    return buffer.getvalue()
