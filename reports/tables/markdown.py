"""Tables of texts in GitHub's Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.reports.escaping import markdown_text

if TYPE_CHECKING:
    import pandas as pd


def markdown(table: pd.DataFrame) -> str:
    """Return a table of texts in GitHub's Markdown, made harmless (:mod:`polyarena.reports.escaping`)."""
    lines = [list(map(str, table.columns)), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "".join(f"| {' | '.join(map(markdown_text, line))} |\n" for line in lines)
