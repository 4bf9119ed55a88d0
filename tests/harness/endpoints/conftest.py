"""Endpoints that are opened quickly and always closed."""

from __future__ import annotations

import pytest

from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
from polyarena.judges.protocol import Call

KEY = "sk-never-to-be-written-down-0123456789"


@pytest.fixture
def open_endpoint(scripted_server, monkeypatch):
    """Open an endpoint on the scripted server; ``settings`` are overridden by name."""
    monkeypatch.setenv("POLYARENA_TEST_KEY", KEY)
    monkeypatch.setattr("polyarena.harness.endpoints.transport.backoff.FIRST_PAUSE_S", 0.01)
    opened = []

    def open_(cache=None, ledger=None, on_attempt=None, **settings):
        given = {
            "base_url": scripted_server.base_url,
            "model": "m",
            "api_key_env": "POLYARENA_TEST_KEY",
            "timeout_s": 5,
            "max_attempts": 3,
        }
        endpoint = Endpoint(EndpointSettings(**given | settings), cache, ledger or Ledger(), on_attempt)
        opened.append(endpoint)
        return endpoint

    yield open_
    for endpoint in opened:
        endpoint.close()


@pytest.fixture
def cache(tmp_path):
    with CallCache(tmp_path / "calls.sqlite") as cache:
        yield cache


@pytest.fixture
def ask_for():
    """Turn texts into calls of one user message each."""

    def calls(*texts, **fields):
        return [Call(messages=({"role": "user", "content": text},), **fields) for text in texts]

    return calls
