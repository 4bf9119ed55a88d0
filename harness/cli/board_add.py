"""``polyarena board add``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from polyarena.harness.cli.board_build import Config, Site
from polyarena.harness.cli.options import Json


def command(
    run: Path,
    *,
    output: Site,
    board: Config = None,
    contributed: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> int:
    """Add a run to a board; a run of the same name is replaced. Only files that change are written.

    Parameters
    ----------
    run
        A run folder.
    output
        The folder of the site.
    board
        A new board file. Default: the one that the site was built with.
    contributed
        The run is somebody else's: check it, and mark its systems as verified or self-reported.
    json
        Print JSON.
    """
    from polyarena.harness.board import add_run
    from polyarena.harness.cli.board_build import report

    report(add_run(run, output, board, contributed=contributed), json)
    return 0
