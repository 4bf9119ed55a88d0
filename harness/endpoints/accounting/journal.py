"""Each request of a run folder, written down before it is sent and after it has ended: a kill hides nothing.

One JSON object a line, in ``attempts.jsonl``:

- ``{"label": 3, "who": ..., "name": ..., "task": ..., "language": ..., "model": ..., "batch": ..., "prices": ...}``
  says what the requests with this label are made for, and at which prices.
- ``{"sent": 17, "label": 3, "key": ..., "most": "0.0123"}`` is written before a request is sent; ``most`` is the most
  that it can cost, where there are prices.
- ``{"ended": 17, "outcome": "ok", "tokens": [900, 12, 0]}`` is written once it is known what it came to, after its
  answer is in the call cache; ``tokens`` are those of prompt and completion, and the cached part of the former.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from polyarena.harness.endpoints.accounting.cost_label import CostLabel
from polyarena.harness.endpoints.close_on_exit import CloseOnExit
from polyarena.harness.endpoints.settings import Prices
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError

ABANDONED = "abandoned"
LOST = "batch"
_UNBILLED = ("connection", "quota", LOST)


@dataclass(frozen=True, slots=True)
class Account:
    """What requests are made for, and at which prices.

    Attributes:
        purpose: What for.
        model: The model's name at the endpoint.
        batch: Whether they are made in batch mode.
        prices: ``None`` if they are unknown.
    """

    purpose: CostLabel
    model: str
    batch: bool = False
    prices: Prices | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request.

    Attributes:
        label: What it was made for.
        key: Of its question, as in the call cache.
        most: The most that it can cost; ``None`` without prices.
        outcome: As in :class:`polyarena.harness.endpoints.accounting.ledger.Totals`; ``None`` while it is under way.
        prompt_tokens: As the endpoint counted.
        completion_tokens: Likewise.
        cached_tokens: Likewise.
    """

    label: Account
    key: str
    most: Decimal | None = None
    outcome: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None

    @property
    def metered(self) -> bool:
        """Whether the endpoint has counted its tokens."""
        return self.prompt_tokens is not None and self.completion_tokens is not None

    @property
    def maybe_billed(self) -> bool:
        """Whether it ended, or is under way, without an answer or a count, and nobody knows whether it was billed.

        So it is with a timeout, a body that was cut off or cannot be read, an answer that a filter withheld, and a
        request that nobody waited for. One that was refused, or never arrived, is not billed.
        """
        return not self.metered and self.outcome != "ok" and not is_unbilled(self.outcome or ABANDONED)

    @property
    def cost(self) -> Decimal | None:
        """The exact cost; zero for a request that was surely not billed, ``None`` if it is unknown."""
        if not self.metered:
            return None if self.outcome == "ok" or self.maybe_billed else Decimal(0)
        if self.label.prices is None:
            return None
        counts = (self.prompt_tokens, self.completion_tokens, self.cached_tokens)
        return self.label.prices.cost(*counts, batch=self.label.batch)

    @property
    def at_most(self) -> Decimal | None:
        """The cost, and where it is unknown the most that it can be; ``None`` without prices."""
        return self.most if self.cost is None else self.cost

    @property
    def charge(self) -> Decimal:
        """What counts against a budget: :attr:`at_most`, which is known wherever there is a budget."""
        return self.at_most or Decimal(0)


def is_unbilled(outcome: str) -> bool:
    """Return whether a request that came to this, without a count of tokens, was surely not billed."""
    return outcome.isdigit() or outcome in _UNBILLED


def read_entries(path: Path) -> dict[int, JournalEntry]:
    """Return the requests in a journal by their number; empty if there is none. Lines that a crash cut off are skipped.

    Raises:
        StoreError: The file cannot be read.
    """
    labels: dict[int, Account] = {}
    entries: dict[int, JournalEntry] = {}
    for line in _lines(path):
        if "label" in line and "who" in line:
            labels[line["label"]] = _label(line)
        elif "sent" in line and line["label"] in labels:
            most = None if line["most"] is None else Decimal(line["most"])
            entries[line["sent"]] = JournalEntry(labels[line["label"]], line["key"], most)
        elif "ended" in line and line["ended"] in entries:
            prompt, completion, cached = line["tokens"]
            entries[line["ended"]] = replace(
                entries[line["ended"]],
                outcome=line["outcome"],
                prompt_tokens=prompt,
                completion_tokens=completion,
                cached_tokens=cached,
            )
    return entries


class Journal(CloseOnExit):
    """Writes the journal of a run folder; one process at a time, any of its threads.

    Requests that an earlier process was killed over are ended first: as answered if their answer is in the call cache
    (the kill came between the two writes), else as abandoned. Those in a batch go on without us and stay open.

    Args:
        path: The file; made when the first request is sent.
        answered: Looks an answer up in the call cache.

    Attributes:
        entries_before: All requests of earlier processes, by number.
        open_batches: Of these, the ones in a batch that has not been seen to end, by the key of their question.

    Raises:
        StoreError: The file cannot be read or written.
    """

    def __init__(self, path: Path, answered: Callable[[str], Reply | None]) -> None:
        self.path = path
        self.open_batches: dict[str, tuple[int, JournalEntry]] = {}
        self._lock = threading.Lock()
        self._file: int | None = None
        self._labels: dict[str, int] = {}
        self._numbers: dict[Account, int] = {}
        self.entries_before = read_entries(path)
        self._next = max(self.entries_before, default=0) + 1
        for line in _lines(path):
            if "label" in line and "who" in line:
                # A later line gives the number a new meaning, for the requests after it.
                number = line.pop("label")
                self._labels[json.dumps(line, sort_keys=True)] = number
        if path.exists():
            self._write(b"" if _ends_whole(path) else b"\n")
        for number, entry in self.entries_before.items():
            if entry.outcome is not None:
                continue
            reply = answered(entry.key)
            if reply is None and entry.label.batch:
                self.open_batches[entry.key] = (number, entry)
            else:
                self.ended(number, ABANDONED if reply is None else "ok", reply or Reply(""))
        self.entries_before = read_entries(path)

    def sent(self, label: Account, key: str, most: Decimal | None) -> int:
        """Write down that a request is about to be sent, and return its number."""
        with self._lock:
            number = self._next
            self._next += 1
            line = {"sent": number, "label": self._number_of(label), "key": key, "most": _text(most)}
            self._write(_line(line))
        return number

    def ended(self, number: int, outcome: str, reply: Reply) -> None:
        """Write down what a request came to."""
        self.all_ended([(number, outcome, reply)])

    def all_ended(self, requests: Iterable[tuple[int, str, Reply]]) -> None:
        """Write down what several requests came to, by number, outcome and reply, in one write."""
        lines = []
        for number, outcome, reply in requests:
            tokens = [reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens]
            lines.append(_line({"ended": number, "outcome": outcome, "tokens": tokens}))
        with self._lock:
            self._write(b"".join(lines))

    def close(self) -> None:
        """Close the file; harmless when done twice."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _number_of(self, label: Account) -> int:
        number = self._numbers.get(label)
        if number is None:
            number = self._numbers[label] = self._written_label(label)
        return number

    def _written_label(self, label: Account) -> int:
        fields: dict[str, Any] = {
            **asdict(label.purpose),
            "model": label.model,
            "batch": label.batch,
            "prices": None if label.prices is None else label.prices.model_dump(mode="json"),
        }
        text = json.dumps(fields, sort_keys=True)
        number = self._labels.get(text)
        if number is None:
            number = self._labels[text] = max(self._labels.values(), default=0) + 1
            self._write(_line({"label": number, **fields}))
        return number

    def _write(self, content: bytes) -> None:
        # One write to a file opened for appending: whole, or cut off at the end, whatever kills the process.
        try:
            if self._file is None:
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.write(self._file, content)
        except OSError as error:
            raise StoreError(
                "the journal of requests cannot be written", where=self.path, why=error.strerror or str(error)
            ) from error


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except ValueError:
                    continue
                if isinstance(line, dict):
                    yield line
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(
            "the journal of requests cannot be read", where=path, why=error.strerror or str(error)
        ) from error


def _label(line: dict[str, Any]) -> Account:
    purpose = CostLabel(line["who"], line["name"], line["task"], line["language"])
    prices = None if line["prices"] is None else Prices.model_validate(line["prices"])
    return Account(purpose, line["model"], line["batch"], prices)


def _line(fields: dict[str, Any]) -> bytes:
    return (json.dumps(fields, separators=(",", ":")) + "\n").encode()


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
