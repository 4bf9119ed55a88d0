"""``polyarena gate check``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    from polyarena.reports.gate.result import GateResult
    from polyarena.reports.gate.verdict import Verdict

MOST_REASONS = 3
"""Reasons why checks cannot be compared."""
MOST_ROWS = 40
"""Checks that the terminal shows; the rest is counted."""


def command(
    *,
    baseline: Path,
    candidate: Path,
    gate: Annotated[Path | None, Parameter(name=["--config", "-c"])] = None,
    system: str | None = None,
    baseline_system: str | None = None,
    strict: Annotated[bool, Parameter(negative="")] = False,
    sequential: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
    json_file: Path | None = None,
    junit: Path | None = None,
    markdown: Path | None = None,
    comment: Path | None = None,
    figure: Path | None = None,
) -> int:
    """Check whether a new system is worse in any language, family, tier, suite or overall.

    Exits with 0 if nothing regressed, 1 if something did, 3 if the candidate's run is not complete, 4 if checks are
    inconclusive and --strict is given, 6 if the two runs cannot be compared.

    Parameters
    ----------
    baseline
        The old run: a run folder, or a reference file of `polyarena gate accept`.
    candidate
        The new run folder.
    gate
        The gate file. By default, a drop fails if it is significant and at least 2 points in a language or 0.5 in an
        average.
    system
        The system of the candidate's run; required if it has several.
    baseline_system
        The system of the baseline's run. Default: the same name.
    strict
        Exit with 4 if a check that could fail the gate is inconclusive.
    sequential
        Say as well after how many source items every check that fails the gate was settled, at an error level that
        holds whenever one looks.
    json
        Print the whole result as JSON.
    json_file
        Write the whole result as JSON into this file.
    junit
        Write JUnit XML into this file.
    markdown
        Write a job summary into this file; on GitHub Actions, it is also added to the summary of the job.
    comment
        Write a comment for a pull request into this file.
    figure
        Draw the worst checks with their intervals into this file: .png, .svg or .pdf.
    """
    from polyarena.harness.cli.output import print_json, print_lines
    from polyarena.harness.gate.check import check
    from polyarena.harness.gate.gate_file import load_gate_file
    from polyarena.harness.gate.surfaces import EXIT_CODES, Surfaces, check_files, write_surfaces
    from polyarena.reports.gate.document import document

    surfaces = Surfaces(json_file, junit, markdown, comment, figure)
    check_files(surfaces)
    chosen = load_gate_file(gate)
    if strict:
        chosen = chosen.model_copy(update={"on_inconclusive": "fail"})
    if sequential:
        chosen = chosen.model_copy(update={"sequential": True})
    result = check(baseline, candidate, chosen, system=system, baseline_system=baseline_system)
    lines = write_surfaces(result, surfaces)
    if json:
        print_json(document(result))
    else:
        print_lines(*lines)
        _print(result)
    return EXIT_CODES[result.outcome]


def _print(result: GateResult) -> None:
    from polyarena.harness.cli.output import print_lines, print_table

    verdicts = result.decision.verdicts
    print_table(
        f"{result.candidate} against {result.baseline}, worst first",
        ("check", "status", "points", "90% interval", "detectable", "items", "note"),
        [_row(each) for each in verdicts[:MOST_ROWS]],
        right=(2, 4, 5),
        spare=(6, 5, 4),
    )
    if len(verdicts) > MOST_ROWS:
        print_lines(f"{count_of(len(verdicts) - MOST_ROWS, 'more check')}; --json shows all.")
    print_lines(*_closing(result))


def _row(verdict: Verdict) -> tuple[str, ...]:
    from polyarena.reports.gate.result import name_of, note_of, signed

    ends = "" if verdict.low is None else f"{signed(verdict.low)} to {signed(verdict.high)}"
    return (
        name_of(verdict),
        verdict.status if verdict.action == "fail" else f"{verdict.status} (warns)",
        signed(verdict.difference),
        ends,
        "" if verdict.detectable is None else f"{verdict.detectable:.1f}",
        str(verdict.n),
        note_of(verdict),
    )


def _closing(result: GateResult) -> Iterator[str]:
    from polyarena.reports.gate.result import name_of

    for allowed in result.allowed:
        yield f"Allowed until {allowed.until}: {name_of(allowed.verdict)} ({allowed.reason})."
    if result.decision.warnings:
        warned = count_of(len(result.decision.warnings), "check")
        yield f"{warned} regressed, but only as a warning (`levels` of the gate file)."
    yield from result.notes
    if result.false_alarms is not None:
        yield f"Calibrated: {100 * result.false_alarms:.1f}% of runs of the same model turn red."
    yield from _obstacles(result)
    outcome = f"{result.outcome.value.capitalize()}: "
    yield result.headline if result.headline.startswith(outcome) else outcome + result.headline


def _obstacles(result: GateResult) -> Iterator[str]:
    """Yield why checks cannot be compared, most frequent reason first: a narrow table leaves its notes out."""
    reasons = Counter(each.note for each in result.decision.incomparable if each.note)
    for reason, count in reasons.most_common(MOST_REASONS):
        yield f"{count_of(count, 'check')} cannot be compared: {reason}."
    if len(reasons) > MOST_REASONS:
        yield f"{count_of(len(reasons) - MOST_REASONS, 'more reason')}; --json shows all."
