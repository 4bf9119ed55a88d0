"""Answers are kept a few at a time, and given when they are kept."""

from __future__ import annotations

import asyncio
import threading

import pytest

from polyarena.harness.endpoints.transport.write_batcher import WriteBatcher
from polyarena.tasks.errors import ModelError, StoreError


def run(scenario, most=100):
    """Run ``scenario(together)`` and return what was kept, write by write."""
    writes: list[list[object]] = []

    async def main():
        await scenario(WriteBatcher(lambda items: writes.append(list(items)), most))

    asyncio.run(main())
    return writes


def test_what_comes_at_once_is_kept_at_once_and_in_order():
    async def scenario(together):
        await asyncio.gather(*(together.add(number) for number in range(5)))

    assert run(scenario) == [[0, 1, 2, 3, 4]]


def test_as_many_as_may_wait_are_kept_without_waiting():
    async def scenario(together):
        await asyncio.gather(*(together.add(number) for number in range(7)))

    assert run(scenario, most=3) == [[0, 1, 2], [3, 4, 5], [6]]


def test_one_alone_does_not_wait_for_others():
    async def scenario(together):
        await together.add("one")
        await together.add("other")

    assert run(scenario) == [["one"], ["other"]]


def test_nobody_goes_on_before_his_item_is_kept():
    kept: list[int] = []

    async def add(together, number):
        await together.add(number)
        assert number in kept

    async def main():
        together = WriteBatcher(kept.extend, 3)
        await asyncio.gather(*(add(together, number) for number in range(10)))

    asyncio.run(main())
    assert sorted(kept) == list(range(10))


def test_what_is_cancelled_is_kept_by_the_last_flush():
    async def scenario(together):
        adding = asyncio.create_task(together.add("paid"))
        await asyncio.sleep(0)
        adding.cancel()
        await asyncio.gather(adding, return_exceptions=True)
        together.flush()
        together.flush()

    assert run(scenario) == [["paid"]]


def test_an_answer_is_durable_before_it_is_given(scripted_server, open_endpoint, ask_for, cache):
    endpoint = open_endpoint(cache, concurrency=8)
    for number, _ in enumerate(endpoint(ask_for(*map(str, range(40)))), start=1):
        assert len(cache) >= number


def test_a_cache_that_cannot_be_written_ends_the_stream(open_endpoint, ask_for, cache, monkeypatch):
    def full(answers, **_):
        raise StoreError("the disk is full")

    monkeypatch.setattr(cache, "put_all", full)
    with pytest.raises(StoreError, match="the disk is full"):
        list(open_endpoint(cache)(ask_for("a", "b")))


def test_what_was_answered_before_a_close_is_kept(scripted_server, open_endpoint, ask_for, cache, monkeypatch):
    endpoint = open_endpoint(cache, concurrency=8)
    waiting = threading.Event()

    async def add(item):
        endpoint._answered._waiting.append(item)
        waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(endpoint._answered, "add", add)

    def read():
        with pytest.raises(ModelError, match="closed"):
            list(endpoint(ask_for("a")))

    reader = threading.Thread(target=read)
    reader.start()
    assert waiting.wait(30)
    assert len(cache) == 0
    endpoint.close()
    reader.join(30)
    assert len(cache) == 1
    assert endpoint.ledger.totals().outcomes == {"ok": 1}


def test_who_was_kept_goes_on_before_what_comes_after():
    order: list[str] = []

    async def add(together, name):
        await together.add(name)
        order.append(name)

    async def main():
        together = WriteBatcher(lambda _items: order.append("kept"), 3, lambda: order.append("after"))
        await asyncio.gather(add(together, "one"), add(together, "two"))
        await asyncio.gather(*(add(together, str(number)) for number in range(3)))
        await asyncio.sleep(0)
        together.flush()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert order[:4] == ["kept", "one", "two", "after"]
    assert order[4] == "kept"
    assert sorted(order[5:8]) == ["0", "1", "2"]
    assert order[8:] == ["after"]
