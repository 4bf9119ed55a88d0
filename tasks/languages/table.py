"""Reads ``languages.csv``."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

from polyarena.tasks.languages.language import Language

_TABLE = Path(__file__).with_name("languages.csv")


@cache
def all_languages() -> tuple[Language, ...]:
    """Return every language of the table, sorted by code."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(sorted((_language(row) for row in csv.DictReader(file)), key=lambda language: language.code))


def _language(row: dict[str, Any]) -> Language:
    """Build a language of a row; lists stand with spaces between, aliases (which contain spaces) with semicolons."""
    row["regions"] = tuple(row["regions"].split())
    row["sets"] = frozenset(row["sets"].split())
    row["aliases"] = tuple(alias.strip() for alias in row["aliases"].split(";") if alias.strip())
    return Language(**row)
