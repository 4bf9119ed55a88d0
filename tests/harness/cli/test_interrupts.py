"""The first signal that asks a run to stop is answered at once, and has its usual effect."""

from __future__ import annotations

import signal
import threading

import pytest

from polyarena.harness.cli.interrupts import announce_stop

SAID = "answers in flight have 2.5 s to arrive"


@pytest.fixture
def heard():
    """Handlers of the test's own, which record signals and raise nothing."""
    got = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, _frame: got.append(number)) for number in numbers}
    yield got
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_first_signal_is_announced_and_all_arrive(heard, capfd):
    with announce_stop(2.5):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    assert heard == [signal.SIGTERM, signal.SIGINT, signal.SIGINT]
    assert capfd.readouterr().err.count(SAID) == 1


def test_ctrl_c_ends_the_block_as_usual(capfd):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), announce_stop(2.5):
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert SAID in capfd.readouterr().err


def test_nothing_is_said_without_a_grace_period_or_of_a_signal_that_is_ignored(heard, capfd):
    with announce_stop(0):
        signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with announce_stop(2.5):
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert capfd.readouterr().err == ""
    assert heard == [signal.SIGINT]


def test_another_thread_leaves_the_handlers_alone(heard):
    handlers = []

    def look():
        with announce_stop(2.5):
            handlers.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join(30)
    assert handlers == [before]
