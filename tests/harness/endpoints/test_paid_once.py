"""The same question is never paid for twice, and no model sees another's answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tracemalloc

import pytest

from polyarena.harness.endpoints import CallCache, call_key
from polyarena.tasks.sampling import Sampling

ASKING = """
import sys
from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
from polyarena.judges.protocol import Call
url, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
calls = [Call(messages=({"role": "user", "content": str(number)},)) for number in range(count)]
with CallCache(path) as cache, Endpoint(EndpointSettings(base_url=url, model="m"), cache, Ledger()) as endpoint:
    for reply in endpoint(calls):
        print(reply.text, flush=True)
"""


def test_a_later_run_finds_the_answers(scripted_server, open_endpoint, ask_for, tmp_path):
    scripted_server.script = lambda received: scripted_server.ok(f"re: {received.question}")
    prices = {"input": 2, "output": 4}
    with CallCache(tmp_path / "calls.sqlite") as cache:
        first = list(open_endpoint(cache, prices=prices)(ask_for("a", "b")))
    with CallCache(tmp_path / "calls.sqlite") as cache:
        later = open_endpoint(cache, prices=prices, timeout_s=1, concurrency=3, max_attempts=1)
        assert list(later(ask_for("a", "b"))) == first
        assert [reply.cost for reply in first] == [pytest.approx(32e-6)] * 2
        totals = later.ledger.totals()
    assert len(scripted_server.log) == 2
    assert (totals.calls, totals.cache_hits, totals.attempts) == (2, 2, 0)
    assert (totals.prompt_tokens, totals.completion_tokens, totals.cost) == (0, 0, 0)


def test_what_is_kept_needs_neither_server_nor_key(scripted_server, open_endpoint, ask_for, cache, monkeypatch):
    [reply] = open_endpoint(cache)(ask_for("a"))
    scripted_server.close()
    monkeypatch.delenv("POLYARENA_TEST_KEY")
    assert list(open_endpoint(cache)(ask_for("a"))) == [reply]


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({"model": "other"}, {}),
        ({"extra_body": {"reasoning_effort": "low"}}, {}),
        ({}, {"sample_index": 1}),
        ({}, {"sampling": Sampling(max_tokens=9)}),
        ({}, {"sampling": Sampling(temperature=0.7)}),
        ({}, {"sampling": Sampling(stop=("\n",))}),
    ],
)
def test_what_changes_the_answer_is_asked_anew(scripted_server, open_endpoint, ask_for, cache, settings, fields):
    scripted_server.script = lambda received: scripted_server.ok(f"answer {received.index} of {received.body['model']}")
    [plain] = open_endpoint(cache)(ask_for("a"))
    other = open_endpoint(cache, **settings)
    [changed] = other(ask_for("a", **fields))
    assert plain.text == "answer 0 of m"
    assert changed.text == f"answer 1 of {settings.get('model', 'm')}"
    assert call_key(other.settings, ask_for("a", **fields)[0]) in cache


def test_two_servers_never_share_answers(scripted_server, open_endpoint, ask_for, cache):
    list(open_endpoint(cache)(ask_for("a")))
    other_name = scripted_server.base_url.replace("127.0.0.1", "localhost")
    list(open_endpoint(cache, base_url=other_name)(ask_for("a")))
    assert len(scripted_server.log) == 2


def test_killed_and_run_again_repeats_no_call_that_is_kept(scripted_server, tmp_path):
    scripted_server.script = lambda received: scripted_server.ok(f"re: {received.question}").after(0.02)
    path = tmp_path / "calls.sqlite"
    command = [sys.executable, "-c", ASKING, scripted_server.base_url, str(path), "120"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for _ in range(20):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    time.sleep(0.1)
    with CallCache(path) as cache:
        kept = len(cache)
    asked = scripted_server.questions
    assert 20 <= kept <= len(asked) < 120
    # Only what was in flight when the process died, eight at most, can be missing.
    assert len(asked) - kept <= 8

    again = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines() == [f"re: {number}" for number in range(120)]
    assert len(scripted_server.log) == len(asked) + 120 - kept
    assert len(set(scripted_server.questions)) == 120


@pytest.mark.slow
def test_memory_is_flat_over_many_calls(scripted_server, open_endpoint, ask_for, cache):
    """Ten times the calls must not need more memory, from the cache or not; long texts make a leak tell."""
    endpoint = open_endpoint(cache, concurrency=8)
    kept = endpoint.settings.model_copy()
    for call in ask_for(*(f"{number:05} " + "long " * 400 for number in range(50))):
        cache.put(call_key(kept, call), next(endpoint([call])))

    def calls(count):
        for number in range(count):
            yield from ask_for(f"{number % 50:05} " + "long " * 400)

    peaks = []
    for count in (1_000, 10_000):
        tracemalloc.start()
        assert sum(1 for _ in endpoint(calls(count))) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 200_000
    assert len(scripted_server.log) == 50
