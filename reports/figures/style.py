"""The look of figures, as pure functions that return matplotlib rc parameters; combine them with ``|``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib

from polyarena.reports.figures.fonts import families

INK = "#222222"
GREY = "#6b6b6b"
HAIRLINE = "#d9d9d9"
BAND = "#f5f5f3"

BLUE = "#0072B2"
VERMILLION = "#D55E00"

WIN, TIE, LOSS = BLUE, "#d0cfc8", "#E69F00"
"""Of outcomes; in grey print they are dark, light and middle."""

SERIES_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours (2008), told apart by readers with any colour vision; yellow is left out on white."""

SERIES_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def text_style(size: float = 8.0) -> dict[str, Any]:
    """Return font parameters.

    Args:
        size: Of labels, in points; headings and notes follow from it.
    """
    return {"font.family": list(families()), "font.size": size, "text.color": INK, "text.parse_math": False,
            "text.hinting": "none"}  # fmt: skip


def axes_style() -> dict[str, Any]:
    """Return parameters of axes: no box, quiet ticks."""
    return {
        "axes.edgecolor": HAIRLINE,
        "axes.labelcolor": GREY,
        "axes.linewidth": 0.6,
        "axes.spines.left": False,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.unicode_minus": True,
        "xtick.color": HAIRLINE,
        "xtick.labelcolor": GREY,
        "xtick.major.size": 2.5,
        "xtick.major.width": 0.6,
        "xtick.labelsize": 7.0,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
    }


def output_style() -> dict[str, Any]:
    """Return parameters of files: portable and the same bytes each time.

    SVG holds outlines, because a reader's machine may lack the fonts; PDF embeds TrueType (Type 42), because publishers
    refuse Type 3.
    """
    return {"svg.fonttype": "path", "svg.hashsalt": "polyarena", "pdf.fonttype": 42, "ps.fonttype": 42}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in our style only: what the user's own matplotlibrc says is set aside, and comes back afterwards."""
    own: dict[Any, Any] = text_style() | axes_style() | output_style()
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}
    with matplotlib.rc_context(defaults | own):
        yield
