"""Stopping early: what is decided, when, and how often by chance."""

from dataclasses import replace

import numpy as np
import pytest

from polyarena.reports.gate import Action, GateSettings, Level, Status, pair_items
from polyarena.reports.gate.sequential import decide_sequentially, judging_order
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item
from polyarena.tasks.subsample import subsample

TWO = ["deu_Latn", "swh_Latn"]
CELLS = GateSettings(actions={**dict.fromkeys(Level, Action.OFF), Level.CELL: Action.FAIL})


@pytest.fixture
def pair(values):
    """Return a function that makes the pairs of two languages, of which the second loses a share of its items."""
    frame = values(np.ones((400, 2)), TWO)
    (same,) = pair_items(frame, frame)

    def build(rng, *, flips=0.02, lost=0.0):
        up = rng.random((400, 2))
        change = np.where(up < flips / 2, -1.0, np.where(up < flips, 1.0, 0.0))
        change[rng.random(400) < lost, 1] = -1.0
        return replace(same, sums=100 * change)

    return build


def by_language(decision):
    return {each.group: each for each in decision.checks}


def test_a_large_drop_and_an_unchanged_language_are_decided_before_all_items_are_judged(pair):
    found = decide_sequentially([pair(np.random.default_rng(0), flips=0.0, lost=0.4)], CELLS, groupings={})
    checks = by_language(found)
    assert found.decided
    assert checks["swh_Latn"].status == Status.REGRESSED
    assert checks["swh_Latn"].n < 120
    assert checks["swh_Latn"].high < 0
    assert checks["deu_Latn"].status == Status.OK
    assert checks["deu_Latn"].n < 400
    assert checks["deu_Latn"].low > -4
    assert [each.group for each in found.regressed] == ["swh_Latn"]


def test_what_is_not_settled_says_that_it_needs_more(pair):
    found = decide_sequentially([pair(np.random.default_rng(1), flips=0.3)], CELLS, groupings={})
    assert not found.decided
    assert {each.status for each in found.undecided} == {Status.INCONCLUSIVE}
    assert {each.n for each in found.undecided} == {400}


def test_an_unchanged_model_is_seldom_red_although_it_is_looked_at_after_every_item(pair):
    """60 runs; the bound is 5%, and six or more red ones would be beyond chance at 0.1%."""
    rng = np.random.default_rng(2)
    red = sum(
        bool(decide_sequentially([pair(rng, flips=0.1)], replace(CELLS, floor=0.0), groupings={}).regressed)
        for _ in range(60)
    )
    assert red <= 5


def test_items_after_a_gap_are_not_read(pair):
    whole = pair(np.random.default_rng(0), flips=0.0, lost=0.4)
    order = judging_order(whole.clusters)
    have = sorted(range(400), key=lambda i: order.index(whole.clusters[i]))
    kept = sorted([*have[:30], *have[31:]])
    partly = replace(
        whole,
        clusters=tuple(whole.clusters[i] for i in kept),
        sums=whole.sums[kept],
        counts=whole.counts[kept],
        differing=whole.differing[kept],
    )
    found = decide_sequentially([partly], CELLS, groupings={}, planned={"mini": whole.clusters})
    assert {each.n for each in found.undecided} <= {30}
    first = decide_sequentially([whole], CELLS, groupings={})
    decided = {group: each for group, each in by_language(found).items() if each.status != Status.INCONCLUSIVE}
    assert all(each == by_language(first)[group] for group, each in decided.items())


def test_averages_that_fail_the_gate_are_watched_too(pair):
    settings = GateSettings()
    found = decide_sequentially([pair(np.random.default_rng(0), lost=0.5)], settings, groupings={})
    assert [(each.level, each.status) for each in found.checks] == [("task", "regressed")]


def test_the_order_is_that_of_the_names_alone_and_of_limits():
    names = [f"{i}" for i in range(50)]
    order = judging_order(names)
    assert order == judging_order(names[::-1])
    assert sorted(order) == sorted(names)
    assert list(order) != names
    for limit in (1, 7, 49):
        asked = subsample([Item(name, name, "deu_Latn", "?") for name in names], limit)
        assert {item.source_id for item in asked} == set(order[:limit])


def test_a_language_without_a_valid_verdict_does_not_hold_an_average_up(pair):
    whole = pair(np.random.default_rng(0), flips=0.0, lost=0.4)
    counts, sums = whole.counts.copy(), whole.sums.copy()
    counts[:, 0] = sums[:, 0] = 0
    counts[0] = sums[0] = 0
    partly = replace(whole, counts=counts, sums=sums)
    (found,) = decide_sequentially([partly], GateSettings(), groupings={}).checks
    assert found.status == Status.REGRESSED
    assert found.n < 100


def test_items_that_were_not_planned_are_an_error(pair):
    with pytest.raises(DataError, match="not among the planned"):
        decide_sequentially([pair(np.random.default_rng(0))], CELLS, groupings={}, planned={"mini": ["0001"]})
