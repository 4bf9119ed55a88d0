"""Confirmation on held-back items: symmetric in direction and in what is asked, and it only takes significance away."""

from dataclasses import replace

import numpy as np
import pytest

from polyarena.reports.gate import GateSettings, Level, Status, decide, pair_items
from polyarena.reports.gate.confirmation import NOT_CONFIRMED, confirm, held_back_items
from polyarena.tasks.item import Item
from polyarena.tasks.subsample import subsample

SETTINGS = GateSettings(rounds=999)
NAMES = [f"{i:04d}" for i in range(400)]


def decided(values, differences, settings=SETTINGS):
    """Return the decision on one language in which the baseline has one half everywhere."""
    array = np.asarray(differences, dtype=float)[:, None]
    old, new = values(np.full(array.shape, 0.5), ["swh_Latn"]), values(0.5 + array / 2, ["swh_Latn"])
    return decide(pair_items(old, new), settings)


def changes(n, lost, won):
    return np.r_[np.full(lost, -1.0), np.full(won, 1.0), np.zeros(n - lost - won)]


def only(decision):
    (found,) = [each for each in decision.verdicts if each.level == Level.CELL]
    return found


def test_held_back_items_depend_on_names_alone():
    chosen = held_back_items(NAMES, 0.3)
    assert len(chosen) == 120
    assert chosen == held_back_items(NAMES[::-1], 0.3)
    assert chosen < held_back_items(NAMES, 0.5)
    assert held_back_items(NAMES, 0.0) == frozenset()


def test_held_back_items_are_those_that_a_limited_run_has_not_asked():
    items = [Item(name, name, "deu_Latn", "?") for name in NAMES]
    asked = {item.source_id for item in subsample(items, 280)}
    assert held_back_items(NAMES, 0.3) == set(NAMES) - asked


@pytest.mark.parametrize(("sign", "status"), [(1, Status.REGRESSED), (-1, Status.IMPROVED)])
def test_drops_and_gains_need_the_same_confirmation(values, sign, status):
    first = decided(values, sign * changes(300, 40, 5))
    assert only(first).status == status
    shown = confirm(first, decided(values, sign * changes(100, 14, 2)))
    assert only(shown).status == status
    assert "confirmed on held-back items (" in only(shown).note
    gone = confirm(first, decided(values, sign * changes(100, 5, 5)))
    assert only(gone).status == Status.INCONCLUSIVE
    assert f"{status.value}, but {NOT_CONFIRMED} (+0.0 points on 100)" in only(gone).note


def test_what_was_not_significant_is_never_made_so(values):
    first = decided(values, changes(300, 6, 5))
    assert only(confirm(first, decided(values, changes(100, 60, 0)))) == only(first)


def test_without_held_back_values_a_regression_stays(values):
    first = decided(values, changes(300, 40, 5))
    kept = only(confirm(first, replace(first, verdicts=())))
    assert kept.status == Status.REGRESSED
    assert "no values of held-back items" in kept.note


def test_an_unchanged_model_is_red_far_less_often_than_alpha(values):
    """200 runs of one model at a level of 20%: about 40 are red at first, about 4 of both parts."""
    rng = np.random.default_rng(3)
    settings = replace(SETTINGS, alpha=0.2, floor=0.0)
    alone = both = 0
    for _ in range(200):
        flips = rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.8, 0.1], size=90)
        first = decided(values, flips[:60], settings)
        found = confirm(first, decided(values, flips[60:], settings))
        alone += only(first).status == Status.REGRESSED
        both += only(found).status == Status.REGRESSED
    assert 20 <= alone <= 60
    assert both <= 16
