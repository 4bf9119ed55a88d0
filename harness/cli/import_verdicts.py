"""``polyarena import``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of

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
    """Import verdicts or human votes as a judge of a run, results of another tool as systems, or published values.

    Parameters
    ----------
    format
        Verdicts: alpaca-eval, arena-hard, deja-vu, fastchat, polyarena, or votes (of people). Results with samples:
        every-eval-ever, helm, inspect, lighteval, lm-eval or nemo-evaluator. Published values, with an output that ends
        in .csv: alpaca-eval, arena-hard, euroeval, every-eval-ever or lm-eval (its averages, which need no samples).
    path
        A file, or a folder of files.
    output
        The run folder, new or existing; or, for published values, a CSV file that a board file names.
    judge
        Name of the judge. Default: the name in the file.
    task
        Name of the task. Default: the format's own.
    language
        Language of files, or of tasks of another tool, that do not name one.
    baseline
        The opponent, where the file names one system only.
    strong_weight
        Weight of a verdict with `>>`, for a run folder of imported verdicts only. Default: 1. Arena-Hard-Auto uses 3.
    json
        Print JSON.
    """
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json
    from polyarena.harness.importing import FORMATS, ImportOptions, import_verdicts
    from polyarena.harness.importing.formats import PUBLISHED_FORMATS, SCORE_FORMATS

    given = {"--judge": judge, "--task": task, "--baseline": baseline, "--strong-weight": strong_weight}
    misplaced = [name for name, value in given.items() if value is not None]
    if output.suffix.lower() == ".csv" or (format in PUBLISHED_FORMATS and format not in {*FORMATS, *SCORE_FORMATS}):
        return _import_published(format, path, output, language, misplaced, json)
    if format in SCORE_FORMATS:
        return _import_scores(format, path, output, language, misplaced, json)
    options = ImportOptions(judge, task, language, baseline)
    done = import_verdicts(format, path, output, options, strong_weight=strong_weight)
    if json:
        facts = {name: value for name, value in asdict(done).items() if name != "folder"}
        print_json({"folder": str(done.folder.path), **facts})
    else:
        _print(done)
    return 0


def _import_scores(
    format: str, path: Path, output: Path, language: str | None, misplaced: list[str], json: bool
) -> int:
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json
    from polyarena.harness.importing import import_scores

    _refuse_misplaced(format, misplaced)
    done = import_scores(format, path, output, language=language)
    if json:
        facts = {name: value for name, value in asdict(done).items() if name != "folder"}
        print_json({"folder": str(done.folder.path), **facts})
    else:
        _print_scores(done)
    return 0


def _import_published(
    format: str, path: Path, output: Path, language: str | None, misplaced: list[str], json: bool
) -> int:
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json, print_lines
    from polyarena.harness.importing.formats import PUBLISHED_FORMATS
    from polyarena.harness.importing.leaderboards import import_published
    from polyarena.harness.importing.rows import language_code
    from polyarena.tasks.errors import ExperimentError
    from polyarena.tasks.suggest import unknown

    if format not in PUBLISHED_FORMATS:
        raise unknown("format of published values", format, PUBLISHED_FORMATS)
    if output.suffix.lower() != ".csv":
        raise ExperimentError(
            f"results of {format} have no items and cannot become a run",
            where=output,
            why="averages alone have no items, so no interval can be computed",
            fix="write them as published values: -o published.csv, and name the file in a board file",
        )
    _refuse_misplaced(format, misplaced)
    code = None if language is None else language_code(language, "--language")
    done = import_published(format, path, output, language=code)
    if json:
        print_json({**asdict(done), "path": str(done.path)})
        return 0
    print_lines(f"systems: {', '.join(done.systems)}", f"published values: {done.values:,}")
    for benchmark, count in done.no_language.items():
        print_lines(f"no language found for {benchmark}: {count_of(count, 'value')} shown as avg")
    print_lines(
        f"{'replaced' if done.replaced else 'written to'} {done.path}; name it under `published` in a board file"
    )
    return 0


def _refuse_misplaced(format: str, misplaced: list[str]) -> None:
    from polyarena.tasks.errors import ExperimentError

    if misplaced:
        raise ExperimentError(
            f"{', '.join(misplaced)} has no meaning for {format}",
            why="its results are scores of items, and no judge decided them",
            fix="leave it out",
        )


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
        print_lines(f"judge {judge}: {count_of(games, 'game')}")
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
    print_lines(f"run folder {done.folder.path}; next: polyarena report {shlex.quote(str(done.folder.path))}")
