"""``polyarena judge agreement``."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    import pandas as pd

    from polyarena.reports.judge_card.agreement import AgreementTable
    from polyarena.reports.stats.agreement import Coefficient


def command(
    folder: Path,
    judge: str,
    people: str = "humans",
    *,
    correct: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> int:
    """Compare a judge with human votes: raw agreement, Cohen's kappa, Krippendorff's alpha, Gwet's AC1, by language.

    Parameters
    ----------
    folder
        A run folder with imported votes (`polyarena import votes`).
    judge
        A judge of the run.
    people
        The name under which the votes were imported.
    correct
        Also correct the judge's win rates by the votes (prediction-powered inference). Needs votes on items drawn at
        random from those that the judge judged.
    json
        Print JSON.
    """
    from dataclasses import asdict

    from polyarena.harness.auditing import corrected_win_rates, run_agreement
    from polyarena.harness.cli.output import print_json
    from polyarena.harness.results import open_run

    records = open_run(folder)
    table = run_agreement(records, judge, people)
    corrected = corrected_win_rates(records, judge, people) if correct else None
    if json:
        found = {} if corrected is None else {"corrected": corrected.to_dict("records")}
        print_json({"judge": judge, "people": people, **asdict(table), **found})
    else:
        _print(table, judge, people)
        if corrected is not None:
            _print_corrected(corrected, judge, people)
    return 0


def _print(table: AgreementTable, judge: str, people: str) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten
    from polyarena.reports.labels import language_label
    from polyarena.reports.stats.agreement import COEFFICIENTS

    for title, side in ((f"{judge} and {people}", "judge"), (f"{people} with each other (the ceiling)", "people")):
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
        (table.without_judge, f"{judge} gave no verdict in"),
    ):
        if codes:
            print_lines(f"{what} {', '.join(language_label(code).name for code in codes)}")
    if table.unmatched_votes:
        print_lines(f"Left out: {count_of(table.unmatched_votes, 'vote')} on items without a verdict of {judge}.")


def _print_corrected(corrected: pd.DataFrame, judge: str, people: str) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.harness.cli.shorten import print_omitted, shorten
    from polyarena.reports.labels import language_label

    rows = [row for row in corrected.to_dict("records") if row["level"] in ("macro", "language")]
    shown, left = shorten(rows, lambda row: row["level"] == "language")
    print_table(
        f"win rates in percent, {corrected['confidence'].iloc[0]:.0%} intervals",
        ("task", "system", "baseline", "language", f"{judge} alone", f"corrected by {people}", f"{people} alone",
         "labels", "weight"),
        [
            (
                row["task"], row["candidate"], row["baseline"],
                "all languages" if row["level"] == "macro" else language_label(row["group"]).name,
                f"{100 * row['judge_alone']:.1f}",
                _percent(row["value"], row["low"], row["high"]),
                _percent(row["humans"], row["humans_low"], row["humans_high"]),
                f"{row['n_labelled']} of {row['n_judged']}",
                "–" if isnan(row["weight"]) else f"{row['weight']:.2f}",
            )
            for row in shown
        ],
        right=(4, 5, 6, 7, 8),
        spare=(8, 6),
    )  # fmt: skip
    print_omitted(left)
    print_lines(
        f"corrected: what {people} would say of all items, if the labelled ones were drawn at random from them; "
        f"weight: how much the verdicts of {judge} count in it",
        *dict.fromkeys(f"{row['task']}: {row['note']}" for row in rows if row["level"] == "macro" and row["note"]),
    )


def _percent(value: float, low: float, high: float) -> str:
    if isnan(value):
        return "–"
    return f"{100 * value:.1f}" if isnan(low) else f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _text(found: Coefficient) -> str:
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
