"""Tables of a run as data frames of texts, and as CSV, Markdown and LaTeX.

Called by :mod:`polyarena.harness.reporting`, which writes them; nothing here touches a file.
"""

from polyarena.reports.tables.latex import latex
from polyarena.reports.tables.markdown import markdown
from polyarena.reports.tables.paper import PaperTable, paper_table
from polyarena.reports.tables.sections import (
    COMPARISON,
    FIXED,
    MOST_TABLES,
    Section,
    format_band,
    format_mark,
    language_table,
    sections,
    win_rate_table,
)
from polyarena.reports.tables.tex_layout import PAGE_WIDTH, tex_caption
from polyarena.reports.tables.tex_text import TexError, tex_text

__all__ = [
    "COMPARISON",
    "FIXED",
    "MOST_TABLES",
    "PAGE_WIDTH",
    "PaperTable",
    "Section",
    "TexError",
    "format_band",
    "format_mark",
    "language_table",
    "latex",
    "markdown",
    "paper_table",
    "sections",
    "tex_caption",
    "tex_text",
    "win_rate_table",
]
