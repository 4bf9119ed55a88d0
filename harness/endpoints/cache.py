"""Answers that were paid for, kept so that the same question is never paid for twice."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError

_APPLICATION = 0x706F6C79  # "poly": tells our files from any other SQLite database
_VERSION = 1
_BUSY_S = 60.0


class CallCache:
    """Replies by the key of their call, in one SQLite file that several processes may share.

    Only answers are kept, never failures, and neither questions nor API keys. Each answer is on disk before it is
    handed on, so that a killed process loses none (write-ahead log, without waiting for the disk itself: a power cut
    may cost the last answers, not the file).

    Args:
        path: The file; it and its folders are made if they are missing.

    Raises:
        StoreError: The file cannot be made, read or written, or it is not a call cache of this version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise self._unusable(error) from error
        except StoreError:
            self._connection.close()
            raise

    def get(self, key: str) -> Reply | None:
        """Return the answer kept under this key, without a cost, or ``None``.

        Raises:
            StoreError: The file cannot be read.
        """
        try:
            with self._lock:
                row = self._connection.execute(
                    "SELECT text, finish_reason, prompt_tokens, completion_tokens FROM replies WHERE key = ?",
                    (bytes.fromhex(key),),
                ).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return None if row is None else Reply(*row)

    def put(self, key: str, reply: Reply) -> None:
        """Keep an answer; the first one under a key stays.

        Raises:
            ValueError: The reply is a failure.
            StoreError: The file cannot be written.
        """
        if reply.error is not None:
            raise ValueError("a failure is not an answer and is never kept")
        row = (bytes.fromhex(key), reply.text, reply.finish_reason, reply.prompt_tokens, reply.completion_tokens)
        try:
            with self._lock:
                self._connection.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        try:
            with self._lock:
                return int(self._connection.execute("SELECT count(*) FROM replies").fetchone()[0])
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Close the file; the last process to do so folds the write-ahead log into it."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        execute = self._connection.execute
        # Read before the first write: another program's database must not be changed.
        if execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._check()
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        # Immediate: of several processes that find no table, one makes it while the others wait.
        execute("BEGIN IMMEDIATE")
        try:
            if not execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                execute(
                    "CREATE TABLE replies (key BLOB PRIMARY KEY, text TEXT NOT NULL, finish_reason TEXT, "
                    "prompt_tokens INTEGER, completion_tokens INTEGER) WITHOUT ROWID"
                )
                execute(f"PRAGMA application_id = {_APPLICATION}")
                execute(f"PRAGMA user_version = {_VERSION}")
        finally:
            execute("COMMIT")
        self._check()

    def _check(self) -> None:
        application, version = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if application != _APPLICATION:
            raise StoreError(
                "this database is not a polyarena call cache",
                where=self.path,
                fix="move it away, or choose another path for the call cache",
            )
        if version != _VERSION:
            raise StoreError(
                f"this call cache has format {version}, this polyarena reads format {_VERSION}",
                where=self.path,
                fix="use the polyarena version that wrote it, or move it away to start a new one",
            )

    def _unusable(self, error: Exception) -> StoreError:
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        if damaged:
            return StoreError(
                "the call cache is damaged or not a SQLite file",
                where=self.path,
                why=str(error),
                fix="restore it, or move it away; calls that are in no other cache will be paid for again",
            )
        return StoreError(
            "the call cache cannot be read or written",
            where=self.path,
            why=str(error),
            fix="choose a place that can be written and has free space, on a local disk",
        )
