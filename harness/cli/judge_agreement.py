"""``polyarena judge agreement``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.cli.options import Json

if TYPE_CHECKING:
    from polyarena.reports.judge_card.agreement import AgreementTable
    from polyarena.reports.stats.agreement import Coefficient


def command(folder: Path, judge: str, people: str = "humans", *, json: Json = False) -> int:
    """Compare a judge with human votes: raw agreement, Cohen's kappa, Krippendorff's alpha, Gwet's AC1, by language.

    Parameters
    ----------
    folder
        A run folder with imported votes (`polyarena import votes`).
    judge
        A judge of the run.
    people
        The name under which the votes were imported.
    json
        Print JSON.
    """
    from dataclasses import asdict

    from polyarena.harness.auditing import run_agreement
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.results import open_run

    table = run_agreement(open_run(folder), judge, people)
    if json:
        print_json({"judge": judge, "people": people, **asdict(table)})
    else:
        _print(table, judge, people)
    return 0


def _print(table: AgreementTable, judge: str, people: str) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten
    from polyarena.reports.labels import language_label
    from polyarena.reports.stats.agreement import COEFFICIENTS

    for title, side in ((f"{judge} and {people}", "judge"), (f"{people} with one another (the ceiling)", "people")):
        shown, left = shorten(table.rows, lambda row: row.language != "all")
        rows = [
            (
                "all languages" if row.language == "all" else language_label(row.language).name,
                str(row.n if side == "judge" else row.n_people),
                *(_text(getattr(row, side)[name]) for name in COEFFICIENTS),
            )
            for row in shown
        ]
        print_table(title, ("language", "items", *COEFFICIENTS), rows, right=range(1, 6))
        print_omitted(left)
    for codes, what in (
        (table.without_votes, f"{people} did not vote in"),
        (table.without_judge, f"{judge} decided nothing in"),
    ):
        if codes:
            print_lines(f"{what} {', '.join(language_label(code).name for code in codes)}")
    if table.unmatched_votes:
        print_lines(f"{table.unmatched_votes} votes are on items that {judge} did not decide")


def _text(found: Coefficient) -> str:
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
