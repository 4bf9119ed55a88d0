"""The call cache: stores replies, so that the same request is never paid for twice."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyarena.harness.endpoints.claims import Claims
from polyarena.harness.endpoints.close_on_exit import CloseOnExit
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError
from polyarena.tasks.text import sanitize_text

_APPLICATION = 0x706F6C79  # "poly": tells our files from any other SQLite database
_VERSION = 5
_BUSY_S = 60.0
_REPLIES = (
    "text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, thought, thought_tokens, batch, "
    "answered_at, served_by"
)
_KEEP = f"INSERT OR IGNORE INTO replies (key, {_REPLIES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TABLES = (
    "CREATE TABLE replies (key BLOB PRIMARY KEY, text TEXT NOT NULL, finish_reason TEXT, prompt_tokens INTEGER, "
    "completion_tokens INTEGER, cached_tokens INTEGER, batch INTEGER NOT NULL DEFAULT 0, thought TEXT, "
    "thought_tokens INTEGER, answered_at REAL, served_by TEXT) WITHOUT ROWID",
    "CREATE TABLE refusals (key BLOB PRIMARY KEY, error TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE batches (token TEXT PRIMARY KEY, url TEXT NOT NULL, id TEXT) WITHOUT ROWID",
    "CREATE TABLE batch_calls (key BLOB PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE outdated (source TEXT PRIMARY KEY, before REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE claims (key BLOB PRIMARY KEY, holder TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE holders (holder TEXT PRIMARY KEY, beat INTEGER NOT NULL) WITHOUT ROWID",
)
_FROM_4 = ("ALTER TABLE replies ADD COLUMN served_by TEXT",)
_FROM_3 = ("ALTER TABLE replies ADD COLUMN answered_at REAL", *_TABLES[4:], *_FROM_4)
_FROM_2 = (
    "ALTER TABLE replies ADD COLUMN thought TEXT",
    "ALTER TABLE replies ADD COLUMN thought_tokens INTEGER",
    *_FROM_3,
)
_FROM_1 = (
    "ALTER TABLE replies ADD COLUMN cached_tokens INTEGER",
    "ALTER TABLE replies ADD COLUMN batch INTEGER NOT NULL DEFAULT 0",
    *_TABLES[1:4],
    *_FROM_2,
)
_UPGRADES = {1: _FROM_1, 2: _FROM_2, 3: _FROM_3, 4: _FROM_4}
_MOST = 2**53  # counts beyond it are unknown: no server counts so many tokens, and SQLite holds no larger integers


@dataclass(frozen=True, slots=True)
class CachedReply:
    """An answer in the cache.

    Attributes:
        reply: The answer, without a cost.
        batch: Whether it was bought in batch mode, which has its own price.
        answered_at: When it was given, in seconds since the epoch; ``None`` if that was not recorded.
    """

    reply: Reply
    batch: bool
    answered_at: float | None = field(default=None, compare=False)


class CallCache(CloseOnExit):
    """Replies by the key of their call, in one SQLite file that several processes may share.

    It stores answers, the keys of calls that an endpoint refused permanently, and which calls are in a submitted batch.
    It never stores temporary failures, the text of requests, or API keys. Each answer is written before it is returned,
    so that a killed process loses none (write-ahead log without fsync: a power failure may lose the last answers, not
    the file). A file of an earlier format is upgraded.

    Attributes:
        claims: Claims on questions that are in flight.

    Args:
        path: The file; it and its folders are made if they are missing.

    Raises:
        StoreError: The file cannot be made, read or written, or it is not a call cache of this version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self.claims = Claims(self.path, self._execute)
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
        """Return the answer with this key, without a cost, or ``None``.

        Raises:
            StoreError: The file cannot be read.
        """
        kept = self.find(key)
        return None if kept is None else kept.reply

    def find(self, key: str, *, since: float = 0.0) -> CachedReply | None:
        """Return the answer with this key and how it was bought, or ``None``.

        Args:
            key: Of the call.
            since: Answers given before are not returned; in seconds since the epoch.

        Raises:
            StoreError: The file cannot be read.
        """
        return self.find_all([key], since=since).get(key)

    def find_all(self, keys: Sequence[str], *, since: float = 0.0) -> dict[str, CachedReply]:
        """Return what :meth:`find` returns for each of several keys, without those that have no answer.

        Raises:
            StoreError: The file cannot be read.
        """
        where = f"key IN ({', '.join('?' * len(keys))}) AND coalesce(answered_at, 0) >= ?"
        values = (*map(bytes.fromhex, keys), since)
        rows = self._execute(f"SELECT key, {_REPLIES} FROM replies WHERE {where}", values)
        return {row[0].hex(): self._cached(row[0].hex(), row[1:]) for row in rows}

    def _cached(self, key: str, row: Sequence[Any]) -> CachedReply:
        text, finish_reason, prompt, completion, cached, thought, thought_tokens, batch, answered_at, served = row
        if not isinstance(text, str):
            raise StoreError(
                "the call cache holds an answer that is no text",
                where=self.path,
                why=f"the column `text` of the row with the key {key} is of the type {type(text).__name__}",
                fix="restore the file, or delete that row: its question is then asked again",
            )
        reply = Reply(
            text,
            finish_reason if isinstance(finish_reason, str) else None,
            _count(prompt),
            _count(completion),
            cached_tokens=_count(cached),
            thought=thought if isinstance(thought, str) else None,
            thought_tokens=_count(thought_tokens),
            served_by=served if isinstance(served, str) else None,
        )
        at = float(answered_at) if isinstance(answered_at, int | float) else None
        return CachedReply(reply, bool(batch), at)

    def put(self, key: str, reply: Reply, *, batch: bool = False, since: float = 0.0) -> None:
        """Store an answer; as :meth:`put_all`."""
        self.put_all([(key, reply)], batch=batch, since=since)

    def put_all(self, answers: Iterable[tuple[str, Reply]], *, batch: bool = False, since: float = 0.0) -> None:
        """Store several answers in one transaction: all of them are on disk when it returns, or none is.

        The first answer under a key stays. Claims on the questions are released in the same transaction.

        Args:
            answers: Each with its key.
            batch: Whether they were bought in batch mode.
            since: Answers given before, in seconds since the epoch, are replaced.

        Raises:
            ValueError: One of them is a failure.
            StoreError: The file cannot be written.
        """
        kept = list(answers)
        rows = [_row(key, reply, batch=batch) for key, reply in kept]
        old = "DELETE FROM replies WHERE key = ? AND coalesce(answered_at, 0) < ?"
        outdated = [(old, [(row[0], since) for row in rows])] if since else []
        released = ("DELETE FROM claims WHERE key = ?", [(row[0],) for row in rows])
        self._write([*outdated, (_KEEP, rows), released])
        self.claims.answered(key for key, _ in kept)

    def mark_outdated(self, source: str) -> None:
        """Treat all answers of a source up to now as outdated.

        Args:
            source: As in :attr:`polyarena.harness.endpoints.EndpointSettings.source`, with the model's name.

        Raises:
            StoreError: The file cannot be written.
        """
        self._execute("INSERT OR REPLACE INTO outdated VALUES (?, ?)", (source, time.time()))

    def outdated_before(self, source: str) -> float:
        """Return the time before which answers of a source are outdated, in seconds since the epoch; 0 for none.

        Raises:
            StoreError: The file cannot be read.
        """
        rows = self._execute("SELECT before FROM outdated WHERE source = ?", (source,))
        return float(rows[0][0]) if rows else 0.0

    def refusal(self, key: str) -> str | None:
        """Return why this call was refused permanently, or ``None`` if it was not.

        Raises:
            StoreError: The file cannot be read.
        """
        return self.refusals([key]).get(key)

    def refusals(self, keys: Sequence[str]) -> dict[str, str]:
        """Return why each of several calls was refused permanently, without those that were not.

        Raises:
            StoreError: The file cannot be read.
        """
        where = f"key IN ({', '.join('?' * len(keys))})"
        rows = self._execute(f"SELECT key, error FROM refusals WHERE {where}", tuple(map(bytes.fromhex, keys)))
        return {key.hex(): str(error) for key, error in rows}

    def refuse(self, key: str, error: str) -> None:
        """Record that an endpoint refuses this call; the last reason is stored.

        Raises:
            StoreError: The file cannot be written.
        """
        self._execute("INSERT OR REPLACE INTO refusals VALUES (?, ?)", (bytes.fromhex(key), error))

    def register_batch(self, token: str, url: str, keys: Iterable[str]) -> list[str]:
        """Record, before it is sent, a batch with these calls, and return those of them that are in no other batch.

        Of several runs that submit the same call at once, one gets it; the others wait for its batch.

        Args:
            token: polyarena's name of the batch, stored with it at the server.
            url: Of the endpoint.
            keys: Of the questions.

        Raises:
            StoreError: The file cannot be written.
        """
        asked = list(keys)
        rows = [(bytes.fromhex(key), token) for key in asked]
        batch = ("INSERT OR REPLACE INTO batches VALUES (?, ?, NULL)", [(token, url)])
        self._write([batch, ("INSERT OR IGNORE INTO batch_calls VALUES (?, ?)", rows)])
        own = set(self.batch_keys(token))
        return [key for key in asked if key in own]

    def name_batch(self, token: str, batch_id: str) -> None:
        """Store the server's name of a batch."""
        self._execute("UPDATE batches SET id = ? WHERE token = ?", (batch_id, token))

    def open_batches(self, url: str) -> dict[str, str | None]:
        """Return the server's name of each batch submitted to this endpoint, by our name; ``None`` if it is unknown."""
        return dict(self._execute("SELECT token, id FROM batches WHERE url = ? ORDER BY token", (url,)))

    def batch_of(self, key: str) -> str | None:
        """Return our name of the open batch with this call, or ``None``."""
        rows = self._execute("SELECT token FROM batch_calls WHERE key = ?", (bytes.fromhex(key),))
        return str(rows[0][0]) if rows else None

    def batch_keys(self, token: str) -> list[str]:
        """Return the keys of the questions of an open batch, sorted."""
        rows = self._execute("SELECT key FROM batch_calls WHERE token = ? ORDER BY key", (token,))
        return [row[0].hex() for row in rows]

    def close_batch(self, token: str) -> None:
        """Delete a batch whose answers are all stored."""
        self._execute("DELETE FROM batch_calls WHERE token = ?", (token,))
        self._execute("DELETE FROM batches WHERE token = ?", (token,))

    def __contains__(self, key: str) -> bool:
        return self.has(key)

    def has(self, key: str, *, since: float = 0.0) -> bool:
        """Return whether there is an answer under this key that was given at or after ``since``."""
        where = "key = ? AND coalesce(answered_at, 0) >= ?"
        return bool(self._execute(f"SELECT 1 FROM replies WHERE {where}", (bytes.fromhex(key), since)))

    def __len__(self) -> int:
        return int(self._execute("SELECT count(*) FROM replies")[0][0])

    def close(self) -> None:
        """Close the file; the last process to close it merges the write-ahead log."""
        with suppress(StoreError):
            # Claims that cannot be given up are free once this process is gone.
            self.claims.close()
        with self._lock:
            self._connection.close()

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _write(self, statements: Iterable[tuple[str, Iterable[Sequence[Any]]]]) -> None:
        """Execute each statement with each of its rows, all in one transaction."""
        try:
            with self._lock:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    for statement, rows in statements:
                        self._connection.executemany(statement, rows)
                    self._connection.execute("COMMIT")
                except sqlite3.Error:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _prepare(self) -> None:
        execute = self._connection.execute
        # Read before the first write: another program's database must not be changed.
        if execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._check(*_UPGRADES, _VERSION)
        self._write_ahead()
        execute("PRAGMA synchronous = NORMAL")
        # Immediate: of several processes that find no table, one makes it while the others wait.
        execute("BEGIN IMMEDIATE")
        try:
            empty = not execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            version = self._pragma("user_version")
            if empty or version < _VERSION:
                for statement in _TABLES if empty else _UPGRADES[version]:
                    execute(statement)
                execute(f"PRAGMA application_id = {_APPLICATION}")
                execute(f"PRAGMA user_version = {_VERSION}")
        except sqlite3.Error:
            execute("ROLLBACK")
            raise
        execute("COMMIT")
        self._check(_VERSION)

    def _write_ahead(self) -> None:
        """Switch to the write-ahead log; SQLite does not wait by itself while another process does the same."""
        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    def _check(self, *versions: int) -> None:
        application, version = self._pragma("application_id"), self._pragma("user_version")
        if application != _APPLICATION:
            raise StoreError(
                "this database is not a polyarena call cache",
                where=self.path,
                fix="move it away, or choose another path for the call cache",
            )
        if version not in versions:
            raise StoreError(
                f"this call cache has format {version}, this polyarena reads format {_VERSION}",
                where=self.path,
                fix="use the polyarena version that wrote it, or move it away to start a new one",
            )

    def _unusable(self, error: Exception) -> StoreError:
        # Its subclasses say other things: a full disk, a lock, a file that was closed.
        if type(error) is sqlite3.DatabaseError:
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


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _row(key: str, reply: Reply, *, batch: bool = False) -> tuple[Any, ...]:
    if reply.error is not None:
        raise ValueError("a failure is not an answer and is never kept")
    counts = map(_count, (reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens))
    texts = (None if text is None else sanitize_text(text) for text in (reply.text, reply.finish_reason, reply.thought))
    text, finish_reason, thought = texts
    thought_tokens = _count(reply.thought_tokens)
    served = None if reply.served_by is None else sanitize_text(reply.served_by)
    return (bytes.fromhex(key), text, finish_reason, *counts, thought, thought_tokens, int(batch), time.time(), served)
