"""Members of a panel, together and without one."""

import numpy as np
import pytest

from polyarena.judges import Game
from polyarena.judges.panels import PanelRule
from polyarena.reports.judge_card.panel import leave_one_out, member_agreement
from polyarena.reports.judge_card.rates import RateSettings
from polyarena.tasks.errors import DataError

FEW = RateSettings(rounds=100)
BASELINES = {("t", "new", "old"): "old"}


def games(labels, language="deu_Latn", judge="j"):
    return [
        Game(judge, "t", language, str(item), f"s{item}", "new", "old", 0, label, "")
        for item, label in enumerate(labels)
    ]


def test_members_that_agree_and_one_that_does_not():
    same, other = ["A>B", "B>A", "A=B"] * 10, ["B>A", "A=B", "A>B"] * 10
    members = {"a": games(same), "b": games(same), "c": games(other)}
    whole, german = member_agreement(members, FEW)
    assert (whole.language, german.language, whole.n) == ("all", "deu_Latn", 30)
    assert whole.pairs["a", "b"].value == pytest.approx(1)
    assert whole.pairs["a", "c"].value == pytest.approx(-0.5)
    # Of three pairs of raters one agrees; by chance a third would.
    assert whole.fleiss == pytest.approx(0)


def test_only_items_that_all_decided_count():
    members = {"a": games(["A>B", "invalid", "B>A"]), "b": games(["A>B", "A>B"])}
    assert member_agreement(members, FEW)[0].n == 1
    with pytest.raises(DataError, match="no item in common"):
        member_agreement({"a": games(["invalid"]), "b": games(["A>B"])}, FEW)


def test_languages_are_compared_apart():
    members = {
        "a": games(["A>B", "B>A"] * 5) + games(["A>B", "B>A"] * 5, "swh_Latn"),
        "b": games(["A>B", "B>A"] * 5) + games(["B>A", "A>B"] * 5, "swh_Latn"),
    }
    by_language = {row.language: row.pairs["a", "b"].value for row in member_agreement(members, FEW)}
    assert by_language == pytest.approx({"all": 0, "deu_Latn": 1, "swh_Latn": -1})


def test_leaving_out_the_odd_one_changes_the_win_rate():
    members = {"a": games(["A>B"] * 4), "b": games(["A>B"] * 4), "c": games(["B>A"] * 4)}
    rows = {row.member: row for row in leave_one_out(members, PanelRule.MEAN, BASELINES)}
    assert rows[""].win_rate == pytest.approx(2 / 3)
    assert rows["c"].win_rate == 1
    assert rows["c"].difference == pytest.approx(1 / 3)
    assert rows["a"].win_rate == rows["b"].win_rate == 0.5
    majority = {row.member: row.win_rate for row in leave_one_out(members, PanelRule.MAJORITY, BASELINES)}
    assert majority == {"": 1, "a": 0.5, "b": 0.5, "c": 1}


def test_of_two_members_one_is_left():
    members = {"a": games(["A>B"]), "b": games(["B>A"])}
    rows = {row.member: row.win_rate for row in leave_one_out(members, PanelRule.MAJORITY, BASELINES)}
    assert rows == {"": 0.5, "a": 0, "b": 1}


def test_win_rates_are_averaged_over_languages_and_about_the_candidate():
    one = games(["A>B"] * 3) + games(["B>A"], "swh_Latn")
    (row, *_) = leave_one_out({"a": one, "b": one}, PanelRule.MEAN, {("t", "new", "old"): "new"})
    assert (row.candidate, row.baseline) == ("old", "new")
    assert row.languages == {"deu_Latn": 0, "swh_Latn": 1}
    assert row.win_rate == np.mean([0, 1])


def test_a_member_without_a_verdict_abstains_and_is_named():
    said = ["A>B", "B>A", "A=B"] * 4
    members = {"a": games(said), "b": games(said), "mute": games(["invalid"] * 12)}
    whole = member_agreement(members, FEW)[0]
    assert (whole.n, whole.silent, list(whole.pairs)) == (12, ("mute",), [("a", "b")])
    assert whole.pairs["a", "b"].value == pytest.approx(1)
    assert whole.fleiss == pytest.approx(1)
    without = {row.member: row.win_rate for row in leave_one_out(members, PanelRule.MEAN, BASELINES)}
    assert without == pytest.approx({"": 0.5, "a": 0.5, "b": 0.5, "mute": 0.5})


def test_a_member_may_be_silent_in_one_language_only():
    said = ["A>B", "B>A"] * 4
    members = {
        "a": games(said) + games(said, "swh_Latn"),
        "b": games(said) + games(said, "swh_Latn"),
        "c": games(said) + games(["invalid"] * 8, "swh_Latn"),
    }
    by_language = {row.language: row for row in member_agreement(members, FEW)}
    assert {code: row.silent for code, row in by_language.items()} == {
        "all": (), "deu_Latn": (), "swh_Latn": ("c",),
    }  # fmt: skip
    assert {code: row.n for code, row in by_language.items()} == {"all": 8, "deu_Latn": 8, "swh_Latn": 8}
    assert list(by_language["swh_Latn"].pairs) == [("a", "b")]


def test_each_two_are_compared_on_all_that_both_decided():
    members = {
        "a": games(["A>B", "B>A", "A>B", "B>A"]),
        "b": games(["A>B", "B>A", "B>A", "A>B"]),
        "c": games(["A>B", "B>A", "invalid", "invalid"]),
    }
    whole = member_agreement(members, FEW)[0]
    assert whole.n == 2
    assert whole.pairs["a", "b"].value == pytest.approx(0)
    assert whole.pairs["a", "c"].value == pytest.approx(1)


def test_two_that_never_decided_the_same_item_have_no_kappa():
    members = {
        "a": games(["A>B", "B>A", "invalid"]),
        "b": games(["A>B", "B>A", "A>B"]),
        "c": games(["invalid", "invalid", "A>B"]),
    }
    whole = member_agreement(members, FEW)[0]
    assert (whole.n, whole.fleiss, whole.pairs["a", "c"].value) == (0, None, None)
