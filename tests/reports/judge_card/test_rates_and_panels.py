"""Rates against a share's score interval; panels with nothing to say; preferences by language and category."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Game
from polyarena.judges.panels import PanelRule
from polyarena.judges.preferences import PreferencePair
from polyarena.reports.judge_card import consistency as consistency
from polyarena.reports.judge_card.agreement import agreement_with_people
from polyarena.reports.judge_card.card import judge_card
from polyarena.reports.judge_card.panel import leave_one_out, member_agreement
from polyarena.reports.judge_card.preferences import accuracies
from polyarena.reports.judge_card.rates import Rate, RateSettings, rate
from polyarena.reports.stats.intervals import wilson_interval

FEW = RateSettings(rounds=50)
BASELINES = {("t", "new", "old"): "old"}


def games(labels, language="deu_Latn", judge="j", **changes):
    return [
        Game(judge, "t", language, str(item), f"s{item}", "new", "old", 0, label, "", **changes)
        for item, label in enumerate(labels)
    ]


@given(wins=st.integers(0, 40), losses=st.integers(1, 40))
def test_a_rate_of_single_items_has_wilson_s_interval_an_eighth_of_an_item_farther_out(wins, losses):
    total = wins + losses
    found = rate([(f"s{i}", float(i < wins)) for i in range(total)], FEW)
    assert (found.value, found.n) == (pytest.approx(wins / total), total)
    if total < 2:
        assert found.low is None
    else:
        assert (found.low, found.high) == pytest.approx(
            wilson_interval(wins / total, total, 0.95, continuity=1 / 8 / total), abs=1e-6
        )


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=40))
def test_order_and_mirror_of_values(values):
    pairs = [(f"s{cluster}", value) for cluster, value in values]
    found, turned = rate(pairs, FEW), rate([(cluster, 1 - value) for cluster, value in pairs], FEW)
    assert rate(pairs[::-1], FEW) == found
    assert found.value == pytest.approx(1 - turned.value)
    if found.low is not None:
        assert (found.low, found.high) == pytest.approx((1 - turned.high, 1 - turned.low), abs=1e-9)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_an_item_asked_again_and_again_is_no_new_item():
    once = rate([(f"s{i}", float(i % 2)) for i in range(20)], FEW)
    often = rate([(f"s{i}", float(i % 2)) for i in range(20) for _ in range(5)], FEW)
    assert often.value == once.value
    assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=0.02)
    assert often.n == 100


def test_nothing_and_one_cluster():
    assert rate([], FEW) == Rate()
    assert rate([("s", 1.0)] * 5, FEW) == Rate(1.0, None, None, 5)


def test_a_comparison_without_any_verdict_is_left_out():
    members = {name: games(["invalid"] * 4, judge=name) for name in "abc"}
    assert leave_one_out(members, PanelRule("majority"), BASELINES) == ()


def test_leaving_out_the_only_one_who_decided_leaves_no_row_for_it():
    members = {
        "a": games(["A>B"] * 4, judge="a"),
        "b": games(["invalid"] * 4, judge="b"),
        "c": games(["invalid"] * 4, judge="c"),
    }
    found = leave_one_out(members, PanelRule("mean"), BASELINES)
    assert [row.member for row in found] == ["", "b", "c"]
    assert all(row.win_rate == 1 for row in found)


def test_differences_are_over_languages_that_both_have():
    """The whole panel never decided Swahili, which c did not judge: what the others say of it is not c's influence."""
    members = {
        name: games(["A>B", "B>A"] * 4, judge=name) + games(["A>B"] * 8, "swh_Latn", judge=name) for name in "ab"
    } | {"c": games(["A>B", "B>A"] * 4, judge="c")}
    found = {row.member: row for row in leave_one_out(members, PanelRule("mean"), BASELINES)}
    assert {tuple(row.languages) for row in found.values()} == {("deu_Latn",)}
    assert (found["c"].win_rate, found["c"].difference) == (0.5, 0)


def test_members_of_one_mind_have_a_kappa_that_is_undefined_or_one():
    alike = {name: games(["A>B"] * 10, judge=name) for name in "ab"}
    whole = member_agreement(alike, FEW)[0]
    assert (whole.fleiss, whole.pairs["a", "b"].value) == (None, None)
    mixed = {name: games(["A>B", "B>A"] * 5, judge=name) for name in "ab"}
    pair = member_agreement(mixed, FEW)[0].pairs["a", "b"]
    assert pair.value == pytest.approx(1)
    assert (pair.low, pair.high) == (None, None)


def test_agreement_with_people_does_not_depend_on_the_order_of_games():
    generator = np.random.default_rng(0)
    labels = generator.choice(["A>B", "A=B", "B>A"], 30)
    judge = games(labels)
    people = [
        dataclasses.replace(each, judge=f"p{vote}", repeat=vote, label=str(generator.choice([each.label, "A=B"])))
        for each in judge
        for vote in range(2)
    ]
    found = agreement_with_people(judge, people, rounds=60)
    assert agreement_with_people(judge[::-1], people[::-1], rounds=60) == found
    (whole, german) = found.rows
    assert dataclasses.replace(whole, language="deu_Latn") == german
    assert whole.n_people == 30
    assert whole.votes == 60


def test_all_habits_of_a_mirror_judge_are_mirrored():
    """A judge who swaps both names everywhere leans the other way as much."""
    generator = np.random.default_rng(1)
    mirror = {"A>>B": "B>>A", "A>B": "B>A", "A=B": "A=B", "B>A": "A>B", "B>>A": "A>>B", "invalid": "invalid"}
    played = []
    for item in range(40):
        for a, b in (("new", "old"), ("old", "new")):
            label = str(generator.choice(list(mirror), p=[0.1, 0.4, 0.1, 0.2, 0.1, 0.1]))
            played.append(Game("j", "t", "deu_Latn", str(item), f"s{item}", a, b, 0, label, ""))
    turned = [dataclasses.replace(each, label=mirror[each.label]) for each in played]
    one, other = (judge_card("j", each, settings=FEW).rows[0].rates for each in (played, turned))
    assert one["position_bias"].value == pytest.approx(1 - other["position_bias"].value)
    for name in ("contradictory", "position_inconsistency", "ties", "strong", "invalid"):
        assert one[name] == other[name]


def test_a_card_of_invalid_games_alone_says_so_and_no_more():
    card = judge_card("j", games(["invalid"] * 12), settings=FEW)
    whole = card.rows[0]
    assert whole.rates["invalid"].value == 1
    assert all(found.value is None for name, found in whole.rates.items() if name not in ("invalid", "asked_again"))
    assert any("have no verdict" in finding for finding in card.findings)
    assert whole.constant == ""


def test_a_graded_judge_counts_with_its_grade():
    pair = [
        Game("j", "t", "deu_Latn", "1", "s1", "new", "old", 0, "A>B", "", score=0.7),
        Game("j", "t", "deu_Latn", "1", "s1", "old", "new", 0, "B>A", "", score=0.4),
    ]
    assert [value for _, value in consistency.position_bias(pair)] == [0.7, 0.4]
    assert [value for _, value in consistency.contradictions(pair)] == [0]


def preference(number, language, category):
    fields = {field.name: "" for field in dataclasses.fields(PreferencePair)}
    return PreferencePair(**fields | {"id": f"p{number}", "language": language, "category": category})


def test_accuracies_add_up_over_languages_and_categories():
    generator = np.random.default_rng(2)
    points = [
        (preference(number, language, category), float(generator.choice([0.0, 0.5, 1.0])))
        for number in range(24)
        for language, category in (("deu_Latn", "chat"), ("swh_Latn", "chat"), ("deu_Latn", "safety"))
    ]
    points.append((preference(99, "deu_Latn", "chat"), None))
    found = {(each.language, each.category): each for each in accuracies(points, FEW)}
    assert found["all", "all"].accuracy.n == 72
    assert found["all", "all"].undecided == 1
    assert found["all", "chat"].accuracy.value == pytest.approx(
        np.mean([found["deu_Latn", "chat"].accuracy.value, found["swh_Latn", "chat"].accuracy.value])
    )
    assert ("swh_Latn", "safety") not in found
    again = {(each.language, each.category): each for each in accuracies(points[::-1], FEW)}
    assert again == found
