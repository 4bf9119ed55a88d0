"""Verdicts: each status, floors and margins, averages, what failures of a judge do."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from every_case import every_case

from polyarena.reports.gate import Action, GateSettings, Level, Status, decide, pair_items
from polyarena.reports.gate.intervals import detectable_drop, detection_power, ok_power, paired_bounds

FOUR = ["deu_Latn", "fra_Latn", "swh_Latn", "yor_Latn"]
GROUPS = {"region": {"europe": FOUR[:2], "africa": FOUR[2:]}}
SETTINGS = GateSettings(rounds=999)


def runs(values, *, lost=None, flips=0.04, n=400, seed=0):
    """Return a baseline and a candidate: flips half each way, and further losses by language."""
    rng = np.random.default_rng(seed)
    old = (rng.random((n, 4)) < 0.5).astype(float)
    new = np.where(rng.random((n, 4)) < flips, 1 - old, old)
    for column, share in (lost or {}).items():
        new[rng.random(n) < share, column] = 0.0
    return values(old, FOUR), values(new, FOUR)


def verdict(decision, group, level=Level.CELL):
    (found,) = [each for each in decision.verdicts if each.group == group and each.level == level]
    return found


def test_an_unchanged_model_is_ok_everywhere(values):
    old, new = runs(values)
    found = decide(pair_items(old, new), SETTINGS, groupings=GROUPS)
    assert {each.status for each in found.verdicts} == {Status.OK}
    assert {each.level for each in found.verdicts} == {Level.TASK, Level.GROUP, Level.CELL}
    assert found.failed == found.warnings == found.inconclusive == ()


def test_a_language_that_lost_quality_warns_by_default_and_fails_when_asked_to(values):
    old, new = runs(values, lost={2: 0.3})
    pairs = pair_items(old, new)
    found = decide(pairs, SETTINGS, groupings=GROUPS)
    lost = verdict(found, "swh_Latn")
    assert (lost.status, lost.action) == (Status.REGRESSED, Action.WARN)
    assert lost.difference < -8
    assert lost.low < lost.difference < lost.high < 0
    assert lost in found.warnings
    assert verdict(found, "africa", Level.GROUP) in found.failed
    strict = decide(pairs, replace(SETTINGS, actions={Level.CELL: Action.FAIL}), groupings=GROUPS)
    assert verdict(strict, "swh_Latn") in strict.failed


def test_the_only_language_of_a_task_stands_for_the_task(values):
    """By default single languages warn and averages fail; one language has no average, and its loss must not pass."""
    old, new = runs(values, lost={2: 0.3})
    alone = [each[each["language"] == "swh_Latn"] for each in (old, new)]
    found = decide(pair_items(*alone), SETTINGS, groupings=GROUPS)
    (lost,) = found.failed
    assert (lost.level, lost.group, lost.status) == (Level.CELL, "swh_Latn", Status.REGRESSED)
    warned = replace(SETTINGS, actions={Level.TASK: Action.WARN})
    assert decide(pair_items(*alone), warned, groupings=GROUPS).failed == ()
    off = replace(SETTINGS, actions={Level.CELL: Action.OFF})
    assert decide(pair_items(*alone), off, groupings=GROUPS).failed


def test_a_better_model_never_fails(values):
    new, old = runs(values, lost={0: 0.2, 1: 0.2, 2: 0.3, 3: 0.3})
    found = decide(pair_items(old, new), SETTINGS, groupings=GROUPS)
    assert {each.status for each in found.verdicts} == {Status.IMPROVED}
    assert found.failed == ()


def test_a_significant_drop_below_the_floor_is_no_regression(values):
    old, new = runs(values, lost={0: 0.06}, flips=0.0, n=2000)
    pairs = pair_items(old, new)
    small = decide(pairs, replace(SETTINGS, floor=5.0), groupings={})
    assert verdict(small, "deu_Latn").p_adjusted < 0.05
    assert verdict(small, "deu_Latn").status == Status.OK
    assert verdict(decide(pairs, replace(SETTINGS, floor=1.0)), "deu_Latn").status == Status.REGRESSED


def test_few_items_are_inconclusive_and_say_how_many_would_do(values):
    old, new = runs(values, flips=0.2, n=60)
    found = verdict(decide(pair_items(old, new), SETTINGS), "deu_Latn")
    assert found.status == Status.INCONCLUSIVE
    assert found.n_needed > 60
    assert found.detectable > 5


def test_a_failing_judge_is_never_a_regression(values):
    old, new = runs(values, lost={2: 0.5})
    new.loc[new["language"].eq("swh_Latn") & (np.arange(len(new)) % 40 == 2), "value"] = np.nan
    found = verdict(decide(pair_items(old, new), SETTINGS), "swh_Latn")
    assert found.status == Status.INCONCLUSIVE
    assert "have no value on one side" in found.note


def test_a_cell_without_any_value_is_inconclusive_and_does_not_go_unseen(values):
    old, new = runs(values)
    new.loc[new["language"].eq("swh_Latn"), "value"] = np.nan
    found = decide(pair_items(old, new), SETTINGS)
    empty = verdict(found, "swh_Latn")
    assert (empty.status, empty.action, empty.n, empty.n_unknown) == (Status.INCONCLUSIVE, Action.WARN, 0, 400)
    assert empty.note == "none of 400 items has a value on both sides"
    assert found.failed == ()


def test_too_few_common_items_are_incomparable(values):
    old, new = runs(values)
    found = decide(pair_items(old, new[new["item_id"] < "0200"]), SETTINGS)
    assert {each.status for each in found.verdicts} == {Status.INCOMPARABLE}
    assert "only 200 of 400 items are paired" in found.verdicts[-1].note


def test_a_language_that_is_gone_fails(values):
    old, new = runs(values)
    found = decide(pair_items(old, new[new["language"] != "yor_Latn"]), SETTINGS)
    (gone,) = found.failed
    assert (gone.status, gone.group, gone.difference) == (Status.MISSING, "yor_Latn", None)


def test_the_same_run_twice_is_ok(values):
    old, _ = runs(values)
    found = decide(pair_items(old, old), SETTINGS, groupings=GROUPS)
    assert {each.status for each in found.verdicts} == {Status.OK}
    assert verdict(found, "deu_Latn").low > -2


def test_the_mean_over_tasks_is_tested_where_there_are_several(values):
    first, second = runs(values, lost={0: 0.2, 1: 0.2, 2: 0.2}), runs(values, seed=1)
    old, new = (pd.concat([first[i].assign(task="one"), second[i].assign(task="two")]) for i in range(2))
    found = decide(pair_items(old, new), SETTINGS, suites={"both": ["one", "two"], "alone": ["one"]})
    overall = verdict(found, "all", Level.OVERALL)
    tasks = [each for each in found.verdicts if each.level == Level.TASK]
    assert overall.difference == pytest.approx(np.mean([each.difference for each in tasks]))
    assert verdict(found, "both", Level.SUITE).difference == overall.difference
    assert not [each for each in found.verdicts if each.group == "alone"]


def test_false_discovery_control_finds_at_least_as_much_where_much_is_lost(values):
    old, new = runs(values, lost=dict.fromkeys(range(4), 0.2))
    found = decide(pair_items(old, new), replace(SETTINGS, control="fdr", rounds=9999))
    assert {each.status for each in found.verdicts} == {Status.REGRESSED}


def test_verdicts_come_worst_first(values):
    old, new = runs(values, lost={2: 0.3, 0: 0.2})
    statuses = [Status(each.status) for each in decide(pair_items(old, new), SETTINGS).verdicts]
    assert statuses == sorted(statuses, key=list(Status).index)


def test_the_interval_is_bonett_and_prices_for_single_items():
    """n = 50, 2 won and 8 lost: (1/52)(3 - 9) +- z sqrt((12/52 - (6/52)^2) / 52), their formula worked by hand."""
    values = np.r_[np.full(8, -1 / 50), np.full(2, 1 / 50)]
    found = paired_bounds(values, 50, 0.025, least=1 / 50)
    centre, half = -6 / 52, 1.959964 * np.sqrt((12 / 52 - (6 / 52) ** 2) / 52)
    assert found.low == pytest.approx(centre - half, abs=1e-6)
    assert found.high == pytest.approx(centre + half, abs=1e-6)


def test_an_interval_of_items_that_never_differ_is_not_a_point():
    found = paired_bounds(np.array([]), 100, 0.05, least=1.0)
    assert -3 < found.low < -0.5
    assert found.high == pytest.approx(-found.low)


@every_case(("n", "flips", "drop"), [(500, 0.02, 0.03), (200, 0.15, 0.1), (1319, 0.02, 0.02)])
def test_predicted_power_is_the_simulated_one(n, flips, drop):
    rng = np.random.default_rng(0)
    draws = rng.multinomial(n, [flips / 2 + drop, flips / 2, 1 - flips - drop], size=20_000)
    lost, won = draws[:, 0], draws[:, 1]
    red = (lost - won >= 3.1 * np.sqrt(lost + won) - 1e-9) & (lost - won >= 0.02 * n)
    assert detection_power(drop, flips, n, 3.1, 0.02) == pytest.approx(red.mean(), abs=0.012)


@every_case(("n", "flips"), [(200, 0.05), (500, 0.15), (200, 0.15)])
def test_predicted_chance_to_be_ok_is_the_simulated_one(n, flips):
    rng = np.random.default_rng(1)
    differing = rng.binomial(n, flips, 20_000)
    lost = rng.binomial(differing, 0.5)
    centre = (differing - 2 * lost) / (n + 2)
    half = 1.644854 * np.sqrt((n / (n + 2)) ** 2 * (differing + 2) / n**2 - centre**2 / (n + 2))
    assert ok_power(flips, n, 0.05, 0.04) == pytest.approx((centre - half > -0.04).mean(), abs=0.012)


def test_the_detectable_drop_is_found_as_often_as_it_says():
    drop = detectable_drop(0.8, 0.05, 500, 3.2, 0.02)
    assert detection_power(drop, 0.05, 500, 3.2, 0.02) == pytest.approx(0.8, abs=0.06)
    assert detectable_drop(0.8, 0.05, 10, 3.2, 0.02) is None


def all_lost(values, n, k=1):
    """Return pairs of which the candidate lost every item."""
    return pair_items(values(np.ones((n, k)), FOUR[:k]), values(np.zeros((n, k)), FOUR[:k]))


@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("reach", [100.0, 50.0])
def test_intervals_and_detectable_drops_are_possible_differences(values, n, k, reach):
    half = np.random.default_rng(n).random((n, k)) < 0.5
    for pairs in (all_lost(values, n, k), pair_items(values(half, FOUR[:k]), values(~half, FOUR[:k]))):
        pairs = [replace(pair, reach=reach, sums=pair.sums * reach / 100) for pair in pairs]
        for each in decide(pairs, GateSettings(rounds=99)).verdicts:
            assert -reach <= each.low <= each.difference + 1e-9
            assert each.difference - 1e-9 <= each.high <= reach
            assert each.detectable is None or each.detectable <= reach


def test_ends_of_intervals_change_no_verdict(values):
    """A margin beyond the range is passed by the interval before its end is moved."""
    found, *_ = decide(all_lost(values, 2), GateSettings(rounds=99, margin=100, floor=100)).verdicts
    assert (found.low, found.status) == (-100.0, Status.INCONCLUSIVE)


def test_items_needed_are_those_of_a_language_whether_languages_share_them_or_not(values):
    """Of other source items in each language, there are as many more clusters as languages."""
    rng = np.random.default_rng(3)
    old = (rng.random((40, 2)) < 0.5).astype(float)
    new = np.where(rng.random((40, 2)) < 0.2, 1 - old, old)
    frames = values(old, FOUR[:2]), values(new, FOUR[:2])
    apart = [each.assign(source_id=each["language"] + each["source_id"]) for each in frames]
    shared, own = (verdict(decide(pair_items(*each), SETTINGS), "all", Level.TASK) for each in (frames, apart))
    assert (shared.n_clusters, own.n_clusters) == (40, 80)
    assert shared.status == own.status == Status.INCONCLUSIVE
    assert 0.5 < own.n_needed / shared.n_needed < 1.5
