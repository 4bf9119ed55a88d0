"""Streams on threads: all their events, their errors, and no thread left."""

from __future__ import annotations

import threading

import pytest

from polyarena.harness.events import RunFinished
from polyarena.harness.running.background import Background


def event(number):
    return RunFinished(float(number), number)


def test_all_events_of_all_streams_arrive_each_stream_in_order():
    with Background() as background:
        for start in range(5):
            background.start(str(start), (event(100 * start + number) for number in range(20)))
        seen = [each.failures for each in background.wait()]
    assert sorted(seen) == [100 * start + number for start in range(5) for number in range(20)]
    for start in range(5):
        own = [number for number in seen if number // 100 == start]
        assert own == sorted(own)


def test_without_streams_nothing_is_waited_for():
    with Background() as background:
        assert list(background.events()) == []
        assert list(background.wait()) == []


def test_streams_run_at_once():
    barrier = threading.Barrier(3)

    def meets(number):
        barrier.wait(30)
        yield event(number)

    with Background() as background:
        for number in range(3):
            background.start(str(number), meets(number))
        assert sorted(each.failures for each in background.wait()) == [0, 1, 2]


def test_what_has_happened_is_taken_without_waiting():
    gate = threading.Event()

    def stream():
        yield event(1)
        gate.wait(30)
        yield event(2)

    with Background() as background:
        background.start("slow", stream())
        seen = []
        while not seen:
            seen += background.events()
        assert [each.failures for each in seen] == [1]
        assert list(background.events()) == []
        gate.set()
        assert [each.failures for each in background.wait()] == [2]


@pytest.mark.parametrize("error", [OSError("the disk is full"), KeyboardInterrupt()])
def test_an_error_of_a_stream_is_raised_where_events_are_taken(error):
    def fails():
        yield event(1)
        raise error

    with Background() as background:
        background.start("fails", fails())
        taken = background.wait()
        assert next(taken).failures == 1
        with pytest.raises(type(error)):
            next(taken)


def test_leaving_waits_for_the_threads():
    gate, ended = threading.Event(), []

    def stream():
        gate.wait(30)
        ended.append(True)
        yield event(1)

    with Background() as background:
        background.start("slow", stream())
        gate.set()
    assert ended == [True]
