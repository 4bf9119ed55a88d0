"""Pairs become ready when both cells are stored, in their order, whoever stores them."""

from __future__ import annotations

import itertools
import random
import threading
from types import SimpleNamespace

import pytest

from polyarena.harness.running.ready_pairs import ReadyPairs

LANGUAGES = ("deu_Latn", "swh_Latn", "tha_Thai")


def pair(candidate, language, baseline="base"):
    return SimpleNamespace(candidate=candidate, baseline=baseline, task="t", language=language)


PAIRS = [pair(candidate, language) for candidate in ("a", "b") for language in LANGUAGES]
CELLS = [(system, "t", language) for system in ("a", "b", "base") for language in LANGUAGES]


def test_what_is_stored_is_ready_in_order():
    pairs = ReadyPairs(PAIRS)
    assert pairs.wait()
    assert [pairs.draw() for _ in PAIRS] == PAIRS
    assert pairs.draw() is None
    assert not pairs.wait()


def test_a_pair_waits_for_both_of_its_cells():
    pairs = ReadyPairs(PAIRS, CELLS)
    pairs.stored(("a", "t", "swh_Latn"))
    assert pairs.draw() is None
    pairs.stored(("base", "t", "swh_Latn"))
    assert pairs.draw() is PAIRS[1]
    assert pairs.draw() is None
    pairs.stored(("b", "t", "swh_Latn"))
    assert pairs.draw() is PAIRS[4]


def test_a_cell_that_is_stored_twice_counts_once():
    pairs = ReadyPairs(PAIRS, CELLS)
    for _ in range(3):
        pairs.stored(("a", "t", "deu_Latn"))
    assert pairs.draw() is None


@pytest.mark.parametrize("seed", range(10))
def test_every_pair_is_drawn_once_whatever_the_order(seed):
    cells = list(CELLS)
    random.Random(seed).shuffle(cells)
    pairs, drawn = ReadyPairs(PAIRS, CELLS), []
    for cell in cells:
        pairs.stored(cell)
        while (each := pairs.draw()) is not None:
            drawn.append(each)
    assert sorted(map(id, drawn)) == sorted(map(id, PAIRS))
    assert not pairs.wait()


def test_pairs_of_a_cell_that_failed_are_never_ready():
    pairs = ReadyPairs(PAIRS, CELLS)
    for cell in CELLS:
        if cell != ("a", "t", "deu_Latn"):
            pairs.stored(cell)
    pairs.finish()
    assert pairs.draw_all() == PAIRS[1:]
    assert not pairs.wait()


def test_draw_all_keeps_the_order():
    pairs = ReadyPairs(PAIRS, CELLS)
    for cell in reversed(CELLS):
        pairs.stored(cell)
    assert pairs.draw_all() == PAIRS
    assert pairs.draw_all() == []


def test_a_waiting_thread_is_woken_by_a_cell_and_by_the_end():
    pairs = ReadyPairs(PAIRS[:1], CELLS)
    woken = []

    def wait():
        while pairs.wait():
            woken.append(pairs.draw())

    thread = threading.Thread(target=wait)
    thread.start()
    pairs.stored(("a", "t", "deu_Latn"))
    pairs.stored(("base", "t", "deu_Latn"))
    thread.join(30)
    assert not thread.is_alive()
    assert woken == PAIRS[:1]


def test_a_closed_source_hands_out_nothing():
    pairs = ReadyPairs(PAIRS, CELLS[:1])
    thread = threading.Thread(target=lambda: list(itertools.takewhile(lambda _: pairs.wait(), iter(pairs.draw, 0))))
    thread.start()
    pairs.close()
    thread.join(30)
    assert not thread.is_alive()
    assert pairs.closed
    assert pairs.draw() is None
    pairs.stored(CELLS[0])
    assert pairs.draw_all() == []
    assert not pairs.wait()


def test_no_pairs_are_never_ready():
    assert not ReadyPairs([], CELLS).wait()
