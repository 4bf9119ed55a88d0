"""``polyarena export results``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of


def command(
    run: Path, *, to: str, output: Annotated[Path, Parameter(name=["--output", "-o"])], json: Json = False
) -> int:
    """Export the estimates of a run in the format of another tool or site.

    Parameters
    ----------
    run
        A run folder with results.
    to
        every-eval-ever (records 0.3.0 with samples), eval-results or model-index (Hugging Face), lm-eval (results
        JSON), csv or parquet.
    output
        The folder to write to.
    json
        Print JSON.
    """
    from polyarena.harness.cli.output import print_json, print_lines
    from polyarena.harness.exporting import export_run

    done = export_run(to, run, output)
    if json:
        print_json({"folder": str(done.folder), "format": done.format, "files": [str(each) for each in done.files]})
    else:
        print_lines(f"{count_of(len(done.files), 'file')} in {done.folder}")
    return 0
