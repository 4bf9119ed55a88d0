"""``polyarena report``."""

from __future__ import annotations

from pathlib import Path

from polyarena.harness.cli.options import Json


def command(folder: Path, *, strong_weight: float | None = None, figures: str = "page", json: Json = False) -> int:
    """Rebuild the results and report of a run folder from what is stored there.

    Parameters
    ----------
    folder
        A run folder.
    strong_weight
        Weight of a verdict with `>>`, for a run folder of imported verdicts only. Other runs take it from the
        experiment.
    figures
        `page` draws those that the page shows, at most 12; `all`, `none`, or names of figures separated by commas.
    json
        Print the estimates as JSON instead of the summary.
    """
    from polyarena.harness.cli.summary import print_summary
    from polyarena.harness.importing.strong_weight import set_strong_weight
    from polyarena.harness.reporting import write_report
    from polyarena.harness.results import open_run
    from polyarena.harness.store import RunFolder

    run_folder = RunFolder(folder)
    with run_folder.existing_write_access():
        if strong_weight is not None:
            lock = open_run(run_folder).lock
            run_folder.write_lock(set_strong_weight(lock, strong_weight, run_folder.path))
        files = write_report(run_folder, figures=figures)
    print_summary(run_folder, files, as_json=json)
    return 0
