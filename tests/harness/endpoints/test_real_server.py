"""Against a server that is not ours: llama.cpp's, with a real model."""

from __future__ import annotations

import re
import urllib.request

import pytest

from polyarena.harness.endpoints import Endpoint, EndpointSettings, Ledger
from polyarena.judges.protocol import Call
from polyarena.tasks.sampling import Sampling

pytestmark = pytest.mark.server

QUESTIONS = ("What is the capital of Kenya?", "Mji mkuu wa Kenya ni upi?", "केन्या की राजधानी क्या है?", "\x00 nul \ud800")


def counted(base_url):
    """The tokens that the server itself has counted since it started: of prompts, of answers."""
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/metrics") as response:
        metrics = response.read().decode()
    return [
        int(re.search(rf"^llamacpp:{name}_total (\d+)", metrics, re.MULTILINE)[1])
        for name in ("prompt_tokens", "tokens_predicted")
    ]


def test_the_ledger_agrees_with_the_servers_own_count(llama_server, cache):
    settings = EndpointSettings(base_url=llama_server, model="smollm2", concurrency=2, timeout_s=100, max_attempts=1)
    calls = [
        Call(messages=({"role": "user", "content": question},), sampling=Sampling(max_tokens=6))
        for question in QUESTIONS
    ]
    before = counted(llama_server)
    with Endpoint(settings, cache, Ledger()) as endpoint:
        replies = list(endpoint(calls))
        totals = endpoint.ledger.totals()
    after = counted(llama_server)
    assert [reply.error for reply in replies] == [None] * len(calls)
    assert all(reply.text for reply in replies)
    assert (totals.attempts, totals.unmetered) == (len(calls), 0)
    assert totals.prompt_tokens == sum(reply.prompt_tokens for reply in replies)
    assert [totals.prompt_tokens, totals.completion_tokens] == [
        now - then for now, then in zip(after, before, strict=True)
    ]

    with Endpoint(settings, cache, Ledger()) as endpoint:
        assert list(endpoint(calls)) == replies
        assert endpoint.ledger.totals().attempts == 0
    assert counted(llama_server) == after
