"""Questions that an endpoint refuses for good are not asked again, unless somebody wants it."""

from __future__ import annotations

import pytest

from polyarena.harness.endpoints import CallCache, Endpoint, Ledger, is_known


@pytest.fixture
def remembering(open_endpoint, cache):
    def open_(**more):
        settings = open_endpoint(cache).settings
        return Endpoint(settings, cache, Ledger(), remember_refusals=True, **more)

    return open_


@pytest.mark.parametrize("fault", ["400", "413", "422", "filtered"])
def test_a_refusal_is_remembered_with_its_reason(scripted_server, remembering, ask_for, fault):
    def script(received):
        if received.question != "bad":
            return scripted_server.ok()
        if fault == "filtered":
            return scripted_server.ok("", finish_reason="content_filter")
        return scripted_server.status(int(fault), "not this one")

    scripted_server.script = script
    with remembering() as endpoint:
        good, bad = [next(endpoint(ask_for(text))) for text in ("good", "bad")]
        assert (good.refused, bad.refused) == (False, True)
    asked = len(scripted_server.log)
    with remembering() as endpoint:
        again = next(endpoint(ask_for("bad")))
        assert (again.refused, again.error) == (True, bad.error)
        assert endpoint.ledger.totals().failures == 1
    assert len(scripted_server.log) == asked
    with remembering(retry_refused=True) as endpoint:
        assert next(endpoint(ask_for("bad"))).error
    assert len(scripted_server.log) == asked + 1


@pytest.mark.parametrize("code", [429, 500, 404, 403])
def test_what_may_pass_is_not_remembered(scripted_server, remembering, ask_for, code):
    scripted_server.script = lambda received: (
        scripted_server.status(code) if received.question == "bad" else scripted_server.ok()
    )
    with remembering() as endpoint:
        next(endpoint(ask_for("good")))
        assert not next(endpoint(ask_for("bad"))).refused
    asked = len(scripted_server.log)
    with remembering() as endpoint:
        next(endpoint(ask_for("another")))
        assert not next(endpoint(ask_for("bad"))).refused
    assert len(scripted_server.log) > asked + 1


def test_an_endpoint_that_refuses_everything_has_refused_nothing_for_good(scripted_server, remembering, ask_for, cache):
    scripted_server.script = lambda _: scripted_server.status(400, "unsupported parameter: max_tokens")
    with remembering() as endpoint:
        assert not any(reply.refused for reply in endpoint(ask_for("a", "b", "c")))
    assert not any(is_known(cache, endpoint.settings, call) for call in ask_for("a", "b", "c"))


def test_another_setting_asks_again(scripted_server, open_endpoint, remembering, ask_for, cache):
    scripted_server.script = lambda received: (
        scripted_server.ok() if received.question == "good" else scripted_server.status(400)
    )
    with remembering() as endpoint:
        next(endpoint(ask_for("good")))
        assert next(endpoint(ask_for("bad"))).refused
    other = endpoint.settings.model_copy(update={"model": "another"})
    assert is_known(cache, endpoint.settings, ask_for("bad")[0])
    assert not is_known(cache, endpoint.settings, ask_for("bad")[0], refusals=False)
    assert not is_known(cache, other, ask_for("bad")[0])


def test_a_cache_of_the_first_format_is_brought_up(tmp_path):
    import sqlite3

    path = tmp_path / "calls.sqlite"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE replies (key BLOB PRIMARY KEY, text TEXT NOT NULL, finish_reason TEXT, "
            "prompt_tokens INTEGER, completion_tokens INTEGER) WITHOUT ROWID"
        )
        old.execute("INSERT INTO replies VALUES (?, 'paid in the old days', 'stop', 7, 2)", (bytes.fromhex("ab" * 32),))
        old.execute(f"PRAGMA application_id = {0x706F6C79}")
        old.execute("PRAGMA user_version = 1")
    old.close()
    for _ in range(2):
        with CallCache(path) as cache:
            kept = cache.find("ab" * 32)
            assert (kept.reply.text, kept.reply.prompt_tokens, kept.reply.cached_tokens, kept.batch) == (
                "paid in the old days",
                7,
                None,
                False,
            )
            cache.refuse("cd" * 32, "too long")
            assert cache.refusal("cd" * 32) == "too long"
            assert len(cache) == 1
