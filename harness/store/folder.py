"""The paths of a run folder, and its write lock."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from polyarena.harness.lock.model import FORMAT, Lock, shard_name
from polyarena.harness.store.atomic import TEMPORARY, unwritable, write_atomically
from polyarena.harness.store.lease import FOLDER as LEASES
from polyarena.harness.store.lease import Lease, take_lease
from polyarena.harness.store.shard import restore_shard
from polyarena.tasks.errors import StoreError

_FIX = "restore it from a copy, or delete it and run the experiment again: cells and games are kept"
_OTHER_FORMAT = (
    "run into a new folder with --output (the call cache answers what was paid for already), or use the version that "
    "wrote this one"
)
_SHARDS = ("cells", "parts", "scores", "games", "ratings")
"""Folders of shards."""
_UNKNOWN_KEY = ("extra_forbidden", "unknown_key")
"""Types of the validation errors of keys that a lock, or the experiment in it, does not have."""


@dataclass(frozen=True)
class RunFolder:
    """A run folder.

    Attributes:
        path: The folder; made when first written to.
    """

    path: Path

    def cell(self, system: str, task: str, language: str) -> Path:
        """Return the path of the completions of one cell."""
        return self.path.joinpath("cells", system, task, f"{language}.parquet")

    def part(self, system: str, task: str, language: str, start: int, stop: int) -> Path:
        """Return the path of the completions of a range of items, until all ranges of the cell are there.

        Args:
            system: Name of the system.
            task: Name of the task.
            language: ``lang_Script``.
            start: First item of the range, from 0.
            stop: After the last one.
        """
        return self.parts(system, task, language) / f"{start}-{stop}.parquet"

    def parts(self, system: str, task: str, language: str) -> Path:
        """Return the folder of the ranges of one cell."""
        return self.path / "parts" / system / task / language

    def scores(self, system: str, task: str, language: str) -> Path:
        """Return the path of the scores of one cell."""
        return self.path.joinpath("scores", system, task, f"{language}.parquet")

    def games(self, judge: str, candidate: str, baseline: str, task: str, language: str) -> Path:
        """Return the path of the games of one pair of cells."""
        return self.path.joinpath("games", judge, f"{candidate}--{baseline}", task, f"{language}.parquet")

    def ratings(self, judge: str, candidate: str, baseline: str, task: str, language: str) -> Path:
        """Return the path of the ratings from which the games of one pair of cells derive."""
        return self.path.joinpath("ratings", judge, f"{candidate}--{baseline}", task, f"{language}.parquet")

    @property
    def allocation(self) -> Path:
        """How a budget of games is spread over pairs of systems."""
        return self.path / "allocation.json"

    @property
    def attempts(self) -> Path:
        """The journal of requests to endpoints."""
        return self.path / "attempts.jsonl"

    @property
    def results(self) -> Path:
        """Estimates, scores and battles of the whole run."""
        return self.path / "results"

    @property
    def report(self) -> Path:
        """The page, figures and tables."""
        return self.path / "report"

    @property
    def lock_file(self) -> Path:
        """The experiment as resolved: versions, revisions, digests, seeds."""
        return self.path / "lock.json"

    @property
    def status(self) -> Path:
        """How far the run is, or was."""
        return self.path / "status.json"

    @property
    def experiment(self) -> Path:
        """The experiment file as given."""
        return self.path / "experiment.yaml"

    def read_lock(self) -> Lock | None:
        """Return the lock; ``None`` if there is none.

        Raises:
            StoreError: The file is damaged, of another format, or not a lock.
        """
        try:
            content = json.loads(self.lock_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise StoreError("the lock file cannot be read", where=self.lock_file, why=str(error), fix=_FIX) from error
        if not isinstance(content, dict) or not isinstance(content.get("experiment"), dict):
            raise StoreError("this lock file was not written by polyarena", where=self.lock_file, fix=_FIX)
        if content.get("format") != FORMAT:
            raise StoreError(_other_format(content), where=self.lock_file, fix=_OTHER_FORMAT)
        problems = [f"{name}: missing" for name in Lock.model_fields if name not in content]
        try:
            lock = Lock.model_validate(content)
        except ValidationError as error:
            found = error.errors(include_url=False)
            described = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found]
            if any(each["type"] in _UNKNOWN_KEY for each in found):
                why = "; ".join(described[:5])
                raise StoreError(_other_keys(content), where=self.lock_file, why=why, fix=_OTHER_FORMAT) from error
            problems += described
        if problems:
            raise StoreError(
                "the lock file is not complete", where=self.lock_file, why="; ".join(problems[:5]), fix=_FIX
            )
        return lock

    def write_lock(self, lock: Lock) -> None:
        """Write the lock, keys sorted."""
        text = json.dumps(lock.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False)
        write_atomically(self.lock_file, (text + "\n").encode())

    def put_staged_games_in_place(self, lock: Lock) -> None:
        """Put every shard of games that the lock names by its key in its place."""
        for pair in lock.all_pairs():
            key = lock.judges[pair.judge].shards.get(shard_name(pair))
            if key is not None:
                restore_shard(self.games(*pair), key)
                restore_shard(self.ratings(*pair), key)

    def check_owner(self, name: str) -> None:
        """Refuse a folder that another experiment, or something else entirely, has written.

        Raises:
            StoreError: Another experiment's name is in the lock file, or the folder holds foreign files.
        """
        try:
            exists = self.path.exists()
        except OSError as error:
            raise StoreError(
                "this cannot be a run folder", where=self.path, why=error.strerror or str(error)
            ) from error
        if exists and not self.path.is_dir():
            raise StoreError("the run folder is a file", where=self.path, fix="choose another with --output")
        lock = self.read_lock()
        owner = None if lock is None else lock.experiment.name
        if owner is not None and owner != name:
            raise StoreError(
                f"this run folder belongs to the experiment {owner!r}, not {name!r}",
                where=self.path,
                fix="choose another folder with --output, or rename the experiment",
            )
        if owner is None and self.path.is_dir():
            ours = {
                "experiment.yaml",
                "lock.json",
                "events.jsonl",
                "attempts.jsonl",
                ".attempts.lock",
                LEASES,
                "status.json",
            }
            ours.add(LEASES)
            if (self.path / LEASES).is_dir():
                # A run folder whose lock was lost is one all the same, and so is that of an import that was killed.
                if (self.path / "events.jsonl").is_file():
                    return
                ours |= {"cells", "games"}
            foreign = sorted(
                p.name for p in self.path.iterdir() if p.name not in ours and not p.name.endswith(TEMPORARY)
            )
            if foreign:
                raise StoreError(
                    "this folder is not a run folder and is not empty",
                    where=self.path,
                    why=f"it has no lock.json, but {foreign[0]!r}",
                    fix="choose an empty or new folder with --output",
                )

    @contextmanager
    def write_access(self) -> Iterator[Lease]:
        """Hold the folder for one writer, and yield its lease; a holder that was killed holds it no longer.

        Raises:
            StoreError: Another process holds it, it cannot be written, or a symbolic link in it leads out of it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lease = take_lease(self.path)
        except OSError as error:
            raise unwritable(self.path, error, "the run folder cannot be written") from error
        try:
            lease.show_life()
            self._refuse_ways_out()
            for leftover in self.path.rglob(f".*{TEMPORARY}"):
                leftover.unlink(missing_ok=True)
            _end_last_line(self.path / "events.jsonl")
            yield lease
        finally:
            lease.release()

    def _refuse_ways_out(self) -> None:
        """Refuse links through which shards would be written, or set aside, in a folder that is not this run's."""
        root = self.path.resolve()
        tops = [self.path / part for part in _SHARDS]
        within = (Path(folder, name) for top in tops for folder, names, _ in os.walk(top) for name in names)
        for link in (*tops, *within):
            if link.is_symlink() and not link.resolve().is_relative_to(root):
                raise StoreError(
                    "nothing is written through a symbolic link that leads out of the run folder",
                    where=link,
                    why=f"it leads to {link.resolve()}",
                    fix="replace it by a copy of its folder; to store a run elsewhere, link the whole run folder",
                )

    @contextmanager
    def existing_write_access(self) -> Iterator[None]:
        """Hold a run folder that must be there already.

        Raises:
            StoreError: It is no run folder, another process holds it, or it cannot be written.
        """
        if not self.lock_file.is_file():
            raise StoreError(
                "this is not a run folder", where=self.path, why="it has no lock.json", fix="run an experiment first"
            )
        with self.write_access():
            yield

    def log(self, event: Mapping[str, Any]) -> None:
        """Append one event, with the time in UTC, to ``events.jsonl`` in a single write.

        Raises:
            StoreError: The event log cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps({"time": now, **event}, ensure_ascii=False, sort_keys=True) + "\n"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self.path / "events.jsonl", flags, 0o666)
            try:
                content = line.encode("utf-8", "replace")
                # A disk that fills up takes a part without an error.
                if os.write(descriptor, content) < len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(descriptor)
        except OSError as error:
            path = self.path / "events.jsonl"
            if not path.is_symlink():
                raise unwritable(path, error, "the event log cannot be written") from error
            raise StoreError(
                "the event log cannot be written",
                where=path,
                why="it is a symbolic link, which may lead out of the run folder",
                fix="replace it by a copy of its file",
            ) from error

    def created_at(self) -> float | None:
        """Return when the first event was logged, in seconds since the epoch; ``None`` if that is not known."""
        return next(map(event_time, self.events()), None)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the logged events; a last line cut off by a crash is left out."""
        try:
            text = (self.path / "events.jsonl").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        # Not splitlines: messages in JSON may hold U+2028 and the like as they are.
        for line in text.split("\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event


def _other_format(content: Mapping[str, Any]) -> str:
    return (
        f"this run folder is of format {content.get('format', 'none')} ({_writer(content)})"
        f", and polyarena {version('polyarena')} reads format {FORMAT}"
    )


def _other_keys(content: Mapping[str, Any]) -> str:
    return (
        f"the lock of this run folder ({_writer(content)}) has keys that polyarena {version('polyarena')} does not know"
        ": another build wrote it"
    )


def _writer(content: Mapping[str, Any]) -> str:
    versions = content.get("versions")
    written_by = versions.get("polyarena") if isinstance(versions, Mapping) else None
    return f"polyarena {written_by or 'of an unknown version'}"


def event_time(event: Mapping[str, Any]) -> float | None:
    """Return when an event was logged, in seconds since the epoch; ``None`` if it does not say."""
    try:
        return datetime.fromisoformat(event["time"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None


def _end_last_line(path: Path) -> None:
    """End a line that a crash cut off, so that the next event does not continue it."""
    if not path.is_symlink() and path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
