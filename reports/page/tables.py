"""Rankings, comparisons and evenness over languages as tables of texts for the page."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyarena.reports.labels import language_label
from polyarena.reports.metric_facts import display_scale
from polyarena.reports.page.content import Table
from polyarena.reports.template_names import is_over_templates, plain_metric

if TYPE_CHECKING:
    import pandas as pd

EQUITY = {
    "worst": "Worst language",
    "worst_decile": "Worst tenth",
    "standard_deviation": "Spread over languages",
    "gap_to_english": "English minus the others",
    "tier_slope": "A step up in resources",
}
"""What is shown of :func:`polyarena.reports.stats.equity`, with its heading."""

MOST_NAMED = 5
"""Systems that a note names."""


def ranking_table(ranking: pd.DataFrame, cycles: Sequence[str] = ()) -> Table | None:
    """Return the ranks over languages, by task and judge; ``None`` without any.

    Args:
        ranking: From :func:`polyarena.reports.stats.rank`.
        cycles: From :func:`polyarena.reports.stats.cycles.cycle_sentences`.
    """
    ranked = ranking[ranking["level"] == "macro"]
    if ranked.empty:
        return None
    order = ["task", "judge", "rank", "system"]
    own: list[dict[Any, Any]] = ranked.sort_values(order, na_position="last", kind="stable").to_dict("records")
    columns = (
        "System", "Task", "Judge", "Rank", "Rank range", "Group", "Rating", "Win rate against the baseline (%)",
        "Wins / ties / losses", "First",
    )  # fmt: skip
    rows = tuple(
        (
            str(row["system"]),
            str(row["task"]),
            str(row["judge"]),
            _number(row["rank"], 0),
            _range(row["rank_low"], row["rank_high"]),
            _number(row["tie_group"], 0),
            _around(row["rating"], row["rating_low"], row["rating_high"], 1, 0),
            _around(row["win_rate"], row["low"], row["high"], 100, 1),
            f"{row['wins']:,} / {row['ties']:,} / {row['losses']:,}",
            _number(row["p_best"], 2),
        )
        for row in own
    )
    notes = (
        "Bradley-Terry with ties; the baseline has 1000 in every bootstrap round. Rank range: the ranks that the "
        "data allow, all comparisons together. Systems of one group cannot be distinguished from the group's best. "
        "Win rate: of the battles against the baseline alone; wins, ties and losses: battles against all systems, so "
        "that the two need not agree. First: share of rounds in which the system is first.",
        *_notes(own),
        *(f"A cycle in {cycle}." for cycle in cycles),
    )
    return Table("Ranking", columns, rows, texts=3, notes=notes)


def _notes(rows: Sequence[Mapping[Any, Any]]) -> list[str]:
    """Return the notes of rows, each once for a task with the systems that it is about."""
    about: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["note"]:
            about.setdefault((str(row["task"]), str(row["note"])), []).append(str(row["system"]))
    return [
        f"{', '.join(names) if len(names) <= MOST_NAMED else f'{len(names)} systems'} on {task}: {note}."
        for (task, note), names in about.items()
    ]


def comparison_table(comparisons: pd.DataFrame) -> Table | None:
    """Return the differences of scores over all languages; ``None`` without any.

    Args:
        comparisons: Rows of :class:`polyarena.reports.stats.comparison_record.Comparison`.
    """
    own = _joined(comparisons[comparisons["level"] == "macro"].to_dict("records")) if len(comparisons) else []
    if not own:
        return None
    columns = (
        "System", "Compared with", "Task", "Metric", "Outcome", "Difference", "Detected 80% of the time", "p",
        "Items",
    )  # fmt: skip
    rows = tuple(
        (
            str(row["system"]),
            str(row["against"]),
            str(row["task"]),
            str(row["metric"]),
            str(row["outcome"]),
            _around(row["difference"], row["low"], row["high"], _scale(row), 1, sign=True),
            _number(row["detectable"], 1, _scale(row)),
            _number(row["p_value"], 4),
            str(row["n"]),
        )
        for row in own
    )
    notes = (
        "Differences of the averages over languages on the items that both systems have, shares in points of a "
        "hundred, with their interval; better and worse as the interval says. p: randomisation test, two-sided, not "
        "adjusted for the number of rows.",
    )
    return Table("Systems compared on scores", columns, rows, texts=5, notes=notes)


def equity_table(found: pd.DataFrame) -> Table | None:
    """Return how evenly each system serves its languages; ``None`` where no task has several languages.

    Args:
        found: From :func:`polyarena.reports.stats.equity`.
    """
    rows: dict[tuple[str, ...], dict[str, dict[Any, Any]]] = {}
    for row in _joined(found.to_dict("records")) if len(found) else []:
        if row["aggregate"] in EQUITY:
            against = f", judge {row['judge']}, against {row['baseline']}" if _text(row["baseline"]) else ""
            key = (str(row["system"]), f"{row['metric']} on {row['task']}{against}")
            rows.setdefault(key, {})[row["aggregate"]] = row
    several = {key: cells for key, cells in rows.items() if "standard_deviation" in cells}
    if not several:
        return None
    notes = (
        "Shares in percentage points, with their intervals. Worst tenth: the mean of the worst tenth of the languages. "
        "The worst of many estimates is worse than the truth on average: read it with its interval; there is none "
        "where a language has few items, or where all resamples agree. "
        "Spread: the standard deviation over languages, without what sampling alone adds. A step up in resources: the "
        "slope over the tiers low, mid and high.",
    )
    return Table(
        "Equity across languages",
        ("System", "Metric", *EQUITY.values()),
        tuple((*key, *(_aggregate(cells, name) for name in EQUITY)) for key, cells in several.items()),
        texts=2,
        notes=notes,
    )


def _joined(rows: Sequence[Mapping[Hashable, Any]]) -> list[dict[Any, Any]]:
    """Return the rows without single prompt templates whose mean is among them."""
    means = {(str(row["task"]), plain_metric(str(row["metric"]))) for row in rows if is_over_templates(row["metric"])}
    return [dict(row) for row in rows if (str(row["task"]).partition(".")[0], str(row["metric"])) not in means]


def _aggregate(cells: dict[str, dict[Any, Any]], name: str) -> str:
    row = cells.get(name)
    if row is None:
        return "–"
    scale = display_scale(str(row["metric"]), [each["value"] for each in cells.values() if not _missing(each["value"])])
    text = _around(row["value"], row["low"], row["high"], scale, 1, sign=name in ("gap_to_english", "tier_slope"))
    return f"{text} {language_label(str(row['languages'])).name}" if name == "worst" and text != "–" else text


def _scale(row: dict[Any, Any]) -> float:
    values = (row["value"], row["value_against"])
    return display_scale(str(row["metric"]), [value for value in values if not _missing(value)])


def _around(value: Any, low: Any, high: Any, scale: float, digits: int, *, sign: bool = False) -> str:
    if _missing(value):
        return "–"
    form = f"{'+' if sign else ''}.{digits}f"
    if _missing(low) and _missing(high):
        return format(scale * value, form)
    ends = ["open" if _missing(end) else format(scale * end, form) for end in (low, high)]
    return f"{format(scale * value, form)} [{', '.join(ends)}]"


def _number(value: Any, digits: int, scale: float = 1.0) -> str:
    return "–" if _missing(value) else f"{scale * value:.{digits}f}"


def _range(low: Any, high: Any) -> str:
    if _missing(low) or _missing(high):
        return "–"
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _missing(value: Any) -> bool:
    return value is None or value != value
