"""The end of a run on the terminal: what came out, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from polyarena.harness.cli.output import fits, print_json, print_lines, print_table
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.terminal import printable
from polyarena.reports.metric_facts import recorded_metrics
from polyarena.tasks.counts import count_of
from polyarena.tasks.item import Kind

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.harness.events import CellFailed, GamesFailed
    from polyarena.harness.planning import Plan
    from polyarena.harness.reporting import Files
    from polyarena.harness.store import RunFolder
    from polyarena.reports.rows import Row
    from polyarena.reports.tables import Section

MOST_LANGUAGES = 30
"""Languages of a table that the terminal lists; longer ones are shown by tier, and whole in the report."""
FEW_LANGUAGES = 3
"""Languages that a table with a row for each system shows beside the averages."""
MOST_TABLES = 6
"""Tables that the terminal shows one by one; of more, it shows the averages in one table."""
MOST_AVERAGES = 200
"""Lines of that table; more are in the report."""


def print_summary(folder: RunFolder, files: Files, *, as_json: bool = False) -> None:
    """Print the estimates as tables with the names of the files, or as JSON."""
    records = open_run(folder)
    with recorded_metrics(records.metrics):
        _print_summary(records, files, as_json=as_json)


def _print_summary(records: RunRecords, files: Files, *, as_json: bool) -> None:
    folder, estimates = records.folder, records.estimates()
    if as_json:
        rows = estimates.astype(object).where(estimates.notna(), None).to_dict("records")
        print_json(
            {
                "folder": str(folder.path),
                "page": str(files.page),
                "warnings": files.warnings,
                "notes": files.notes,
                "edited": [str(path) for path in files.edited],
                "estimates": rows,
            }
        )
        return
    from polyarena.reports.page.headlines import headline
    from polyarena.reports.tables import sections

    if files.warnings:
        print_lines(*(f"Warning: {warning}" for warning in files.warnings), "")
    shown = [section for section in sections(estimates, records.lock.reported_systems) if not section.detail]
    if len(shown) > MOST_TABLES:
        _print_averages(shown)
    for section in shown if len(shown) <= MOST_TABLES else ():
        _print_section(section)
        said = headline(section)
        if said is not None:
            judge = records.lock.judges.get(section.judge or "")
            print_lines(said.claim, *said.details, *([f"Judge: {judge.description}."] if judge else []), "")
    if files.notes:
        print_lines(*files.notes, "")
    if estimates.empty and not records.missing():
        print_lines(_no_number(records), "")
    print_lines(
        f"page      {files.page}",
        f"figures   {files.page.parent / 'figures'}  ({count_of(len(files.figures), 'file')}: PDF, PNG, SVG)",
        f"tables    {files.page.parent / 'tables'}  ({count_of(len(files.tables), 'file')}: CSV, LaTeX, Markdown)",
        f"results   {folder.results}  (estimates, battles and scores: CSV, Parquet)",
    )
    if files.removed:
        names = [str(path.relative_to(folder.path)) for path in files.removed]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        print_lines(f"removed   {', '.join(names[:5])}{more}  (of the report before)")
    print_edited(files)


def _no_number(records: RunRecords) -> str:
    """Say why a complete run has no number, by the kinds of its tasks."""
    tasks = records.lock.tasks.items()
    scored = [name for name, task in tasks if task.card.kind is not Kind.OPEN_ENDED]
    said = ["There is no number to report: no task was scored, and no pair of systems was judged."]
    if scored:
        said.append(f"The metrics of {', '.join(scored)} apply to none of the answers.")
    if len(scored) < len(tasks):
        said.append(
            "Judged tasks need `judges`, a `baseline` or `opponents`, and two systems that answered the same items in "
            "the same language."
        )
    return " ".join(said)


def print_edited(files: Files) -> None:
    """Print the new names of files that somebody changed since the report before."""
    for path in files.edited:
        print_lines(f"yours     {path}  (changed since the report before; renamed)")


def _print_averages(shown: Sequence[Section]) -> None:
    """Print the averages of many tables, a line for each system of each, and where single languages are."""
    from polyarena.reports.tables import format_mark

    lines: list[dict[str, str]] = []
    for section in shown[:MOST_AVERAGES]:
        judged = section.baseline is not None
        averages = [row for row in section.rows if row.label is None and any(row.marks)] or section.rows[:1]
        for place, system in enumerate(section.systems):
            number = f"wins against {section.baseline}, judge {section.judge}" if judged else section.metric
            marks = {_heading(row): format_mark(row.marks[place], section.scale) for row in averages}
            lines.append({"task": section.task, "number": number, "system": system, **marks})
    columns = list(dict.fromkeys(name for line in lines for name in line))
    print_table(
        f"averages of {len(shown)} tables; in % but for metrics beyond 1",
        columns,
        [[line.get(column, "–") for column in columns] for line in lines],
        right=range(3, len(columns)),
        spare=tuple(range(len(columns) - 1, 3, -1)),
    )
    if len(shown) > MOST_AVERAGES:
        print_lines(f"{count_of(len(shown) - MOST_AVERAGES, 'more table')} in the report.", "")
    judged = any(section.baseline is not None for section in shown)
    order = "; `polyarena rank` puts the systems in order" if judged else ""
    print_lines(f"Single languages, and what can be concluded, are on the page{order}.", "")


def _heading(row: Row) -> str:
    return row.label.name if row.label else row.title


def _print_section(section: Section) -> None:
    from polyarena.reports.tables import language_table

    table = language_table(section)
    languages = int((table["code"] != "").sum())
    if languages > MOST_LANGUAGES:
        table = table[table["code"] == ""]
    if section.baseline is not None:
        title = (
            f"{section.task}: win rate of {section.systems[0]} against {section.baseline} in %, judge {section.judge}"
        )
    else:
        title = f"{section.task}: {section.metric}" + (" in %" if section.scale == 100 else "")
    if languages > MOST_LANGUAGES:
        title += f" ({count_of(languages, 'language')}; each of them is in the report)"
    shown = [column for column in table.columns if column not in ("code", "flag")]
    names = {"own_name": "own name", "wins_ties_losses": "wins/ties/losses", "no_verdict": "no verdict"}
    columns = [names.get(column, column) for column in shown]
    bands = [index for index, name in enumerate(shown) if name == "band" or name.endswith(": band")]
    spare = [shown.index("own_name"), *reversed(bands), shown.index("tier")]
    rows = table[shown].to_numpy().tolist()
    if len(section.systems) < 2 or fits(columns, rows, spare):
        print_table(title, columns, rows, right=range(3, len(shown)), spare=spare)
    else:
        _print_systems(title, table, shown[3 : 3 + len(section.systems)])
    print_lines(*section.footnotes, *section.without_interval)


def _print_systems(title: str, table: pd.DataFrame, systems: Sequence[str]) -> None:
    """Print the averages with a row for each system; the languages as well if there are few."""
    languages = table["code"] != ""
    if languages.sum() > FEW_LANGUAGES:
        table = table[~languages]
        title += "; single languages are in the report"
    headings = [name.removeprefix("Average: ") for name in table["language"]]
    print_table(
        title,
        ["system", *headings],
        [[name, *table[name]] for name in systems],
        right=range(1, 1 + len(headings)),
        spare=range(len(headings), 1, -1),
        whole=[0],
    )


def _who(failure: CellFailed | GamesFailed) -> str:
    """Return the system whose cell failed, or the judge and the candidate of games that failed."""
    from polyarena.harness.events import GamesFailed

    if isinstance(failure, GamesFailed):
        return f"{failure.judge} judges {failure.candidate} against {failure.baseline}"
    return failure.system


def print_decided(folder: RunFolder) -> None:
    """Print which pairs ``stop_when`` decided, and after how many items."""
    from polyarena.harness.planning.allocation import stored_allocation

    for task, pairs in stored_allocation(folder).tasks.items():
        for pair in pairs:
            if pair.decided:
                print_lines(f"{task}: {pair.candidate} against {pair.baseline} decided: {pair.decided}")


def print_stored_answers(planned: Plan) -> None:
    """Say from when the answers of endpoints are, if a run asked none of them."""
    billed = [part for part in planned.parts if part.billed]
    if not billed or not all(part.stored for part in billed):
        return
    from polyarena.harness.events import CellDone, GamesDone, read_events

    logged = read_events(planned.folder.events())
    days = sorted(each.time[:10] for each in logged if isinstance(each.event, CellDone | GamesDone) and each.time)
    since = (
        f", stored {f'on {days[0]}' if days[0] == days[-1] else f'between {days[0]} and {days[-1]}'}" if days else ""
    )
    print_lines(
        "",
        f"No endpoint was asked: all answers are those of earlier runs{since}. If a model has changed since, run again "
        "with --fresh.",
    )


def print_failures(failures: Sequence[CellFailed | GamesFailed]) -> None:
    """Say on standard error what has no result and how to go on."""
    import sys

    reasons: dict[str, tuple[str, list[str]]] = {}
    for failure in failures:
        _, cells = reasons.setdefault(failure.reason, (failure.error, []))
        cells.append(f"{_who(failure)} · {failure.task} · {failure.language}")
    for error, cells in reasons.values():
        shown = ", ".join(cells[:3]) + (f" and {len(cells) - 3} more" if len(cells) > 3 else "")
        why = printable(error).replace("\n", "\n  ")
        sys.stderr.write(f"polyarena: failed: {shown}\n  {why}\n")
    again = any(failure.exit_code == 3 for failure in failures)
    named = any("\n  fix: " in failure.error for failure in failures)
    fix = "fix what is named above, then run" if named or not again else "run"
    sys.stderr.write(f"polyarena: no number of this run includes these; {fix} the same command again to do only them\n")


def print_silent(judges: Mapping[str, int]) -> None:
    """Say on standard error which judges gave no verdict at all, and where to look."""
    import sys

    for judge, games in judges.items():
        sys.stderr.write(
            f"polyarena: the judge {judge!r} gave no verdict in any of its {count_of(games, 'game')}\n"
            "  fix: read its replies, `raw` in games/; if they are cut off give it more `max_tokens`, if they say a "
            "verdict in another form give its template that form and run `polyarena judge reparse`\n"
        )
