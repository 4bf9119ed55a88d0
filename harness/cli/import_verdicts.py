"""``polyarena import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json

if TYPE_CHECKING:
    from polyarena.harness.importing import ImportSummary

Folder = Annotated[Path, Parameter(name=["--output", "-o"])]


def command(
    format: str,
    path: Path,
    *,
    output: Folder,
    judge: str | None = None,
    task: str | None = None,
    language: str | None = None,
    baseline: str | None = None,
    strong_weight: float | None = None,
    json: Json = False,
) -> int:
    """Import verdicts or human votes as a judge of a run, so that every report works on them.

    Parameters
    ----------
    format
        alpaca-eval, arena-hard, deja-vu, fastchat, polyarena, or votes (of people).
    path
        A file, or a folder of files.
    output
        The run folder, new or existing.
    judge
        Name of the judge. Default: the name in the file.
    task
        Name of the task. Default: the format's own.
    language
        Language of files that do not name one.
    baseline
        The opponent, where the file names one system only.
    strong_weight
        Weight of a verdict with `>>`, for a run folder of imported verdicts only. Default: 1. Arena-Hard-Auto uses 3.
    json
        Print JSON.
    """
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json
    from polyarena.harness.importing import ImportOptions, import_verdicts

    options = ImportOptions(judge, task, language, baseline)
    done = import_verdicts(format, path, output, options, strong_weight=strong_weight)
    if json:
        facts = {name: value for name, value in asdict(done).items() if name != "folder"}
        print_json({"folder": str(done.folder.path), **facts})
    else:
        _print(done)
    return 0


def _print(done: ImportSummary) -> None:
    from polyarena.harness.cli.output import print_lines, print_table

    for judge, games in sorted(done.games.items()):
        print_lines(f"judge {judge}: {games:,} games")
    print_lines(f"without a verdict: {done.invalid:,}", f"answers: {done.completions:,}")
    for old, new in sorted(done.renamed.items()):
        print_lines(f"{old} is called {new} here: its own name cannot name a folder")
    for option, value in done.defaults.items():
        print_lines(f"{option} {value} is assumed: the files name none, and there is no --{option}")
    if done.unmapped:
        rows = [(each.what, f"{each.count:,}", " | ".join(each.examples)) for each in done.unmapped]
        print_table("not mapped (also kept in lock.json)", ("what", "times", "such as"), rows, right=(1,))
    else:
        print_lines("everything in the files is mapped")
    print_lines(f"run folder {done.folder.path}; next: polyarena report {done.folder.path}")
