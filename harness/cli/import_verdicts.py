"""``polyarena import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json

if TYPE_CHECKING:
    from polyarena.harness.importing import ImportSummary, ScoreImportSummary

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
    """Import verdicts or human votes as a judge of a run, or results of lm-eval as systems.

    Parameters
    ----------
    format
        alpaca-eval, arena-hard, deja-vu, fastchat, polyarena, or votes (of people); lm-eval (results and samples).
    path
        A file, or a folder of files.
    output
        The run folder, new or existing.
    judge
        Name of the judge. Default: the name in the file.
    task
        Name of the task. Default: the format's own.
    language
        Language of files, or of tasks of lm-eval, that do not name one.
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

    if format == "lm-eval":
        given = {"--judge": judge, "--task": task, "--baseline": baseline, "--strong-weight": strong_weight}
        return _import_scores(
            path, output, language, [name for name, value in given.items() if value is not None], json
        )
    options = ImportOptions(judge, task, language, baseline)
    done = import_verdicts(format, path, output, options, strong_weight=strong_weight)
    if json:
        facts = {name: value for name, value in asdict(done).items() if name != "folder"}
        print_json({"folder": str(done.folder.path), **facts})
    else:
        _print(done)
    return 0


def _import_scores(path: Path, output: Path, language: str | None, misplaced: list[str], json: bool) -> int:
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json
    from polyarena.harness.importing import import_lm_eval
    from polyarena.tasks.errors import ExperimentError

    if misplaced:
        raise ExperimentError(
            f"{', '.join(misplaced)} has no meaning for lm-eval",
            why="its results are scores of items, and no judge decided them",
            fix="leave it out",
        )
    done = import_lm_eval(path, output, language=language)
    if json:
        facts = {name: value for name, value in asdict(done).items() if name != "folder"}
        print_json({"folder": str(done.folder.path), **facts})
    else:
        _print_scores(done)
    return 0


def _print_scores(done: ScoreImportSummary) -> None:
    from polyarena.harness.cli.output import print_lines

    print_lines(f"systems: {', '.join(done.systems)}")
    for task, languages in done.languages.items():
        print_lines(f"task {task}: {', '.join(languages)}")
    print_lines(f"answers: {done.completions:,}; scores of items: {done.scores:,}")
    _print_changes(done, "events.jsonl")


def _print(done: ImportSummary) -> None:
    from polyarena.harness.cli.output import print_lines

    for judge, games in sorted(done.games.items()):
        print_lines(f"judge {judge}: {games:,} games")
    print_lines(f"without a verdict: {done.invalid:,}", f"answers: {done.completions:,}")
    for option, value in done.defaults.items():
        print_lines(f"{option} {value} is assumed: the files name none, and there is no --{option}")
    _print_changes(done, "lock.json")


def _print_changes(done: ImportSummary | ScoreImportSummary, kept_in: str) -> None:
    from polyarena.harness.cli.output import print_lines, print_table

    for old, new in sorted(done.renamed.items()):
        print_lines(f"{old} is called {new} here: its own name cannot name a folder")
    if done.unmapped:
        rows = [(each.what, f"{each.count:,}", " | ".join(each.examples)) for each in done.unmapped]
        print_table(f"not mapped (also kept in {kept_in})", ("what", "times", "such as"), rows, right=(1,))
    else:
        print_lines("everything in the files is mapped")
    print_lines(f"run folder {done.folder.path}; next: polyarena report {done.folder.path}")
