"""How many prompts the host refused, as a table of texts for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.reports.labels import language_label, system_order
from polyarena.reports.page.content import Table

if TYPE_CHECKING:
    import pandas as pd


def refusal_table(rates: pd.DataFrame) -> Table | None:
    """Return the share of prompts that the host refused, by task and language; ``None`` if it refused none.

    Languages in which none was refused are left out.

    Args:
        rates: Rows of :class:`polyarena.reports.records.Estimate` of the metric ``refused_by_host``.
    """
    rows = rates[rates["level"] == "language"]
    systems = tuple(system_order(rows["system"]))
    places: dict[tuple[str, str], dict[str, tuple[float, str]]] = {}
    columns = (rows[name] for name in ("task", "group", "system", "value", "low", "high", "n"))
    for task, code, system, value, low, high, n in zip(*columns, strict=True):
        interval = f" [{100 * low:.1f}, {100 * high:.1f}]" if low == low and high == high else ""
        shown = f"{100 * value:.1f}{interval} ({round(value * n)} of {n})"
        places.setdefault((task, code), {})[system] = (value, shown)
    texts = tuple(
        (task, language_label(code).name, *(shares[system][1] if system in shares else "–" for system in systems))
        for (task, code), shares in places.items()
        if any(value for value, _ in shares.values())
    )
    if not texts:
        return None
    notes = (
        "Share of prompts that the host refused, in %, with its interval. Nothing was generated for them, so they are "
        "neither scored nor judged, and in no rate of harmful answers. A model that refuses in its own words has "
        "answered, and is not counted here. Languages without such a prompt are not listed.",
    )
    return Table("Refused by the host", ("Task", "Language", *systems), texts, texts=2, notes=notes)
