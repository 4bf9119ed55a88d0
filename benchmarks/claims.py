"""Measures what it costs a request to be claimed and to be written down, in microseconds of processor time.

    python benchmarks/claims.py [--requests 20000]

Before a question is sent it is claimed in the call cache, so that no other process asks it, and the journal gets a
line, so that its cost is known after a kill; afterwards the journal gets another line, and the answer is stored, which
deletes the claim. Each step is measured alone, one question at a time and several in one transaction.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from polyarena.harness.endpoints.accounting.cost_label import CostLabel
from polyarena.harness.endpoints.accounting.entry import Account
from polyarena.harness.endpoints.accounting.journal import Journal
from polyarena.harness.endpoints.cache import CallCache
from polyarena.judges.protocol import Reply

TOGETHER = (1, 4, 16, 64)


def time_step(title: str, step: Callable[[list[str]], object], keys: list[str], together: int) -> None:
    """Print the microseconds that a step takes for each key."""
    clock, processor = time.perf_counter(), time.process_time()
    for start in range(0, len(keys), together):
        step(keys[start : start + together])
    spent, waited = time.process_time() - processor, time.perf_counter() - clock
    print(f"| {title} | {together} | {1e6 * spent / len(keys):.0f} | {1e6 * waited / len(keys):.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000)
    count = parser.parse_args().requests
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print("| step | together | processor, µs | clock, µs |")
    print("| --- | ---: | ---: | ---: |")
    for together in TOGETHER:
        measure([hashlib.sha256(f"{together}:{number}".encode()).hexdigest() for number in range(count)], together)


def measure(keys: list[str], together: int) -> None:
    """Claim, note and answer all keys, so many in a transaction, and print a row of the table for each step."""
    label = Account(CostLabel("judge", "j", "t", "deu_Latn"), "m", False, None)
    reply, owner, numbers = Reply("[[A>B]]", "stop", 100, 5), object(), dict[str, int]()
    with (
        tempfile.TemporaryDirectory() as folder,
        CallCache(Path(folder) / "calls.sqlite") as cache,
        Journal(Path(folder) / "attempts.jsonl", cache.get, exclusive=True) as journal,
    ):

        def sent(some: list[str]) -> None:
            with journal.transaction():
                numbers.update({key: journal.sent(label, key, Decimal(0)) for key in some})

        def ended(some: list[str]) -> None:
            journal.all_ended([(numbers[key], "answered", reply) for key in some])

        time_step("claim", lambda some: cache.claims.take_free(some, owner), keys, together)
        time_step("journal: sent", sent, keys, together)
        time_step("journal: ended", ended, keys, together)
        time_step("answer stored, claim released",
                  lambda some: cache.put_all([(key, reply) for key in some]), keys, together)  # fmt: skip


if __name__ == "__main__":
    main()
