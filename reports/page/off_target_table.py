"""In which languages answers came in another one, as a table of texts for the page."""

from __future__ import annotations

from collections.abc import Iterable

from polyarena.reports.labels import language_label, system_order
from polyarena.reports.page.content import Table
from polyarena.reports.page.off_target import OffTargetByLanguage


def off_target_table(counts: Iterable[OffTargetByLanguage]) -> Table | None:
    """Return how many answers of each system came in another language, by task and language, the largest share first.

    Languages without any such answer are left out; ``None`` if that leaves nothing.

    Args:
        counts: From :func:`polyarena.reports.page.off_target_by_language`.
    """
    found = list(counts)
    systems = system_order(row.system for row in found)
    places: dict[tuple[str, str], dict[str, OffTargetByLanguage]] = {}
    for row in found:
        places.setdefault((row.task, row.language), {})[row.system] = row
    largest = {
        place: max(row.other_share for row in by_system.values())
        for place, by_system in places.items()
        if any(row.other for row in by_system.values())
    }
    if not largest:
        return None
    rows = tuple(
        (
            place[0],
            language_label(place[1]).name,
            *(_share(places[place][system]) if system in places[place] else "–" for system in systems),
        )
        for place in sorted(largest, key=lambda place: (place[0], -largest[place], place[1]))
    )
    notes = (
        "Share of the answers that were identified as another language than was expected, in %, and how many of how "
        "many. Answers whose language cannot be told are not among them. Tasks and languages that are not listed have "
        "no such answer; all of them: results/answers.csv.",
    )
    return Table("Off-target language by language", ("Task", "Language", *systems), rows, texts=2, notes=notes)


def _share(row: OffTargetByLanguage) -> str:
    return f"{100 * row.other_share:.1f} ({row.other}/{row.answers})"
