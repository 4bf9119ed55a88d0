"""The journal of a run folder: each request before it is sent and after it has ended, so that no request is lost.

It is the only record of requests: the ledger of a run, the cost table of the folder and the budgets are sums over it.
Several processes may write to one journal at a time. ``attempts.jsonl`` has one JSON object per line:

- ``{"label": 3, "who": ..., "name": ..., "task": ..., "language": ..., "model": ..., "batch": ..., "prices": ...}``
  defines a label: the purpose of requests, and their prices.
- ``{"sent": 17, "label": 3, "key": ..., "most": "0.0123", "writer": ...}`` is written before a request is sent.
  ``most`` is the most that it can cost, if prices are known. ``repeats`` is the outcome of the request that it repeats,
  if any.
- ``{"ended": 17, "outcome": "ok", "tokens": [900, 12, 0]}`` is written once the outcome is known and the answer is in
  the call cache; ``tokens`` counts prompt tokens, completion tokens and cached prompt tokens.

Lines that cannot be read, or have values of another type, are skipped.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from polyarena.harness.endpoints.accounting.cost_label import CostLabel
from polyarena.harness.endpoints.accounting.entry import ABANDONED, Account, JournalEntry
from polyarena.harness.endpoints.close_on_exit import CloseOnExit
from polyarena.harness.endpoints.settings import Prices
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError

_MOST = 2**53
_UNREADABLE = (KeyError, TypeError, ValueError, ArithmeticError)
_Change = tuple[JournalEntry | None, JournalEntry]
"""A request before and after a line; ``None`` before the first one."""


class _Lines:
    """Parses the lines of a journal into entries."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.entries: dict[int, JournalEntry] = {}
        self.writers: dict[int, str] = {}
        self.numbers: dict[Account, int] = {}
        self.highest = 0

    def read(self, content: bytes) -> Iterator[_Change]:
        """Parse lines; yield each entry that they change, before and after the change."""
        for text in content.split(b"\n"):
            try:
                line = json.loads(text.decode("utf-8", "replace"))
                changed = self._take(line) if isinstance(line, dict) else None
            except (RecursionError, *_UNREADABLE):
                continue
            if changed is not None:
                yield changed

    def _take(self, line: dict[str, Any]) -> _Change | None:
        if "label" in line and "who" in line:
            self.define(_number(line["label"]), _account(line))
        elif "sent" in line:
            number = _number(line["sent"])
            if number in self.entries:
                return None
            entry = JournalEntry(
                self.accounts[_number(line["label"])],
                bytes.fromhex(line["key"]).hex(),
                _amount(line["most"]),
                repeats=_text(line.get("repeats")),
            )
            return self.begin(number, entry, _text(line.get("writer")) or "")
        elif "ended" in line:
            prompt, completion, cached = map(_count, line["tokens"])
            reply = Reply("", None, prompt, completion, cached_tokens=cached)
            return self.end(_number(line["ended"]), str(_text(line["outcome"]) or ABANDONED), reply)
        return None

    def define(self, number: int, account: Account) -> None:
        """Take a label; a later line gives its number a new meaning, for the requests after it."""
        if number in self.accounts:
            self.numbers = {known: each for known, each in self.numbers.items() if each != number}
        self.accounts[number] = account
        self.numbers[account] = number

    def begin(self, number: int, entry: JournalEntry, writer: str) -> _Change:
        """Take a request that is sent."""
        self.entries[number] = entry
        self.writers[number] = writer
        self.highest = max(self.highest, number)
        return None, entry

    def end(self, number: int, outcome: str, reply: Reply) -> _Change:
        """Take the end of a request."""
        before = self.entries[number]
        self.entries[number] = after = before.ended(outcome, reply)
        return before, after

    def forget(self, number: int) -> None:
        """Forget a request of which no further line will come."""
        del self.entries[number], self.writers[number]


def read_entries(path: Path) -> dict[int, JournalEntry]:
    """Return the requests in a journal by their number; empty if there is none.

    Raises:
        StoreError: The file cannot be read.
    """
    lines = _Lines()
    for _ in lines.read(_content(path, 0)):
        pass
    return lines.entries


class Journal(CloseOnExit):
    """Writes the journal of a run folder; any number of processes and threads at a time.

    Requests of processes that are gone are ended when a journal is opened: as answered if their answer is in the call
    cache (the kill came between the two writes), else as abandoned. Those in a batch are still in progress at the
    server and stay open.

    Args:
        path: The file; made when the first request is sent.
        answered: Looks an answer up in the call cache.
        exclusive: Whether the caller holds the run folder, so that no other process writes. The file is then not
            locked, which is faster and works on disks without file locks.

    Attributes:
        open_batches: Requests of earlier processes in a batch that has not been seen to end, by the key of their
            question.

    Raises:
        StoreError: The file cannot be read or written.
    """

    def __init__(self, path: Path, answered: Callable[[str], Reply | None], *, exclusive: bool = False) -> None:
        self.path = path
        self._exclusive = exclusive
        self.open_batches: dict[str, tuple[int, JournalEntry]] = {}
        self._lock = threading.RLock()
        self._file: int | None = None
        self._file_lock = FileLock(path.with_name(".attempts.lock"), thread_local=False)
        self._writer = secrets.token_hex(8)
        self._alive = self._lock_of(self._writer)
        self._holding = False
        self._lines = _Lines()
        self._offset = 0
        self._cut_off = False
        self._charged: dict[str | None, Decimal] = {}
        self._reserved: dict[str | None, Decimal] = {}
        # Without requests there is nothing to end, and reading must not need a folder that can be written.
        if path.exists():
            with self.transaction():
                self._close_orphaned_requests(answered)

    def _close_orphaned_requests(self, answered: Callable[[str], Reply | None]) -> None:
        open_numbers = [number for number, entry in self._lines.entries.items() if entry.outcome is None]
        alive = {writer: self._is_alive(writer) for writer in {self._lines.writers[number] for number in open_numbers}}
        ended = []
        for number in open_numbers:
            entry = self._lines.entries[number]
            if alive[self._lines.writers[number]]:
                continue
            reply = answered(entry.key)
            if reply is None and entry.account.batch:
                self.open_batches[entry.key] = (number, entry)
            else:
                ended.append((number, ABANDONED if reply is None else "ok", reply or Reply("")))
        self.all_ended(ended)
        if self._exclusive:
            # Nobody else writes, so nothing more is said of them: memory stays flat over any number of requests.
            for number in [number for number, entry in self._lines.entries.items() if entry.outcome is not None]:
                self._lines.forget(number)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Lock the journal: within the block, all entries are known and no other process writes.

        Raises:
            StoreError: The file cannot be locked, read or written.
        """
        with self._lock:
            if self._exclusive:
                if not self._offset:
                    self._read_new()
                yield
                return
            try:
                self._file_lock.acquire()
            except (OSError, NotImplementedError) as error:
                raise self._unwritable(error) from error
            try:
                if self._file_lock.lock_counter == 1:
                    self._read_new()
                yield
            finally:
                self._file_lock.release()

    def sent(self, account: Account, key: str, max_cost: Decimal | None, *, repeats: str | None = None) -> int:
        """Record that a request is about to be sent, and return its number.

        Args:
            account: To which its cost is charged.
            key: Of its question in the call cache.
            max_cost: The most that it can cost, in the currency of its prices; ``None`` without prices.
            repeats: Outcome of the request that it repeats, if any.

        Raises:
            StoreError: The journal cannot be written; the request must not be sent then.
        """
        with self.transaction():
            self._hold()
            number = self._lines.highest + 1
            known = self._lines.numbers.get(account)
            label = max(self._lines.accounts, default=0) + 1 if known is None else known
            content = b"" if known is not None else _line({"label": label, **_fields(account)})
            # Not `json.dumps`, which takes most of the time; none of these texts needs to be escaped.
            most = "null" if max_cost is None else f'"{max_cost:f}"'
            again = "" if repeats is None else f',"repeats":{json.dumps(repeats)}'
            line = f'{{"sent":{number},"label":{label},"key":"{key}","most":{most},"writer":"{self._writer}"{again}}}\n'
            self._append(content + line.encode())
            if known is None:
                self._lines.define(label, account)
            entry = JournalEntry(account, key, max_cost, repeats=repeats)
            self._count([self._lines.begin(number, entry, self._writer)])
        return number

    def ended(self, number: int, outcome: str, reply: Reply) -> None:
        """Record the outcome of a request."""
        self.all_ended([(number, outcome, reply)])

    def all_ended(self, requests: Iterable[tuple[int, str, Reply]]) -> None:
        """Record the outcomes of several requests, by number, outcome and reply, in one write."""
        ended = list(requests)
        lines = []
        for number, outcome, reply in ended:
            tokens = [reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens]
            lines.append(_line({"ended": number, "outcome": outcome, "tokens": tokens}))
        if lines:
            with self.transaction():
                self._append(b"".join(lines))
                # Not read from the lines again, because that takes most of the time.
                known = [each for each in ended if each[0] in self._lines.entries]
                self._count([self._lines.end(*each) for each in known])
                if self._exclusive:
                    for number in {number for number, _, _ in known}:
                        self._lines.forget(number)

    def charged(self, judge: str | None = None) -> Decimal:
        """Return what the requests that have ended count against the budget of a judge, or of everything."""
        return self._charged.get(judge, Decimal(0))

    def reserved(self, judge: str | None = None) -> Decimal:
        """Return the most that the requests in flight can cost, of a judge or of everything, in all processes."""
        return self._reserved.get(judge, Decimal(0))

    def close(self) -> None:
        """Close the file and release this writer's lock; it may be called twice."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            if self._holding:
                self._holding = False
                self._alive.release()
                Path(self._alive.lock_file).unlink(missing_ok=True)

    def _hold(self) -> None:
        """Hold the lock that shows other processes that this writer is alive; the system releases it after a kill."""
        if not self._holding and not self._exclusive:
            try:
                self._alive.acquire()
            except (OSError, NotImplementedError) as error:
                raise self._unwritable(error) from error
            self._holding = True

    def _lock_of(self, writer: str) -> FileLock:
        return FileLock(self.path.with_name(f".attempts.{writer}.lock"), thread_local=False)

    def _is_alive(self, writer: str) -> bool:
        lock = self._lock_of(writer)
        if self._exclusive or not writer.isalnum() or not Path(lock.lock_file).exists():
            return False
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
        return False

    def _read_new(self) -> None:
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size <= self._offset:
            return
        content = _content(self.path, self._offset)
        self._offset += len(content)
        self._count(self._lines.read(content))
        if not content.endswith(b"\n"):
            # Whoever wrote the last line was killed over it; nobody writes while the journal is held.
            self._append(b"\n")

    def _count(self, changes: Iterable[_Change]) -> None:
        for before, after in changes:
            if after.max_cost is None and after.account.prices is None:
                continue
            scopes = [None, after.account.label.name] if after.account.label.who == "judges" else [None]
            for scope in scopes:
                if before is None or before.outcome is None:
                    change = (after.max_cost or Decimal(0)) * (1 if before is None else -1)
                    self._reserved[scope] = self.reserved(scope) + change
                else:
                    self._charged[scope] = self.charged(scope) - before.charge
                if after.outcome is not None:
                    self._charged[scope] = self.charged(scope) + after.charge

    def _append(self, content: bytes) -> None:
        # One write to a file opened for appending: whole, or cut off at the end, whatever kills the process.
        if self._cut_off:
            content = b"\n" + content
        try:
            if self._file is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
                self._file = os.open(self.path, flags, 0o666)
            written = os.write(self._file, content)
            self._offset += written
            if written < len(content):
                # A disk that fills up takes a part without an error; a request whose line is cut off must not be sent.
                self._cut_off = True
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise self._unwritable(error) from error
        self._cut_off = False

    def _unwritable(self, error: Exception) -> StoreError:
        if self.path.is_symlink():
            return StoreError(
                "the journal of requests is a symbolic link",
                where=self.path,
                why="polyarena does not write through links that lead out of a run folder",
                fix="replace the link by a copy of its file, or delete it",
            )
        return StoreError(
            "the journal of requests cannot be written",
            where=self.path,
            why=getattr(error, "strerror", None) or str(error),
            fix="make the run folder writable, or free space on its disk; a network disk must support file locks",
        )


def _content(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(
            "the journal of requests cannot be read",
            where=path,
            why=error.strerror or str(error),
            fix="make it readable; without it the costs of this folder are unknown",
        ) from error


def _account(line: dict[str, Any]) -> Account:
    texts = [line[name] for name in ("who", "name", "task", "language", "model")]
    if not all(isinstance(text, str) for text in texts) or not isinstance(line["batch"], bool):
        raise TypeError("an account of other types")
    prices = None if line["prices"] is None else Prices.model_validate(line["prices"])
    return Account(CostLabel(*texts[:4]), texts[4], line["batch"], prices)


def _fields(account: Account) -> dict[str, Any]:
    prices = None if account.prices is None else account.prices.model_dump(mode="json")
    return {**asdict(account.label), "model": account.model, "batch": account.batch, "prices": prices}


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise TypeError("no number of a request")
    return value


def _count(value: object) -> int | None:
    with suppress(TypeError):
        return _number(value)
    return None


def _amount(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("no amount of money") from error
    if not amount.is_finite() or amount < 0:
        raise ValueError("no amount of money")
    return amount


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _line(fields: dict[str, Any]) -> bytes:
    return (json.dumps(fields, separators=(",", ":")) + "\n").encode()
