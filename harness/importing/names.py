"""Converts names of systems and judges to valid folder names, and records the changes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable

from polyarena.tasks.errors import DataError

_ILLEGAL = re.compile(r"[^A-Za-z0-9._-]+")
_HYPHENS = re.compile(r"-{2,}")
"""Stand between the names of a pair of systems (:meth:`polyarena.harness.store.RunFolder.games`), in none of them."""
LONGEST = 100


def has_usable_characters(name: str) -> bool:
    """Return whether a name has a letter or digit, without which it cannot become one of ours."""
    return bool(_plain(name))


def folder_names(names: Iterable[str], known: Collection[str] = ()) -> dict[str, str]:
    """Return a name that can be a folder for each name, different ones for different names.

    Args:
        names: As a file has them: ``org/model``, ``model(thinking)``. Accents are dropped. Of one with letters of other
            scripts, its Latin letters and digits, or ``name``, are followed by eight digits of its SHA-256, so that it
            gets the same name in every import, and no other one does.
        known: Names that a run has already; these stay as they are.

    Returns:
        By the old name, also where it stays as it is. File systems that do not tell letter case apart are respected.

    Raises:
        DataError: A name is empty.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    # Names that can stay have the right to.
    for name in sorted(set(names), key=lambda name: (name not in known, _plain(name) != name, name)):
        plain = name if name in known else _plain(name)
        if not plain:
            raise DataError(f"{name!r} cannot name a system, judge or task", fix="give it letters or digits")
        unique, number = plain, 2
        while unique.casefold() in taken:
            unique, number = f"{plain[: LONGEST - 4]}-{number}", number + 1
        taken.add(unique.casefold())
        found[name] = unique
    return found


def _plain(name: str) -> str:
    latin = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = _HYPHENS.sub("-", _ILLEGAL.sub("-", latin)).strip("-._")
    if any(character.isalnum() and not character.isascii() for character in latin):
        digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
        return f"{plain[: LONGEST - 9].strip('-._') or 'name'}-{digest[:8]}"
    return plain[:LONGEST]
