"""The result of drawing functions: figures with their caption and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """One chart, spread over as many figures as its venue needs.

    Attributes:
        figures: In reading order; one if everything fits.
        title: A line for people, and for those who cannot see the picture.
        caption: What is shown, n, intervals and marks; for LaTeX's caption where the picture does not contain it.
        data: Every number drawn, one mark a row.
    """

    figures: tuple[Figure, ...]
    title: str
    caption: str
    data: pd.DataFrame

    @property
    def figure(self) -> Figure:
        """The only figure.

        Raises:
            ValueError: There are several: take :attr:`figures`, or a wider venue.
        """
        if len(self.figures) != 1:
            raise ValueError(f"this chart has {len(self.figures)} figures, not one")
        return self.figures[0]

    def _repr_png_(self) -> bytes:
        from polyarena.reports.figures.render import render

        return render(self.figures[0], "png")
