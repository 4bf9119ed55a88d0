"""Escapes texts for CSV, Markdown and LaTeX files.

A spreadsheet runs a cell of a CSV file that begins with ``=``, ``+``, ``-`` or ``@`` as a formula, also after blanks
or a tab; such texts get an apostrophe in front, which spreadsheets do not show (OWASP, *CSV Injection*). Numbers stay
numbers. Control characters become U+FFFD in CSV and Markdown and are left out of LaTeX. In Markdown, links are taken
apart, so that ``[x](javascript:...)`` is text. The Parquet files beside hold every text as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable

import pandas as pd

_FORMULA = re.compile(r"\A[\s\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[-+]?\d[\d,.]*%?(?: [\d\s,.\-+\[\]{}to–‡]*)?")
_SCHEME = re.compile(r"(?i)(javascript|vbscript|data)(\s*):")


def without_controls(text: str, replacement: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """Return a text whose control characters and lone surrogates, but for tabs and line ends, are replaced."""
    if text.isprintable():
        return text  # Most texts, and much faster: no character of these categories is printable.
    return "".join(
        replacement if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n\r" else character
        for character in text
    )


def csv_text(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula.

    Example:
        >>> csv_text("=1+1"), csv_text("-1.5 [-3.0, 0.2]"), csv_text("a=b")
        ("'=1+1", '-1.5 [-3.0, 0.2]', 'a=b')
    """
    clean = without_controls(text)
    if _NUMBER.fullmatch(clean):
        return clean
    return f"'{clean}" if _FORMULA.match(clean) or clean.startswith(("\t", "\r")) else clean


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, with harmless texts in cells and headings; missing values are empty."""
    safe = table.copy(deep=False)
    for place in range(len(table.columns)):
        if not pd.api.types.is_numeric_dtype(table.iloc[:, place].dtype):
            column = table.iloc[:, place].astype(object)
            # Each text once: a million battles have few names.
            known = {text: csv_text(text) for text in column.unique() if isinstance(text, str)}
            if any(text != harmless for text, harmless in known.items()):
                safe.isetitem(place, [known.get(value, value) for value in column])
    safe.columns = pd.Index([_heading(name) for name in table.columns])
    return safe.to_csv(index=False).encode()


def markdown_text(text: str) -> str:
    """Return a text as the cell of a table in GitHub's Markdown: no bars, links, tags or line ends of its own."""
    flat = " ".join(without_controls(text).split())
    for character, escaped in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), (">", "&gt;"), ("](", "]\\(")):
        flat = flat.replace(character, escaped)
    return _SCHEME.sub(r"\1\2&#58;", flat)


def _heading(name: Hashable) -> Hashable:
    return csv_text(name) if isinstance(name, str) else name
