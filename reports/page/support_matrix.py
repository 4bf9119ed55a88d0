"""Which system was asked in which language, as a matrix."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from polyarena.reports.labels import language_label
from polyarena.reports.page.content import Table

ASKED, UNSUPPORTED, ABSENT = "yes", "no", "–"


def support_matrix(
    systems: Sequence[str], asked: Mapping[str, Collection[str]], unsupported: Collection[tuple[str, str]]
) -> Table:
    """Return a row for each language and a column for each system.

    Args:
        systems: Columns, in order.
        asked: By system, the languages in which it was asked anything.
        unsupported: Systems with a language that they do not claim.
    """
    languages = {language for name in systems for language in asked.get(name, ())}
    languages |= {language for name, language in unsupported if name in systems}
    refused = set(unsupported)

    def cell(name: str, language: str) -> str:
        if (name, language) in refused:
            return UNSUPPORTED
        return ASKED if language in asked.get(name, ()) else ABSENT

    rows = [
        (language_label(code).name, *(cell(name, code) for name in systems))
        for code in sorted(languages, key=lambda code: (language_label(code).name, code))
    ]
    totals = ("All", *(str(sum(row[i + 1] == ASKED for row in rows)) for i in range(len(systems))))
    notes = (
        f"{ASKED}: asked. {UNSUPPORTED}: not in the `languages` of the system, neither asked nor averaged. {ABSENT}: "
        "asked nothing in this language. Averages of several systems are over the languages that all of them have.",
    )
    return Table("Support matrix", ("Language", *systems), (totals, *rows), texts=len(systems) + 1, notes=notes)


def has_gaps(matrix: Table) -> bool:
    """Tell whether a system lacks a language of a support matrix."""
    return any(text in (UNSUPPORTED, ABSENT) for row in matrix.rows for text in row[1:])
