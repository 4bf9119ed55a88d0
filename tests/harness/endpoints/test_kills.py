"""``kill -9`` in the middle of a storm of faults: nothing is lost, nothing that was answered is asked again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from polyarena.harness.endpoints import CallCache
from polyarena.harness.endpoints.accounting.journal import Journal, read_entries

ASKING = """
import sys
from pathlib import Path
from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
from polyarena.harness.endpoints.accounting.journal import Journal
from polyarena.harness.endpoints.accounting.budget import BudgetGuard
from polyarena.judges.protocol import Call
url, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
calls = [Call(messages=({"role": "user", "content": str(number)},)) for number in range(count)]
settings = EndpointSettings(base_url=url, model="m", timeout_s=0.5, max_attempts=30, max_wait_s=1)
with CallCache(folder / "calls.sqlite") as cache, Journal(folder / "attempts.jsonl", cache.get) as journal:
    with Endpoint(settings, cache, Ledger(), budget_guard=BudgetGuard(journal)) as endpoint:
        for reply in endpoint(calls):
            print(reply.text, flush=True)
"""
COUNT, KILLS = 200, 3


def storm(server):
    chance = random.Random(7)

    def script(received):
        fate = chance.random()
        good = server.ok(f"re: {received.question}", prompt_tokens=int(received.question)).after(0.005)
        if fate < 0.20:
            return server.status(429, Retry_After="0.02")
        if fate < 0.30:
            return server.status(500)
        if fate < 0.35:
            return replace(good, cut=30)
        if fate < 0.38:
            return server.raw(b'{"choices": [{"mess')
        return good.after(2) if fate < 0.40 else good

    return script


@pytest.mark.slow
def test_every_verdict_once_and_the_journal_is_the_servers_log(scripted_server, tmp_path):
    scripted_server.script = storm(scripted_server)
    command = [sys.executable, "-c", ASKING, scripted_server.base_url, str(tmp_path), str(COUNT)]
    for kill in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range((kill + 1) * COUNT // (KILLS + 2)):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    killed = KILLS * 8  # requests on their way when a kill came, at most
    last = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert last.returncode == 0, last.stderr
    assert last.stdout.splitlines() == [f"re: {number}" for number in range(COUNT)]

    with CallCache(tmp_path / "calls.sqlite") as cache, Journal(tmp_path / "attempts.jsonl", cache.get):
        assert len(cache) == COUNT
    entries = read_entries(tmp_path / "attempts.jsonl").values()
    kept = Counter(entry.key for entry in entries if entry.outcome == "ok")
    assert len(kept) == COUNT
    # No answer that arrived was ever asked for again.
    assert set(kept.values()) == {1}
    # Every request that the server saw is written down; a kill may come between the line and the request.
    assert len(scripted_server.log) <= len(entries) <= len(scripted_server.log) + killed
    outcomes = Counter(entry.outcome for entry in entries)
    assert outcomes["abandoned"] <= killed
    statuses = Counter(str(answer.status) for _, answer in scripted_server.log)
    for code in ("429", "500"):
        assert statuses[code] - killed <= outcomes[code] <= statuses[code]
    assert sum(entry.prompt_tokens for entry in entries if entry.outcome == "ok") == sum(range(COUNT))
