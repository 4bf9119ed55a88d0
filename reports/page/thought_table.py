"""In which language systems think, as a table of texts for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.reports.labels import language_label, system_order
from polyarena.reports.page.content import Table

if TYPE_CHECKING:
    import pandas as pd


def thought_table(rates: pd.DataFrame) -> Table | None:
    """Return the share of thoughts in the language of the prompt, by task and language; ``None`` without thoughts.

    Args:
        rates: Rows of :class:`polyarena.reports.records.Estimate` of the metric ``thought_language``.
    """
    rows = rates[rates["level"].isin(["macro", "language"])]
    if rows.empty:
        return None
    systems = tuple(system_order(rows["system"]))
    places: dict[tuple[str, str, str], dict[str, str]] = {}
    columns = (rows[name] for name in ("task", "level", "group", "system", "value", "low", "high", "n"))
    for task, level, group, system, value, low, high, n in zip(*columns, strict=True):
        interval = f" [{100 * low:.1f}, {100 * high:.1f}]" if low == low and high == high else ""
        places.setdefault((task, level, group), {})[system] = f"{100 * value:.1f}{interval} ({n})"
    ordered = sorted(places, key=lambda place: (place[0], place[1] == "language", place[2]))
    texts = tuple(
        (
            task,
            language_label(group).name if level == "language" else "average over languages",
            *(places[task, level, group].get(system, "–") for system in systems),
        )
        for task, level, group in ordered
    )
    notes = (
        "Share of thoughts that were identified as the language of the prompt, in %, with its interval and the number "
        "of items. Thoughts whose language cannot be told are not among them. The answers themselves are counted under "
        "off-target language. Neither direction is better.",
    )
    return Table("Language of the thoughts", ("Task", "Language", *systems), texts, texts=2, notes=notes)
