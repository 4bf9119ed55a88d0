"""What verdicts say beyond win rates, as tables of texts for the page: bad answers, and strong verdicts weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyarena.reports.groups import LEVEL_TITLES
from polyarena.reports.labels import TIER_TITLES, language_label, system_order
from polyarena.reports.page.content import Table
from polyarena.reports.rows import Mark, marks_of
from polyarena.reports.tables import format_mark

if TYPE_CHECKING:
    import pandas as pd


def bad_answer_tables(rates: pd.DataFrame) -> list[Table]:
    """Return a table for each judge and task: averages, groups and languages by system.

    Args:
        rates: Rows of :class:`polyarena.reports.records.Estimate` with a ``judge``; ``n_invalid`` are items without a
            verdict.
    """
    return [
        _bad_answers(str(judge), str(task), part) for (judge, task), part in rates.groupby(["judge", "task"], sort=True)
    ]


def _bad_answers(judge: str, task: str, part: pd.DataFrame) -> Table:
    systems = tuple(system_order(map(str, part["system"].unique())))
    marks = marks_of(part, part["level"].unique())
    places = list(dict.fromkeys((level, group) for level, group, _ in marks))
    order = {"macro": 0, "language": 2}
    places.sort(key=lambda place: order.get(place[0], 1))
    rows = tuple(
        (_place(*place), *(format_mark(marks.get((*place, system)), spread=False) for system in systems))
        for place in places
    )
    confidence = f"{100 * float(part['confidence'].iloc[0]):g}"
    notes = [
        f"Share of answers that the judge {judge} found bad, asked about each alone, in % with the {confidence}% "
        "interval; lower is better. Averages give each language the same weight.",
    ]
    own = part[(part["level"] == "language") & (part["n_invalid"] > 0)]
    silent = own.groupby("system", sort=True)["n_invalid"].sum()
    if len(silent):
        notes.append(f"Items without a verdict, in no rate: {', '.join(f'{who} {n}' for who, n in silent.items())}.")
    notes += [f"{_place(str(level), str(group))}, {system}: {note}." for level, group, system, note in zip(
        part["level"], part["group"], part["system"], part["note"], strict=True) if note]  # fmt: skip
    return Table(f"Bad answers to {task}", ("Languages", *systems), rows, notes=tuple(notes))


def _place(level: str, group: str) -> str:
    if level == "macro":
        return "All languages"
    if level == "language":
        return language_label(group).name
    return TIER_TITLES[group] if level == "tier" else f"{LEVEL_TITLES.get(level, f'By {level}')}: {group}"


def strong_verdict_table(scores: pd.DataFrame) -> Table | None:
    """Return scores over games in which strong verdicts weigh more, best first; ``None`` without any.

    Args:
        scores: Columns ``task``, ``judge``, ``language``, ``system``, ``baseline``, ``value``, ``low``, ``high``,
            ``n_games``, ``n_invalid``, ``n_clusters`` and ``strong_weight``.
    """
    if scores.empty:
        return None
    place = ["task", "judge", "language", "baseline"]
    found = scores.sort_values([*place, "value", "system"], ascending=[True] * 4 + [False, True])
    rows = tuple(
        (
            str(row["system"]), str(row["baseline"]), str(row["task"]), str(row["judge"]),
            language_label(str(row["language"])).name, _score(row), str(row["n_clusters"]), str(row["n_games"]),
        )
        for row in found.to_dict("records")
    )  # fmt: skip
    weight = f"{float(scores['strong_weight'].iloc[0]):g}"
    return Table(
        f"Scores over games, strong verdicts counted {weight} times",
        ("System", "Against", "Task", "Judge", "Language", "Score (%)", "Items", "Games"),
        rows,
        texts=5,
        notes=(
            f"A verdict with >> is counted {weight} times and all games are averaged, as Arena-Hard-Auto does with a "
            "weight of 3; items with strong verdicts weigh more than others. In the win rates above each item weighs "
            "the same. Intervals resample whole items.",
        ),
    )


def _score(row: dict[Any, Any]) -> str:
    value, low, high = (None if row[name] != row[name] else float(row[name]) for name in ("value", "low", "high"))
    return format_mark(Mark(value, low, high, int(row["n_clusters"]), int(row["n_invalid"]), None, None))
