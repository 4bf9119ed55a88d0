"""``polyarena board check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json


def command(run: Path, *, site: Annotated[Path | None, Parameter(name="--site")] = None, json: Json = False) -> int:
    """Check a contributed run. Ends with 0 if it is verified, 1 if it can only be self-reported.

    Parameters
    ----------
    run
        A run folder.
    site
        The board that it is for: data and settings must be those of its runs.
    json
        Print JSON.
    """
    from polyarena.harness.board.build import site_sources
    from polyarena.harness.board.contribution import check_run
    from polyarena.harness.cli.output import print_json, print_lines
    from polyarena.tasks.exit_codes import ExitCode

    found = check_run(run, site_sources(site) if site else ())
    if json:
        print_json({"run": str(run), "verified": found.verified, "reasons": found.reasons, "checked": found.checked})
    else:
        print_lines(
            *found.checked,
            *(f"- {reason}" for reason in found.reasons),
            "verified" if found.verified else "self-reported",
        )
    return ExitCode.DONE if found.verified else ExitCode.CHECK_FAILED
