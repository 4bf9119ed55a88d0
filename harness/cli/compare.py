"""``polyarena compare``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from polyarena.harness.cli.options import Json

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.harness.results import RunRecords


def command(
    run: Path,
    system: str,
    against: str,
    *,
    metric: str | None = None,
    task: str | None = None,
    margin: float | None = None,
    groups: Annotated[tuple[str, ...], Parameter(negative="")] = ("tier",),
    json: Json = False,
) -> int:
    """Compare two systems of a run on the items that both answered: difference, interval, tests.

    Parameters
    ----------
    run
        A run folder.
    system
        The system that may be better, or a group of seeds.
    against
        The system to compare it with; may be the baseline of the battles.
    metric
        Compare only this metric; `win_rate` for battles.
    task
        Compare only this task.
    margin
        Largest difference that does not matter, in the unit of the metric; adds tests of non-inferiority and
        equivalence.
    groups
        Averages in addition to that over all languages, by tier, family, script, region, joshi, direction or set.
    json
        Print JSON.
    """
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.results import open_run
    from polyarena.reports.metric_facts import recorded_metrics
    from polyarena.tasks.errors import ExperimentError

    if margin is not None and not 0 < margin < math.inf:
        raise ExperimentError("a margin must be greater than 0", where="--margin", why=f"it is {margin:g}")
    records = open_run(run)
    with recorded_metrics(records.metrics):
        found = _compared(records, system, against, metric, task, margin, groups)
        if json:
            print_json(found.astype(object).where(found.notna(), None).to_dict("records"))
        else:
            _print(found)
    return 0


def _compared(
    records: RunRecords,
    system: str,
    against: str,
    metric: str | None,
    task: str | None,
    margin: float | None,
    groups: tuple[str, ...],
) -> pd.DataFrame:
    """Compare all scores and battles that the two systems have in common."""
    import pandas as pd

    from polyarena.reports.stats import compare, facet_groups
    from polyarena.tasks.errors import DataError
    from polyarena.tasks.suggest import unknown

    lock, battles, scores = records.lock, records.battles(), records.scores()
    metrics = {"win_rate", *scores["metric"].unique()}
    seeds = lock.seed_groups
    systems = {*lock.cells, *seeds}
    for name, known, kind in (
        (system, systems, "system"),
        (against, systems, "system"),
        (task, lock.tasks, "task"),
        (metric, metrics, "metric"),
    ):
        if name is not None and name not in known:
            raise unknown(kind, name, known, where=str(records.folder.path))
    groupings = facet_groups(groups)
    frames = []
    for frame, wanted in ((battles, metric in (None, "win_rate")), (scores, metric != "win_rate")):
        part = frame if task is None else frame[frame["task"] == task]
        if not wanted or part.empty or not _all(part, {*seeds.get(system, (system,)), *seeds.get(against, (against,))}):
            continue
        only = metric if "metric" in part else None
        frames.append(
            compare(
                part, system, against, metric=only, margin=margin, groupings=groupings, seeds=seeds, **records.settings
            )
        )
    if not frames:
        raise DataError(
            f"{system} and {against} have no {metric or 'result'} in common",
            where=records.folder.path,
            fix="compare systems that were scored on the same tasks, or judged against the same baseline",
        )
    return pd.concat(frames, ignore_index=True)


def _all(frame: pd.DataFrame, systems: set[str]) -> bool:
    columns = ("candidate", "baseline") if "candidate" in frame else ("system",)
    known = set().union(*(frame[column].unique() for column in columns))
    return systems <= known


def _print(found: pd.DataFrame) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten
    from polyarena.reports.metric_facts import display_scale

    keys = ["task", "metric", "judge", "baseline"]
    for _, rows in found.groupby(keys, sort=False, dropna=False):
        first = rows.iloc[0]
        judged = f", judge {first['judge']}, against {first['baseline']}" if isinstance(first["judge"], str) else ""
        values = [value for value in (*rows["value"], *rows["value_against"]) if value == value]
        scale = display_scale(str(first["metric"]), values)
        unit = " in percentage points" if scale == 100 else ""
        title = f"{first['task']}: {first['metric']} of {first['system']} minus {first['against']}{unit}{judged}"
        headings = [
            "",
            "difference",
            f"{first['confidence'] * 100:g}% interval",
            "p",
            "outcome",
            "detectable",
            "items",
        ]
        stated = first["margin"] == first["margin"] and first["margin"] is not None
        if stated:
            headings += ["non-inferior", "equivalent"]
        shown, left = shorten(rows.to_dict("records"), lambda row: row["level"] == "language")
        lines = [_cells(row, scale, stated=stated) for row in shown]
        print_table(title, headings, lines, right=(1, 3, 5, 6), spare=(6, 5), whole=(0,))
        print_omitted(left)
    print_lines(
        "p: randomisation test (Student's for groups of seeds), two-sided, not adjusted for the number of rows. "
        "detectable: the true difference that these items detect 80% of the time. --json has simultaneous bands and "
        "p-values adjusted for the number of languages, with shares as fractions of 1."
    )


def _cells(row: dict[Any, Any], scale: float, *, stated: bool) -> list[str]:
    from polyarena.reports.labels import language_label

    names = {"macro": "all languages", "language": language_label(str(row["group"])).name}
    name = names.get(row["level"], f"{row['level']} {row['group']}")
    known = row["low"] is not None and row["low"] == row["low"]
    ends = f"{scale * row['low']:+.1f} to {scale * row['high']:+.1f}" if known else "none"
    cells = [
        str(name),
        f"{scale * row['difference']:+.1f}",
        ends,
        f"{row['p_value']:.4f}",
        str(row["outcome"]),
        _reach(row["detectable"], scale),
        str(row["n"]),
    ]
    return [*cells, str(row["non_inferiority"]), str(row["equivalence"])] if stated else cells


def _reach(detectable: float | None, scale: float) -> str:
    """Return the detectable difference; no two shares differ by more than 100 points."""
    if detectable is None or detectable != detectable:
        return ""
    return "over 100" if scale == 100 and detectable > 1 else f"{scale * detectable:.1f}"
