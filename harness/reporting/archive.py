"""Packs a run for the supplement of a paper: everything its numbers rest on, with checksums and licences."""

from __future__ import annotations

import hashlib
import io
import shlex
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarena.harness.lock import Lock
from polyarena.harness.reporting.anonymous import anonymous_run, system_names
from polyarena.harness.reporting.item_views import withheld
from polyarena.harness.reporting.licences import run_licences
from polyarena.harness.reporting.write import write_report
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.store import RunFolder
from polyarena.harness.store.atomic import write_atomically
from polyarena.harness.store.replacing import refuse_to_replace, require_suffix
from polyarena.reports.escaping import csv_text
from polyarena.tasks.errors import StoreError

README = """\
This archive has a run of polyarena {version}: `polyarena report FOLDER` makes its tables and figures again.

  experiment.yaml, lock.json      the experiment as given, and everything it resolved to
  cells/, scores/                 answers and their scores
  games/, ratings/                verdicts of judges
  results/, report/               estimates; the page (open report/index.html), figures, tables, items
  LICENCES.csv                    licences of tasks, models, metrics and methods
  CHECKSUMS.sha256                of every other file; check with: sha256sum -c CHECKSUMS.sha256
"""

ANONYMOUS = (
    "\nNames of systems are replaced, and models, paths, addresses and system prompts are left out. Texts of "
    "answers and judges are as they were: look through them for names before you pass this on.\n"
)


@dataclass(frozen=True)
class Archive:
    """What was packed.

    Attributes:
        path: The archive.
        files: How many files it has.
        names: The new name of each system; empty unless it is anonymous.
        left_out: Tasks whose texts are not in it, with the reason.
    """

    path: Path
    files: int
    names: Mapping[str, str]
    left_out: Mapping[str, str]


def write_archive(folder: RunFolder, path: Path, *, anonymous: bool = False, everything: bool = False) -> Archive:
    """Pack a run as a ZIP file; the same run gives the same bytes.

    Args:
        folder: The run folder; it is not changed.
        path: Of the archive, with the suffix ``.zip``; an archive of a run that is there is replaced.
        anonymous: Replace the names of systems, and leave out what tells who they are.
        everything: Pack also the texts of tasks that may do harm or whose licence has no SPDX identifier.

    Raises:
        ExperimentError: The path has another suffix.
        StoreError: The folder is no run folder, has no report, another file has the name of the archive, or it cannot
            be written.
    """
    require_suffix(path, (".zip",), "an archive")
    refuse_to_replace(path, _is_archive, "an archive of a run")
    records = open_run(folder)
    if not anonymous and not (folder.report / "index.html").is_file():
        raise StoreError(
            "the run has no report yet", where=folder.path, fix=f"polyarena report {shlex.quote(str(folder.path))}"
        )
    reasons = {name: withheld(task.card) for name, task in records.lock.tasks.items()}
    left_out = {} if everything else {name: reason for name, reason in reasons.items() if reason}
    names = system_names(records.lock) if anonymous else {}
    with tempfile.TemporaryDirectory() as scratch:
        packed = records
        if anonymous:
            packed = open_run(anonymous_run(records, RunFolder(Path(scratch) / "run"), names))
            write_report(packed.folder)
        contents = dict(_contents(packed, left_out))
    contents["LICENCES.csv"] = _licences(packed.lock)
    contents["README.txt"] = _readme(packed.lock, left_out, anonymous=anonymous)
    sums = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(contents.items()))
    contents["CHECKSUMS.sha256"] = "".join(sums).encode()
    _write(path, path.stem, contents)
    return Archive(path, len(contents), names, left_out)


def _contents(records: RunRecords, left_out: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the run that its lock names, and its results and report."""
    folder = records.folder
    paths = [folder.lock_file, folder.experiment]
    for cell in records.lock.all_cells():
        if cell.task not in left_out:
            paths += [folder.cell(*cell), folder.scores(*cell)]
    for pair in records.pairs():
        if pair.task not in left_out:
            paths += [records.games_file(pair), records.ratings_file(pair)]
    paths += [path for part in (folder.results, folder.report) for path in sorted(part.rglob("*"))]
    for path in dict.fromkeys(paths):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder.path).as_posix(), path.read_bytes()


def _licences(lock: Lock) -> bytes:
    rows = [("kind", "name", "licence", "source")]
    rows += [(each.kind, each.name, each.licence, each.source) for each in run_licences(lock)]
    quoted = (",".join('"' + csv_text(text).replace('"', '""') + '"' for text in row) for row in rows)
    return ("\n".join(quoted) + "\n").encode("utf-8", "replace")


def _readme(lock: Lock, left_out: Mapping[str, str], *, anonymous: bool) -> bytes:
    text = README.format(version=lock.versions.get("polyarena", "")) + (ANONYMOUS if anonymous else "")
    for name, reason in sorted(left_out.items()):
        text += f"\nAnswers and verdicts of {name} are left out: {reason}.\n"
    return text.encode()


def _is_archive(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            ends = {name.partition("/")[2] for name in archive.namelist()}
    except zipfile.BadZipFile:
        return False
    return {"CHECKSUMS.sha256", "LICENCES.csv", "README.txt"} <= ends


def _write(path: Path, root: str, contents: Mapping[str, bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(f"{root}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    write_atomically(path, buffer.getvalue())
