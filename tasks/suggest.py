"""Suggestions for misspelt names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from polyarena.tasks.errors import UnknownNameError


def closest(name: str, known: Iterable[str], limit: int = 3, likeness: float = 0.6) -> list[str]:
    """Return up to ``limit`` known names that resemble ``name``, best first, ignoring case.

    Args:
        name: The name as written.
        known: The names that exist.
        limit: Most names to return.
        likeness: Least ratio of :class:`difflib.SequenceMatcher`, from 0 to 1.
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.casefold(), by_folded, n=limit, cutoff=likeness)
    return [by_folded[match] for match in matches]


def unknown(kind: str, name: str, known: Iterable[str], *, where: str = "", listing: str = "") -> UnknownNameError:
    """Build the error for a name that does not exist.

    Args:
        kind: Kind of the name, such as ``"task"``.
        name: The name as the user wrote it.
        known: All valid names.
        where: The file and line, or the field, that contains it.
        listing: The command that lists all names.
    """
    known = sorted(known)
    near = closest(name, known)
    if near:
        fix = "did you mean " + " or ".join(repr(match) for match in near) + "?"
    elif 0 < len(known) <= 12:
        fix = "use one of: " + ", ".join(known)
    else:
        fix = ""
    if listing:
        fix = f"{fix} (`{listing}` lists them all)" if fix else f"`{listing}` lists them all"
    return UnknownNameError(f"unknown {kind} {name!r}", where=where, fix=fix)
