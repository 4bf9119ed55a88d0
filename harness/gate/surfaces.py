"""Writes a gate's result for CI systems: JSON, JUnit XML, Markdown, annotations."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polyarena.harness.store.atomic import unwritable, write_atomically
from polyarena.harness.store.replacing import refuse_to_replace, require_suffix
from polyarena.reports.gate.document import document
from polyarena.reports.gate.junit import junit
from polyarena.reports.gate.markdown import MARKER, SUMMARY_LIMIT, comment, markdown
from polyarena.reports.gate.result import GateResult, Outcome
from polyarena.reports.gate.workflow_commands import workflow_commands
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.exit_codes import ExitCode

if TYPE_CHECKING:
    from polyarena.reports.figures.render import Format

EXIT_CODES: Mapping[Outcome, ExitCode] = {
    Outcome.PASSED: ExitCode.DONE,
    Outcome.REGRESSED: ExitCode.CHECK_FAILED,
    Outcome.INCOMPLETE: ExitCode.NOT_COMPLETE,
    Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Outcome.INCOMPARABLE: ExitCode.INCOMPARABLE,
}
"""What ``polyarena gate check`` ends with."""


@dataclass(frozen=True, slots=True)
class Surfaces:
    """Files to be written; ``None`` for none.

    Attributes:
        json: The whole answer, of the schema that ``polyarena gate schema`` prints.
        junit: JUnit XML.
        markdown: For a job summary.
        comment: For a comment on a pull request, under 65,536 characters.
        figure: The worst checks with their intervals: ``.png``, ``.svg`` or ``.pdf``.
    """

    json: Path | None = None
    junit: Path | None = None
    markdown: Path | None = None
    comment: Path | None = None
    figure: Path | None = None


def write_surfaces(result: GateResult, surfaces: Surfaces, environment: Mapping[str, str] | None = None) -> list[str]:
    """Write the files, and the job summary where GitHub Actions asks for one.

    Args:
        result: The answer.
        surfaces: The files.
        environment: Variables; those of the process if left out. ``GITHUB_STEP_SUMMARY`` names the file of the job
            summary, to which is added; ``GITHUB_ACTIONS`` asks for annotations.

    Returns:
        Lines to be printed: annotations on GitHub, and why there is no figure where no check has a difference.

    Raises:
        ExperimentError: As :func:`check_files`.
        StoreError: As :func:`check_files`, or a file cannot be written.
    """
    check_files(surfaces)
    variables = os.environ if environment is None else environment
    texts: tuple[tuple[Path | None, Callable[[GateResult], str]], ...] = (
        (surfaces.json, _json),
        (surfaces.junit, junit),
        (surfaces.markdown, markdown),
        (surfaces.comment, comment),
    )
    for path, render in texts:
        if path is not None:
            _write(path, render(result).encode("utf-8"))
    lines = workflow_commands(result) if variables.get("GITHUB_ACTIONS") == "true" else []
    if surfaces.figure is not None and all(each.difference is None for each in result.decision.verdicts):
        lines.append(f"{surfaces.figure} is not drawn: no check has a difference.")
    elif surfaces.figure is not None:
        _write(surfaces.figure, _figure(result, surfaces.figure))
    summary = variables.get("GITHUB_STEP_SUMMARY")
    if summary:
        _append(Path(summary), result)
    return lines


def check_files(surfaces: Surfaces) -> None:
    """Refuse names of another format, and files that are there and that no gate wrote.

    Raises:
        ExperimentError: A name has a suffix of another format.
        StoreError: A file of somebody else would be replaced.
    """
    kinds: tuple[tuple[Path | None, tuple[str, ...], str, bytes], ...] = (
        (surfaces.json, (".json",), "the JSON of a gate", b'{\n  "format": '),
        (surfaces.junit, (".xml",), "JUnit XML", b'name="polyarena gate"'),
        (surfaces.markdown, (".md", ".markdown", ".txt", ""), "a job summary", MARKER.encode()),
        (surfaces.comment, (".md", ".markdown", ".txt", ""), "a comment", MARKER.encode()),
    )
    for path, suffixes, kind, mark in kinds:
        if path is not None:
            require_suffix(path, suffixes, kind)

            def has_mark(path: Path, mark: bytes = mark) -> bool:
                with path.open("rb") as file:
                    head = file.read(1000)
                return not head or mark in head

            refuse_to_replace(path, has_mark, kind)
    if surfaces.figure is not None:
        figure_format(surfaces.figure)


def _json(result: GateResult) -> str:
    return json.dumps(document(result), indent=2, ensure_ascii=False) + "\n"


def _figure(result: GateResult, path: Path) -> bytes:
    """Return the figure in the format that the file's name asks for."""
    # Takes a second to import, and most checks draw nothing.
    from polyarena.reports.figures.gate_chart import gate_chart
    from polyarena.reports.figures.render import render

    return render(gate_chart(result).figures[0], figure_format(path))


def figure_format(path: Path) -> Format:
    """Return the format of a figure's file.

    Raises:
        ExperimentError: Its name does not end in a format that can be drawn.
    """
    ending = path.suffix.lower().removeprefix(".")
    for known in ("png", "svg", "pdf"):
        if ending == known:
            return known
    raise ExperimentError(
        f"a figure cannot be written as {path.suffix or 'a file without an ending'}",
        where=path,
        fix="name it .png, .svg or .pdf",
    )


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise unwritable(path, error) from error


def _append(path: Path, result: GateResult) -> None:
    """Add the summary to the job's file within its limit, which all steps share."""
    try:
        used = path.stat().st_size if path.exists() else 0
        room = SUMMARY_LIMIT - used - 1
        if room > 1000:
            with path.open("a", encoding="utf-8") as file:
                file.write(markdown(result, limit=room) + "\n")
    except OSError as error:
        raise unwritable(path, error, "the job summary cannot be written") from error
