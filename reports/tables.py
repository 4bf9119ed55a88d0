"""Per-language tables as data frames, CSV and Markdown; numbers in percent with one decimal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarena.reports.rows import Mark, Row, rows

if TYPE_CHECKING:
    import pandas as pd

COMPARISON = ("judge", "task", "system", "baseline")


@dataclass(frozen=True)
class Section:
    """The estimates that make one table: a comparison of two systems, or the scores of all systems on one metric.

    Attributes:
        task: Task name.
        metric: ``win_rate`` or the task's metric.
        systems: Those that have a column; for win rates the candidate alone.
        baseline: The other side of a win rate, or ``None``.
        judge: The judge of a win rate, or ``None``.
        estimates: The rows.
    """

    task: str
    metric: str
    systems: tuple[str, ...]
    baseline: str | None
    judge: str | None
    estimates: pd.DataFrame

    @property
    def scale(self) -> float:
        """What values are multiplied with: 100 for win rates and scores between 0 and 1, else 1."""
        values = self.estimates["value"].dropna()
        return 100.0 if bool(values.between(0, 1).all()) else 1.0

    @property
    def rows(self) -> list[Row]:
        """Averages and languages, in the order in which charts show them."""
        return rows(self.estimates, self.systems)


def sections(estimates: pd.DataFrame) -> Iterator[Section]:
    """Yield the comparisons (by judge, task, candidate, baseline), then the scores (by task and metric)."""
    won = estimates[estimates["baseline"].notna()]
    for key, part in won.groupby(list(COMPARISON), sort=True):
        judge, task, system, baseline = map(str, key)
        yield Section(task, "win_rate", (system,), baseline, judge, part)
    scored = estimates[estimates["baseline"].isna()]
    for key, part in scored.groupby(["task", "metric"], sort=True):
        task, metric = map(str, key)
        yield Section(task, metric, tuple(sorted(map(str, part["system"].unique()))), None, None, part)


def format_mark(mark: Mark | None, scale: float = 100.0) -> str:
    """Return a number as tables show it.

    Args:
        mark: The estimate; ``None`` where a system lacks the row.
        scale: 100 for shares.

    Returns:
        ``61.2 [57.0, 65.3]``; ``61.2 [–]`` without an interval; ``–`` without a value.
    """
    if mark is None or mark.value is None:
        return "–"
    if mark.low is None or mark.high is None:
        return f"{scale * mark.value:.1f} [–]"
    return f"{scale * mark.value:.1f} [{scale * mark.low:.1f}, {scale * mark.high:.1f}]"


def language_table(section: Section) -> pd.DataFrame:
    """Return one section as a table of texts, ready for :meth:`pandas.DataFrame.to_csv` or :func:`markdown`.

    Returns:
        Columns ``code`` (empty for averages), ``language``, ``own_name``, ``tier``, one for each system, ``n`` (items
        of the first system) and, for win rates, ``no_verdict`` (games).
    """
    import pandas as pd

    found = []
    for row in section.rows:
        first = next((mark for mark in row.marks if mark), None)
        label = row.label
        line = {
            "code": label.code if label else "",
            "language": label.name if label else f"Average: {row.title}",
            "own_name": label.autonym if label else "",
            "tier": label.tier if label else "",
            **dict(zip(section.systems, (format_mark(mark, section.scale) for mark in row.marks), strict=True)),
            "n": str(first.n) if first else "0",
        }
        if section.baseline is not None:
            line["no_verdict"] = str(first.n_invalid) if first else "0"
        found.append(line)
    return pd.DataFrame(found)


def markdown(table: pd.DataFrame) -> str:
    """Return a table of texts in GitHub's Markdown; bars, backslashes, angle brackets and line ends are escaped."""
    lines = [list(map(str, table.columns)), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    flat = " ".join(text.split())
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")
