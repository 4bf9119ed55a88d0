"""Writes exports: the formats by name, and the folder that they go to."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.exporting.every_eval_ever import files as every_eval_ever
from polyarena.harness.exporting.huggingface import eval_results, model_index
from polyarena.harness.exporting.lm_eval_results import files as lm_eval_results
from polyarena.harness.exporting.own_files import write_files
from polyarena.harness.results import RunRecords, open_run
from polyarena.reports.metric_facts import recorded_metrics
from polyarena.tasks.errors import DataError, StoreError
from polyarena.tasks.suggest import unknown


@dataclass(frozen=True)
class ExportSummary:
    """What an export did.

    Attributes:
        folder: Where the files are.
        format: A key of :data:`EXPORTS`.
        files: Their paths, sorted.
    """

    folder: Path
    format: str
    files: tuple[Path, ...]


def export_run(format: str, run: Path, folder: Path) -> ExportSummary:
    """Write the results of a run in another format.

    Args:
        format: A key of :data:`EXPORTS`.
        run: A run folder with results.
        folder: Where to write. Files of earlier exports are replaced unless they were changed since; others are not.

    Raises:
        UnknownNameError: There is no such format.
        StoreError: The run has no results, a file that no export wrote, or that was changed since, has a name of the
            export, or a file cannot be written; nothing is written in the first two cases.
        DataError: The format has no place for anything in the run.
    """
    if format not in EXPORTS:
        raise unknown("export format", format, EXPORTS)
    if folder.exists() and not folder.is_dir():
        raise StoreError("the output is a file", where=folder, fix="choose a folder with --output")
    records = open_run(run)
    with recorded_metrics(records.metrics):
        found = EXPORTS[format](records)
    if not found:
        raise DataError(f"nothing in this run can be exported as {format}", where=run)
    write_files(folder, found)
    return ExportSummary(folder, format, tuple(folder / name for name in sorted(found)))


def _csv(records: RunRecords) -> dict[str, bytes]:
    # The shortest text that gives the same number again.
    return {"estimates.csv": records.estimates().to_csv(index=False, lineterminator="\n").encode()}


def _parquet(records: RunRecords) -> dict[str, bytes]:
    buffer = io.BytesIO()
    records.estimates().to_parquet(buffer, index=False)
    return {"estimates.parquet": buffer.getvalue()}


EXPORTS: Mapping[str, Callable[[RunRecords], Mapping[str, bytes]]] = {
    "csv": _csv,
    "eval-results": eval_results,
    "every-eval-ever": every_eval_ever,
    "lm-eval": lm_eval_results,
    "model-index": model_index,
    "parquet": _parquet,
}
"""Functions that return the files of a format, by its name."""
