"""Claims on calls: of several runs that share a call cache, one makes the request and the others wait."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from polyarena.tasks.errors import StoreError

_BEAT_S = 5.0
_PATIENCE_S = 60.0


class Claims:
    """The claims of one process on questions that are in flight; kept in the call cache, by the key of the question.

    A claim is free again when its question is answered or has failed, when its holder closes, and when its holder is
    gone: a holder on this machine is gone when the file that it keeps locked is free; one on another machine, when it
    has not renewed its claims for a minute by the clock of the waiting process. No clocks are compared.

    Args:
        path: Of the call cache.
        execute: Executes a statement in it.
    """

    def __init__(self, path: Path, execute: Callable[[str, Sequence[Any]], list[Any]]) -> None:
        self._path = path
        self._execute = execute
        self._token = secrets.token_hex(8)
        self._holder = f"{socket.gethostname()}:{self._token}"
        self._alive = self._lock_of(self._token)
        self._owners: dict[str, object] = {}
        self._seen: dict[str, tuple[int, float]] = {}
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._heart: threading.Thread | None = None

    def take(self, key: str, owner: object) -> bool:
        """Claim a call for an owner in this process, and return whether the claim succeeded.

        Raises:
            StoreError: The call cache cannot be read or written.
        """
        with self._lock:
            if key in self._owners:
                return self._owners[key] is owner
            if self._closed.is_set():
                return False
            self._begin()
            digest = bytes.fromhex(key)
            statement = "INSERT OR IGNORE INTO claims VALUES (?, ?) RETURNING holder"
            holder = self._holder if self._execute(statement, (digest, self._holder)) else self._holder_of(digest)
            if holder != self._holder and (holder is None or self._is_gone(holder)):
                values = (self._holder, digest, holder)
                self._execute("UPDATE claims SET holder = ? WHERE key = ? AND holder = ?", values)
                self._execute("INSERT OR IGNORE INTO claims VALUES (?, ?)", (digest, self._holder))
                holder = self._holder_of(digest)
            if holder != self._holder:
                return False
            self._owners[key] = owner
            return True

    def take_free(self, keys: Sequence[str], owner: object) -> set[str]:
        """Claim those of several calls that nobody holds, in one transaction; return all that the owner holds then.

        Claims of others are left as they are, even if their holder is gone: :meth:`take` looks into that.

        Raises:
            StoreError: The call cache cannot be read or written.
        """
        with self._lock:
            free = [] if self._closed.is_set() else [key for key in keys if key not in self._owners]
            if free:
                self._begin()
                rows = [value for key in free for value in (bytes.fromhex(key), self._holder)]
                places = ", ".join(["(?, ?)"] * len(free))
                taken = self._execute(f"INSERT OR IGNORE INTO claims VALUES {places} RETURNING key", rows)
                self._owners.update((row[0].hex(), owner) for row in taken)
            return {key for key in keys if self._owners.get(key) is owner}

    def release(self, key: str, owner: object) -> None:
        """Release a claim; does nothing if it belongs to another owner."""
        with self._lock:
            if self._owners.get(key) is owner:
                del self._owners[key]
                values = (bytes.fromhex(key), self._holder)
                self._execute("DELETE FROM claims WHERE key = ? AND holder = ?", values)

    def answered(self, keys: Iterable[str]) -> None:
        """Forget claims on questions that were answered: the cache has deleted them with the same transaction."""
        with self._lock:
            for key in keys:
                self._owners.pop(key, None)

    def release_all(self, owner: object) -> None:
        """Release all claims of an owner."""
        with self._lock:
            for key in [key for key, each in self._owners.items() if each is owner]:
                self.release(key, owner)

    def close(self) -> None:
        """Release all claims of this process; it may be called twice."""
        self._closed.set()
        with self._lock:
            if self._heart is None:
                return
            self._heart = None
            self._owners.clear()
            try:
                self._execute("DELETE FROM claims WHERE holder = ?", (self._holder,))
                self._execute("DELETE FROM holders WHERE holder = ?", (self._holder,))
            finally:
                # Without the lock, the claims that are left are free.
                self._alive.release()
                Path(self._alive.lock_file).unlink(missing_ok=True)

    def _holder_of(self, digest: bytes) -> str | None:
        rows = self._execute("SELECT holder FROM claims WHERE key = ?", (digest,))
        return str(rows[0][0]) if rows else None

    def _begin(self) -> None:
        """Register this process as alive, before its first claim."""
        if self._heart is None:
            self._alive.acquire()
            self._execute("INSERT OR REPLACE INTO holders VALUES (?, 0)", (self._holder,))
            # A daemon: a caller that never closes must still be able to leave.
            self._heart = threading.Thread(target=self._beat, name="polyarena-claims", daemon=True)
            self._heart.start()

    def _beat(self) -> None:
        while not self._closed.wait(_BEAT_S):
            with self._lock, suppress(StoreError):
                # A disk that is full for a while costs a beat, and not all further ones.
                if not self._closed.is_set():
                    self._execute("UPDATE holders SET beat = beat + 1 WHERE holder = ?", (self._holder,))

    def _is_gone(self, holder: str) -> bool:
        host, _, token = holder.rpartition(":")
        if host == socket.gethostname():
            return self._left_its_lock(token)
        rows = self._execute("SELECT beat FROM holders WHERE holder = ?", (holder,))
        beat = int(rows[0][0]) if rows else -1
        seen, since = self._seen.get(holder, (None, 0.0))
        if seen != beat:
            self._seen[holder] = (beat, time.monotonic())
            return False
        return time.monotonic() - since > _PATIENCE_S

    def _left_its_lock(self, token: str) -> bool:
        if not token.isalnum():
            return True
        lock = self._lock_of(token)
        if not Path(lock.lock_file).exists():
            return True
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
        return True

    def _lock_of(self, token: str) -> FileLock:
        return FileLock(self._path.with_name(f".{self._path.name}.{token}.lock"), thread_local=False)
