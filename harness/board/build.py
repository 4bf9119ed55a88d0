"""Builds a site from runs, and adds runs to it; only files whose content changes are written."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import ValidationError

from polyarena.harness.board.assemble import assemble
from polyarena.harness.board.board_file import BoardFile, load_board_file, parse_board_file
from polyarena.harness.board.contribution import check_run
from polyarena.harness.board.published import read_published
from polyarena.harness.board.run_source import run_source, value_count
from polyarena.harness.board.source import Source, content_digest, read_source
from polyarena.harness.lock.model import Record
from polyarena.harness.results import RunRecords, open_run
from polyarena.harness.store.atomic import unwritable, write_atomically
from polyarena.reports.board.model import Board, HistoryEntry, PublishedValue
from polyarena.reports.board.site_files import (
    OVERALL,
    averaged_columns,
    file_slug,
    overall_values,
    overview_of,
    site_files,
)
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError, StoreError
from polyarena.tasks.suggest import unknown

MANIFEST = "board.json"
"""In the site: what it is, what it has, and its history."""
BOARD_FILE = "board.yaml"
"""In the site: the board file that it was built with."""
FORMAT: Literal[1] = 1
"""Of the manifest; raised by every change after which an older reader would misread it."""


class HistoryRecord(Record):
    """An earlier build, as in :class:`polyarena.reports.board.model.HistoryEntry`."""

    date: str
    changed: tuple[str, ...]
    overall: Mapping[str, tuple[float, float | None, float | None]]


class Manifest(Record):
    """What a site is.

    Attributes:
        format: Of this file.
        sources: By folder in ``source/``, in the order in which runs were given: name and digest.
        systems: Names of all systems.
        languages: By task: codes of its languages.
        files: SHA-256 of each file that was written.
        overall: Value, low and high of each system's average.
        date: Day of the build.
        changed: What this build changed.
        history: Earlier builds, the oldest first.
        published: Values that others published.
    """

    format: Literal[1] = FORMAT
    sources: Mapping[str, tuple[str, str]] = {}
    systems: tuple[str, ...] = ()
    languages: Mapping[str, tuple[str, ...]] = {}
    files: Mapping[str, str] = {}
    overall: Mapping[str, tuple[float, float | None, float | None]] = {}
    date: str = ""
    changed: tuple[str, ...] = ()
    history: tuple[HistoryRecord, ...] = ()
    published: tuple[Mapping[str, str | float], ...] = ()


@dataclass(frozen=True)
class BoardSummary:
    """What a build did.

    Attributes:
        folder: The site.
        systems: How many.
        columns: How many.
        languages: How many.
        method: ``exact`` or ``approximate``.
        distinct_neighbours: Neighbouring systems of the overall ranking that can be told apart.
        neighbours: Neighbouring systems of the overall ranking.
        written: Files that were new or changed.
        removed: Files that are no longer part of the site.
        unchanged: Files that were left alone.
        notes: What a reader must know.
    """

    folder: Path
    systems: int
    columns: int
    languages: int
    method: str
    distinct_neighbours: int
    neighbours: int
    written: int
    removed: int
    unchanged: int
    notes: tuple[str, ...]


def build_board(
    runs: Sequence[Path], site: Path, board_file: Path | None = None, *, today: date | None = None
) -> BoardSummary:
    """Build a site from run folders, or from folders of run folders.

    Args:
        runs: Run folders; a folder that is none and contains some stands for these.
        site: The site; new, empty, or of an earlier build.
        board_file: Its rules; the defaults if left out.
        today: Of the history; the day in UTC if left out.

    Raises:
        ExperimentError: The board file is wrong.
        DataError: A run is not complete or has no values, a system or language is gone, or two runs have one system.
        StoreError: A folder is no run, or the site is not ours.
    """
    rules = load_board_file(board_file)
    manifest = _manifest(site)
    published = tuple(value for name in rules.published for value in read_published(_beside(board_file, name)))
    opened = [open_run(path) for path in run_folders(runs)]
    names = _names([each.folder.path for each in opened])
    _refuse_unknown_runs(rules, names)
    exact = _fits(opened, rules.exact_up_to)
    sources = [run_source(each, rules, name=name, with_items=exact) for each, name in zip(opened, names, strict=True)]
    text = board_file.read_text(encoding="utf-8") if board_file else ""
    return _write(site, sources, rules, manifest, published, text, today)


def add_run(
    run: Path,
    site: Path,
    board_file: Path | None = None,
    *,
    contributed: bool = False,
    today: date | None = None,
) -> BoardSummary:
    """Add a run to a site, or put it in the place of the run of the same name.

    Args:
        run: A run folder.
        site: Of an earlier build.
        board_file: New rules; those that the site was built with if left out.
        contributed: Whether the run is somebody else's: it is checked and marked as verified or self-reported.
        today: Of the history; the day in UTC if left out.

    Raises:
        StoreError: There is no site, or the folder is no run.
        DataError: As for :func:`build_board`.
    """
    manifest = _manifest(site)
    if manifest is None:
        raise StoreError(
            "there is no board here",
            where=site,
            fix=f"build one first: {shlex.join(['polyarena', 'board', 'build', str(run), '-o', str(site)])}",
        )
    stored = site / BOARD_FILE
    if board_file is not None:
        rules, text = load_board_file(board_file), board_file.read_text(encoding="utf-8")
        published = tuple(value for name in rules.published for value in read_published(_beside(board_file, name)))
    else:
        text = stored.read_text(encoding="utf-8") if stored.exists() else ""
        rules = parse_board_file(text, stored)
        published = tuple(PublishedValue(**dict(each)) for each in manifest.published)  # type: ignore[arg-type]
    sources = {each.facts.name: each for each in site_sources(site)}
    records = open_run(run)
    name = records.folder.path.resolve().name
    values = value_count(records)
    stored_values = sum(len(each.items) if each.items is not None else rules.exact_up_to for each in sources.values())
    exact = values is None or values + stored_values <= rules.exact_up_to
    new = run_source(records, rules, name=name, with_items=exact)
    if contributed:
        found = check_run(run, [each for key, each in sources.items() if key != name])
        facts = new.facts.model_copy(update={"verified": found.verified, "reasons": found.reasons})
        new = Source(facts, new.items, new.cells, new.texts)
    sources[name] = new
    return _write(site, list(sources.values()), rules, manifest, published, text, today)


def site_sources(site: Path) -> list[Source]:
    """Return what the runs of a site gave to it.

    Raises:
        StoreError: There is no board, or a part of it is damaged.
    """
    manifest = _manifest(site)
    if manifest is None:
        raise StoreError("there is no board here", where=site, fix="polyarena board build RUNS -o SITE")
    return [read_source(site / "source" / folder) for folder in manifest.sources]


def run_folders(paths: Sequence[Path]) -> list[Path]:
    """Return run folders: those given, and those in folders that are none themselves.

    Raises:
        StoreError: A folder is no run and contains none.
    """
    found: list[Path] = []
    for path in paths:
        if path.suffix.lower() in {".yaml", ".yml"} and path.is_file():
            fix = f"polyarena board build RUNS -o SITE --config {shlex.quote(str(path))}"
            raise StoreError("this is not a run folder", where=path, why="it is a YAML file", fix=fix)
        if (path / "lock.json").exists() or not path.is_dir():
            found.append(path)
            continue
        inner = sorted(each.parent for each in path.glob("*/lock.json"))
        if not inner:
            raise StoreError(
                "this is not a run folder",
                where=path,
                why="it has no lock.json, and neither has a folder in it",
                fix="run an experiment first, or import results: polyarena import FORMAT FILES -o RUN",
            )
        found += inner
    distinct = {each.resolve(): each for each in found}
    return list(distinct.values())


def _names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each run: its folder's, with its parent's where two are called alike."""
    short = [path.resolve().name for path in paths]
    return [
        name if short.count(name) == 1 else f"{path.resolve().parent.name}/{name}"
        for name, path in zip(short, paths, strict=True)
    ]


def _refuse_unknown_runs(rules: BoardFile, names: Sequence[str]) -> None:
    for system, entry in rules.systems.items():
        if entry.run is not None and entry.run not in names:
            raise unknown("run", entry.run, names, where=f"systems.{system}.run of the board file")
    for name in rules.rename:
        if name not in names:
            raise unknown("run", name, names, where="rename of the board file")


def _fits(runs: Sequence[RunRecords], most: int) -> bool:
    counts = [value_count(each) for each in runs]
    return sum(count for count in counts if count is not None) <= most


def _beside(board_file: Path | None, name: str) -> Path:
    path = Path(name)
    return path if path.is_absolute() or board_file is None else board_file.parent / path


def _manifest(site: Path) -> Manifest | None:
    """Return the manifest of a site; ``None`` where there is none and may be one.

    Raises:
        StoreError: The folder is something else, or of another format.
    """
    path = site / MANIFEST
    if not path.exists():
        if site.exists() and not site.is_dir():
            raise StoreError("the site is a file", where=site, fix="choose another folder with --output")
        if site.is_dir() and any(site.iterdir()):
            raise StoreError(
                "this folder is not a board and is not empty",
                where=site,
                why=f"it has no {MANIFEST}",
                fix="choose an empty or new folder with --output",
            )
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise StoreError(
                "this board was written by another version, or by something else",
                where=path,
                fix="build it again into a new folder",
            )
        return Manifest.model_validate(content)
    except (OSError, ValueError, ValidationError) as error:
        raise StoreError(
            "the board's manifest cannot be read", where=path, why=str(error).splitlines()[0],
            fix="build the board again into a new folder",
        ) from error  # fmt: skip


def _write(
    site: Path,
    sources: Sequence[Source],
    rules: BoardFile,
    before: Manifest | None,
    published: Sequence[PublishedValue],
    text: str,
    today: date | None,
) -> BoardSummary:
    earlier = before or Manifest()
    draft = assemble(sources, rules, published=published)
    languages = _languages(draft)
    if before is not None:
        _refuse_gone(before, draft, languages, rules)
    overall = _overall(draft)
    changed = _changes(earlier, draft, sources)
    history = [*earlier.history]
    if before is not None and earlier.overall != overall:
        history.append(HistoryRecord(date=earlier.date, changed=tuple(changed), overall=earlier.overall))
    board = assemble(
        sources,
        rules,
        published=published,
        history=[HistoryEntry(each.date, each.changed, each.overall) for each in history],
    )
    texts = pd.concat([each.texts for each in sources], ignore_index=True) if sources else None
    written: dict[str, str] = {}
    count = [0, 0]

    def put(name: str, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        written[name] = digest
        path = site / name
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            count[1] += 1
            return
        count[0] += 1
        _put(path, content)

    folders: dict[str, tuple[str, str]] = {}
    for source in sources:
        files = source.files()
        folder = file_slug(source.facts.name)
        folders[folder] = (source.facts.name, content_digest(files))
        for name, content in files.items():
            put(f"source/{folder}/{name}", content)
    for name, content in site_files(board, texts):
        put(name, content)
    if text:
        put(BOARD_FILE, text.encode())
    removed = _remove(site, earlier, written)
    stamp = (today or datetime.now(UTC).date()).isoformat()
    same = before is not None and not count[0] and not removed
    manifest = Manifest(
        sources=folders,
        systems=tuple(each.name for each in board.systems),
        languages=languages,
        files=written,
        overall=overall,
        date=earlier.date if same else stamp,
        changed=earlier.changed if same else tuple(changed),
        history=tuple(history),
        published=tuple(asdict(each) for each in published),
    )
    write_atomically(
        site / MANIFEST, (json.dumps(manifest.model_dump(mode="json"), indent=1, sort_keys=True) + "\n").encode()
    )
    found = overview_of(board.columns, board.settings)[OVERALL]
    return BoardSummary(
        folder=site,
        systems=len(board.systems),
        columns=len(board.columns),
        languages=len(board.languages),
        method="approximate" if any(each.method == "approximate" for each in board.columns) else "exact",
        distinct_neighbours=found.distinct_neighbours,
        neighbours=found.neighbours,
        written=count[0],
        removed=removed,
        unchanged=count[1],
        notes=board.notes,
    )


def _put(path: Path, content: bytes) -> None:
    """Write a file by way of another one; without waiting for the disk, for a site is built again from its sources."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def _remove(site: Path, before: Manifest, written: Mapping[str, str]) -> int:
    """Remove files of the build before that are no longer part of the site, unless somebody changed them."""
    removed = 0
    for name, digest in before.files.items():
        path = site / name
        if name in written or ".." in Path(name).parts or Path(name).is_absolute() or path.is_symlink():
            continue
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            path.unlink()
            removed += 1
    return removed


def _languages(board: Board) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for column in board.columns:
        found.setdefault(column.task, set()).update(column.languages)
    return {task: tuple(sorted(codes)) for task, codes in sorted(found.items())}


def _refuse_gone(before: Manifest, board: Board, languages: Mapping[str, tuple[str, ...]], rules: BoardFile) -> None:
    """Refuse a board that lacks a system or language of the one before it, unless it is allowed by name."""
    systems = sorted(set(before.systems) - {each.name for each in board.systems} - set(rules.allow_gone))
    lost = {
        task: sorted(set(codes) - set(languages.get(task, ())) - set(rules.allow_gone))
        for task, codes in before.languages.items()
        if task not in rules.allow_gone
    }
    gone = [f"system {name}" for name in systems] + [
        f"{task} in {', '.join(codes[:5])}{' and more' if len(codes) > 5 else ''}"
        for task, codes in lost.items()
        if codes
    ]
    if gone:
        raise DataError(
            f"no longer on the board: {count_of(len(gone), 'thing')}: {'; '.join(gone[:5])}",
            why="what is missing without a word looks as if it had never been measured",
            fix="add the runs that have them, or name them under `allow_gone` of the board file",
        )


def _overall(board: Board) -> dict[str, tuple[float, float | None, float | None]]:
    columns = averaged_columns(board.columns)
    scale = columns[0].scale if len(columns) == 1 else 100.0
    values = overall_values(overview_of(board.columns, board.settings)[OVERALL], scale)
    return {name: (float(value or 0.0), low, high) for name, (value, low, high) in values.items()}


def _changes(before: Manifest, board: Board, sources: Sequence[Source]) -> list[str]:
    old = dict(before.sources.values())
    new = {source.facts.name: content_digest(source.files()) for source in sources}
    found = [f"added run {name}" for name in new if name not in old]
    found += [f"changed run {name}" for name in new if name in old and old[name] != new[name]]
    found += [f"removed run {name}" for name in old if name not in new]
    systems = {each.name for each in board.systems}
    found += [f"new system {name}" for name in sorted(systems - set(before.systems))] if before.systems else []
    found += [f"system {name} is gone" for name in sorted(set(before.systems) - systems)]
    return found
