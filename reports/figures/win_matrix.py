"""Who beats whom: the win rate of each row's system against each column's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyarena.reports.figures.cells import cell_charts
from polyarena.reports.figures.drawing import Drawing
from polyarena.reports.figures.inputs import FigureError, number
from polyarena.reports.figures.row_chart import Entry, Words
from polyarena.reports.figures.style import house_style
from polyarena.reports.figures.venues import find_venue
from polyarena.reports.labels import system_order

if TYPE_CHECKING:
    from polyarena.reports.stats.cycles import Cycle


def win_matrix(
    matrix: pd.DataFrame, *, cycles: Sequence[Cycle] = (), venue: str = "page", title: str = "", caption: str = ""
) -> Drawing:
    """Draw pairwise win rates, systems from best to worst by their mean over opponents.

    Args:
        matrix: From :func:`polyarena.reports.stats.pairwise_matrix`: share won (0 to 1) by the row's system, NaN where
            two systems never met; or the same with the columns ``system``, ``against`` and ``win_rate``.
        cycles: From :func:`polyarena.reports.stats.cycles`; named in the caption.
        venue: See :data:`polyarena.reports.figures.venues.VENUES`.
        title: In place of the title made from the data.
        caption: Likewise.

    Raises:
        FigureError: There are fewer than two systems, or rows and columns differ.
    """
    if {"system", "against", "win_rate"} <= set(matrix.columns):
        matrix = _square(matrix)
    names = list(map(str, matrix.index))
    if len(names) < 2 or names != list(map(str, matrix.columns)):
        raise FigureError("a matrix of win rates needs the same two or more systems as rows and as columns",
                          why=f"it has {len(names)} rows and {len(matrix.columns)} columns")  # fmt: skip
    values = matrix.to_numpy(dtype=float).copy()
    np.fill_diagonal(values, np.nan)
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    means = np.divide(sums, known.sum(axis=1), out=np.full(len(names), -1.0), where=known.any(axis=1))
    order = sorted(range(len(names)), key=lambda i: (-means[i], names[i]))
    ranked = [names[i] for i in order]
    met = known | known.T
    if len(names) > 3 and met.sum() <= 2 * (len(names) - 1) and met.sum(axis=1).max() == len(names) - 1:
        hub = names[int(met.sum(axis=1).argmax())]
        raise FigureError("this matrix would have one row and one column", why=f"every system met only {hub}",
                          fix="draw the kind 'ranks', 'forest' or 'heat-map'")  # fmt: skip
    shares = {
        (names[i], names[j]): 100 * value
        for i in range(len(names))
        for j in range(len(names))
        if (value := number(values[i, j])) is not None
    }
    if not shares:
        raise FigureError("there is nothing to draw in the matrix figure", why="no pair of systems has a win rate",
                          fix="check the run, and the names of systems, task and judge")  # fmt: skip
    entries = [Entry("item", ("system", name), name) for name in ranked]
    rings = [" > ".join((*cycle.systems, cycle.systems[0])) for cycle in cycles]
    said = f"Cycles, in which each win is significant: {'; '.join(rings)}." if rings else "No cycle is significant."
    words = Words(
        title or f"Win rates of {len(names)} systems against one another",
        caption
        or "Win rate in % of the row's system against the column's, ties counting half; systems by their mean over "
        f"opponents. Darker is lower. A dash: the two never met. {said}",
    )
    with house_style():
        figures = cell_charts(entries, ranked, lambda entry, column: shares.get((entry.key[1], column)), words,
                              find_venue(venue), limits=(0.0, 100.0))  # fmt: skip
    data = pd.DataFrame([(row, column, value / 100) for (row, column), value in sorted(shares.items())],
                        columns=["system", "against", "win_rate"])  # fmt: skip
    return Drawing(figures, words.title, words.caption, data)


def _square(pairs: pd.DataFrame) -> pd.DataFrame:
    names = system_order([*map(str, pairs["system"]), *map(str, pairs["against"])])
    return pairs.pivot_table(index="system", columns="against", values="win_rate").reindex(index=names, columns=names)
