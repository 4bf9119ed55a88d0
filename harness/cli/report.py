"""``polyarena report``."""

from __future__ import annotations

from pathlib import Path

from polyarena.harness.cli.options import Json


def command(folder: Path, *, json: Json = False) -> int:
    """Make the results and the report of a run folder again, from what is stored there.

    Parameters
    ----------
    folder
        A run folder.
    json
        Print the estimates as JSON in place of the summary.
    """
    from polyarena.harness.cli.summary import print_summary
    from polyarena.harness.reporting import write_report
    from polyarena.harness.store import RunFolder

    run_folder = RunFolder(folder)
    with run_folder.writing_existing():
        files = write_report(run_folder)
    print_summary(run_folder, files, as_json=json)
    return 0
