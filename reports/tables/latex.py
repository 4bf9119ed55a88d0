"""Tables of texts in LaTeX for the package booktabs, in parts that fit a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.reports.tables.tex_layout import PAGE_WIDTH, TexColumn, tex_parts, text_cell

if TYPE_CHECKING:
    import pandas as pd

LEFT_OUT = ("code", "own_name", "flag")
"""Own names need a font for each script; flags are footnotes."""

FRONT = ("language", "task", "metric", "system", "baseline", "judge")
HEADS = {
    "language": "Language",
    "tier": "Tier",
    "task": "Task",
    "metric": "Metric",
    "system": "System",
    "baseline": "Baseline",
    "judge": "Judge",
    "band": "Band",
    "n": "Items",
    "wins_ties_losses": "Wins / ties / losses",
    "no_verdict": "Games without verdict",
    "all": "All",
    "high": "High-resource",
    "mid": "Mid-resource",
    "low": "Low-resource",
}


def latex(
    table: pd.DataFrame, notes: Sequence[str] = (), *, width: float = PAGE_WIDTH, unicode: bool = True
) -> tuple[str, ...]:
    """Return a table of texts as LaTeX for the package ``booktabs``, in parts each of which fits a page.

    The columns that say what a row is about are repeated in each part. Left out are empty columns, games without a
    verdict where there are none, the tier of languages that are listed by tier, and own names.

    Args:
        table: From this module or :mod:`polyarena.reports.groups`.
        notes: Lines below the last part.
        width: Of the text of a page or column, in points.
        unicode: Whether letters that pdflatex cannot typeset stay as they are.
    """
    texts = table.astype(str)
    by_tier = "language" in texts.columns and texts["language"].str.startswith("Average: ").any()
    left_out = {*LEFT_OUT, *(["tier"] if by_tier else [])}
    columns: list[TexColumn] = []
    for place, name in enumerate(map(str, texts.columns)):
        cells = texts.iloc[:, place].tolist()
        empty = cells and ((name in FRONT and not any(cells)) or (name == "no_verdict" and set(cells) == {"0"}))
        if name in left_out or empty:
            continue
        columns.append(
            TexColumn(
                text_cell(HEADS.get(name, name), unicode=unicode),
                [text_cell(cell, unicode=unicode) for cell in cells],
                front=name in FRONT or not columns,
            )
        )
    groups = [place for place, text in enumerate(texts["language"]) if text.startswith("Average: ")] if by_tier else []
    return tex_parts(columns, notes, width=width, groups=groups, unicode=unicode)
