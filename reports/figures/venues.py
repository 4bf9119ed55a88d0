"""The width and text size of figures, by venue."""

from __future__ import annotations

from dataclasses import dataclass

from polyarena.tasks.suggest import unknown

TEX_POINT = 1 / 72.27
"""Inches in a point of TeX, the unit of style files."""


@dataclass(frozen=True, slots=True)
class Venue:
    """The space for a figure. Text keeps its size: what does not fit is split over figures, never shrunk.

    Attributes:
        name: As on the command line.
        width: In inches; every figure has just this width, so that LaTeX need not scale it.
        height: The most a figure may have, in inches; less than a page's text, which leaves room for the caption.
        size: Of all text, in points.
        words: Whether title and caption are part of the picture; papers set the caption themselves.
        source: Of the width.
    """

    name: str
    width: float
    height: float
    size: float = 7.0
    words: bool = False
    source: str = ""


VENUES = {
    venue.name: venue
    for venue in (
        Venue("acl-1col", 219.08 * TEX_POINT, 8.6, source="acl.sty 2023: \\columnwidth 219.08pt"),
        Venue("acl-2col", 455.24 * TEX_POINT, 8.6, source="acl.sty 2023: \\textwidth 455.24pt"),
        Venue("neurips", 397.48 * TEX_POINT, 7.8, source="neurips_2024.sty: \\textwidth 5.5in"),
        Venue("iclr", 397.48 * TEX_POINT, 7.8, source="iclr2025_conference.sty: \\textwidth 5.5in"),
        Venue("icml-1col", 3.25, 7.8, source="icml2025.sty: columns of 3.25in"),
        Venue("icml-2col", 6.75, 7.8, source="icml2025.sty: \\textwidth 6.75in"),
        Venue("slides", 12.0, 6.2, size=14.0, source="16:9 slides of 13.33in by 7.5in, with margins"),
        Venue("report", 9.0, 14.0, size=8.0, source="the report page, which has title and caption as text"),
        Venue("page", 9.0, 14.0, size=8.0, words=True, source="a picture that stands for itself"),
    )
}
"""By name. Measured from the style files; check yours with ``\\the\\columnwidth``."""


def find_venue(name: str) -> Venue:
    """Return a venue by name.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if name not in VENUES:
        raise unknown("venue", name, VENUES)
    return VENUES[name]
