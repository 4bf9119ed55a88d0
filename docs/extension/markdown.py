"""Markdown from the code's own words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

SECTION = re.compile(r"^(Attributes|Args|Returns|Raises|Yields):$", re.MULTILINE)
ENTRY = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
ROLE = re.compile(r":(?:class|func|data|meth|mod):`~?([^`]+)`")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars in cells are escaped and line ends become spaces."""
    lines = [list(columns), ["---"] * len(columns), *rows]
    return "".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def code(text: object) -> str:
    """Return a word as code; nothing stays nothing."""
    return f"`{text}`" if str(text) else ""


def prose(text: str) -> str:
    """Return a sentence of a docstring as Markdown: roles and double backquotes become single ones."""
    return ROLE.sub(r"`\1`", text).replace("``", "`")


def described(documented: Any) -> dict[str, str]:
    """Return the entries of the section ``Attributes`` of a docstring, by name."""
    text = inspect.getdoc(documented) or ""
    parts = SECTION.split(text)
    body = dict(zip(parts[1::2], parts[2::2], strict=True)).get("Attributes", "")
    return {name: prose(" ".join(entry.split())) for name, entry in ENTRY.findall(body)}


def found(dotted: str) -> Any:
    """Return the object of a dotted name such as ``polyarena.tasks.records.Completion``."""
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)
