"""``polyarena board build``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    from polyarena.harness.board import BoardSummary

Site = Annotated[Path, Parameter(name=["--output", "-o"])]
Config = Annotated[Path | None, Parameter(name=["--config", "-c"])]


def command(*runs: Path, output: Site, board: Config = None, json: Json = False) -> int:
    """Build a static leaderboard from run folders, or from a folder of run folders.

    Parameters
    ----------
    runs
        Run folders, or folders that contain some. May be left out where the board file names published values.
    output
        The folder of the site: new, empty, or of an earlier build.
    board
        The board file: title, systems, what counts as the average.
    json
        Print JSON.
    """
    from polyarena.harness.board import build_board

    report(build_board(runs, output, board), json)
    return 0


def report(done: BoardSummary, json: bool) -> None:
    """Print what a build did."""
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json, print_lines

    if json:
        print_json({**asdict(done), "folder": str(done.folder)})
        return
    print_lines(
        f"{count_of(done.systems, 'system')}, {count_of(done.columns, 'column')}, "
        f"{count_of(done.languages, 'language')}; method {done.method}",
        *(
            [f"{done.distinct_neighbours} of {done.neighbours} neighbouring systems can be told apart"]
            if done.neighbours
            else []
        ),
        f"files: {done.written} written, {done.unchanged} unchanged, {done.removed} removed",
        *done.notes,
        f"open {done.folder / 'index.html'}, or: polyarena board serve {shlex.quote(str(done.folder))}",
    )
