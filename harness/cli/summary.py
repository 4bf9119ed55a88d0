"""The end of a run on the terminal: what came out, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.harness.cli.output import print_json, print_lines, print_table
from polyarena.harness.results import open_run

if TYPE_CHECKING:
    from polyarena.harness.events import CellFailed, GamesFailed
    from polyarena.harness.reporting import Files
    from polyarena.harness.store import RunFolder
    from polyarena.reports.tables import Section

MOST_LANGUAGES = 30
"""Languages of a table that the terminal lists; longer ones are shown by tier, and whole in the report."""


def print_summary(folder: RunFolder, files: Files, *, as_json: bool = False) -> None:
    """Print the estimates as tables with the names of the files, or as JSON."""
    records = open_run(folder)
    estimates = records.estimates()
    if as_json:
        rows = estimates.astype(object).where(estimates.notna(), None).to_dict("records")
        print_json({"folder": str(folder.path), "page": str(files.page), "estimates": rows})
        return
    from polyarena.harness.reporting.locked import incomplete
    from polyarena.reports.page.headlines import headline
    from polyarena.reports.tables import sections

    for section in sections(estimates):
        if section.detail:
            continue
        _print_section(section)
        said = headline(section)
        if said is not None:
            judge = records.lock["judges"].get(section.judge)
            print_lines(said.claim, *said.details, *([f"Judge: {judge['description']}."] if judge else []), "")
    missing = records.missing()
    if missing:
        print_lines(incomplete(missing), "")
    elif estimates.empty:
        print_lines(
            "There is no number to report: no task was scored, and no pair of systems was judged. Judged tasks need "
            "`judges`, a `baseline`, and another system that answered in the same language.",
            "",
        )
    print_lines(
        f"page      {files.page}",
        f"figures   {files.page.parent / 'figures'}  ({len(files.figures)} files: PDF, PNG, SVG)",
        f"tables    {files.page.parent / 'tables'}  ({len(files.tables)} files: CSV, LaTeX, Markdown)",
        f"results   {folder.results}  (estimates, battles and scores: CSV, Parquet)",
    )


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
        title += f" ({languages} languages; each of them is in the report)"
    shown = [column for column in table.columns if column not in ("code", "flag")]
    names = {"own_name": "own name", "no_verdict": "no verdict"}
    print_table(
        title,
        [names.get(column, column) for column in shown],
        table[shown].to_numpy().tolist(),
        right=range(3, len(shown)),
    )
    print_lines(*section.footnotes, *section.without_interval)


def _who(failure: CellFailed | GamesFailed) -> str:
    """Return the system whose cell failed, or the judge and the candidate of games that failed."""
    from polyarena.harness.events import GamesFailed

    if isinstance(failure, GamesFailed):
        return f"{failure.judge} judges {failure.candidate}"
    return failure.system


def print_failures(failures: Sequence[CellFailed | GamesFailed]) -> None:
    """Say on standard error what has no result and how to go on."""
    import sys

    reasons: dict[str, list[str]] = {}
    for failure in failures:
        reasons.setdefault(failure.error, []).append(f"{_who(failure)} · {failure.task} · {failure.language}")
    for error, cells in reasons.items():
        shown = ", ".join(cells[:3]) + (f" and {len(cells) - 3} more" if len(cells) > 3 else "")
        sys.stderr.write(f"polyarena: failed: {shown}\n  {error.replace(chr(10), chr(10) + '  ')}\n")
    again = any(failure.exit_code == 3 for failure in failures)
    fix = "run the same command again to do only them" if again else "mend what is named and run the same command again"
    sys.stderr.write(f"polyarena: these are in no number of this run; {fix}\n")
