"""Averages over the tasks of suites as a table of texts for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.reports.metric_facts import display_scale
from polyarena.reports.page.content import Table
from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import pandas as pd


def suite_table(averages: pd.DataFrame) -> Table | None:
    """Return the average over the tasks of each suite, by suite and metric; ``None`` without any.

    Args:
        averages: From :func:`polyarena.reports.stats.suite_averages`.
    """
    if averages.empty:
        return None
    own = averages.sort_values(["task", "metric", "judge", "system"], na_position="first")
    rows, behind = [], {}
    for row in own.to_dict("records"):
        judged = f", judge {row['judge']}, against {row['baseline']}" if isinstance(row["judge"], str) else ""
        metric = f"{row['metric']}{judged}"
        tasks = str(Signature.parse(row["signature"]).get("tasks", "")).split("+")
        behind[f"{metric} of {row['task']}"] = ", ".join(tasks)
        scale = display_scale(row["metric"], [row["value"]])
        text = f"{scale * row['value']:.1f}"
        if row["low"] == row["low"]:
            text += f" [{scale * row['low']:.1f}, {scale * row['high']:.1f}]"
        rows.append((row["system"], row["task"], metric, text, str(len(tasks)), str(row["n_languages"]), str(row["n"])))
    return Table(
        "Averages over tasks",
        ("System", "Suite", "Metric", "Average", "Tasks", "Languages", "Items"),
        tuple(rows),
        texts=3,
        notes=(
            "Each task counts the same, and within it each language; shares in points of a hundred, with their "
            "interval. Tasks that a system lacks, and those with another metric, are not in it.",
            *(f"{name}: {tasks}." for name, tasks in behind.items()),
        ),
    )
