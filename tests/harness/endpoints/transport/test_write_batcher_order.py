"""Whatever arrives in whatever turns of the loop is kept once, in order, and in few writes."""

from __future__ import annotations

import asyncio

from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints.transport.write_batcher import WriteBatcher


def played(turns, most):
    """Adds so many items in each turn of the loop; returns the writes."""
    writes: list[list[int]] = []

    async def main():
        together = WriteBatcher(lambda items: writes.append(list(items)), most)
        waiting, number = [], 0
        for many in turns:
            for _ in range(many):
                waiting.append(asyncio.ensure_future(together.add(number)))
                number += 1
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    asyncio.run(main())
    return writes


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 6))
def test_nothing_is_lost_doubled_or_put_out_of_order(turns, most):
    writes = played(turns, most)
    assert [item for write in writes for item in write] == list(range(sum(turns)))
    assert all(1 <= len(write) <= most for write in writes)
    # A turn fills whole writes; only its last one may be short.
    assert len(writes) <= sum(-(-many // most) for many in turns)


@every_case(("many", "most", "sizes"), [(4, 4, [4]), (5, 4, [4, 1]), (3, 1, [1, 1, 1]), (0, 4, [])])
def test_full_writes_go_at_once_and_the_rest_with_the_turn(many, most, sizes):
    assert [len(write) for write in played([many], most)] == sizes


async def add(together, item, done):
    await together.add(item)
    done.append(item)


def test_a_flush_by_hand_lets_everybody_go_on_and_leaves_nothing_for_the_turn():
    writes, done = [], []

    async def main():
        together = WriteBatcher(lambda items: writes.append(list(items)), 100)
        adding = [asyncio.ensure_future(add(together, item, done)) for item in "ab"]
        # Both have been taken and wait; the turn that would keep them has not come.
        asyncio.get_running_loop().call_soon(together.flush)
        await asyncio.gather(*adding)
        together.flush()
        await together.add("c")

    asyncio.run(main())
    assert writes == [["a", "b"], ["c"]]
    assert done == ["a", "b"]


def test_a_flush_of_nothing_writes_nothing():
    writes = []
    WriteBatcher(writes.append, 3).flush()
    assert writes == []


@every_case("cancelled", [0, 1, 2])
def test_who_is_cancelled_keeps_nobody_else_waiting(cancelled):
    writes, done = [], []

    async def main():
        together = WriteBatcher(lambda items: writes.append(list(items)), 100)
        adding = [asyncio.ensure_future(add(together, item, done)) for item in range(3)]
        asyncio.get_running_loop().call_soon(adding[cancelled].cancel)
        await asyncio.gather(*adding, return_exceptions=True)

    asyncio.run(main())
    # What was paid for is kept although nobody waits for it any more.
    assert writes == [[0, 1, 2]]
    assert sorted({*done, cancelled}) == [0, 1, 2]
