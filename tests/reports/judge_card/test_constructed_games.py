"""Judges made to a rule: position, length and kinship must come out as they were put in."""

import dataclasses
import json

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Game
from polyarena.reports.judge_card import biases, consistency
from polyarena.reports.judge_card.card import ALL, MEASURES, judge_card
from polyarena.reports.judge_card.rates import RateSettings
from polyarena.reports.judge_card.render import card_data, card_lines, card_markdown, card_page, measured

FEW = RateSettings(rounds=50)
SYSTEMS = ("new", "old")
ITEMS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=20)


def play(decide, *, items=40, systems=SYSTEMS, language="deu_Latn", **more):
    """Games in both orders; ``decide(item, first, second)`` is what the answer shown first is worth."""
    labels = {1.0: "A>B", 0.5: "A=B", 0.0: "B>A"}
    return [
        Game("j", "t", language, str(item), f"s{item:03d}", *pair, 0, labels[decide(item, *pair)], "", **more)
        for item in range(items)
        for pair in (systems, systems[::-1])
    ]


def texts(lengths, systems=SYSTEMS, language="deu_Latn"):
    return biases.answer_styles(
        {
            (name, "t", language, str(item)): ["x" * length]
            for item, both in enumerate(lengths)
            for name, length in zip(systems, both, strict=True)
        }
    )


def whole(games, **more):
    return judge_card("j", games, settings=FEW, **more).rows[0].rates


def better(wins):
    """A judge who sees which answer is better, whatever the order."""
    return lambda item, first, second: float((item in wins) == (first == "new"))


@every_case("share", [0, 10, 25, 40])
def test_a_judge_that_takes_the_first_for_some_items(share):
    """Of 40 items it names the first of ``share`` and the better of the others: half of these go to the first."""
    judge = better(set(range(0, 40, 2)))
    rates = whole(play(lambda item, *pair: 1.0 if item < share else judge(item, *pair)))
    assert rates["position_bias"].value == pytest.approx((share + (40 - share) / 2) / 40)
    assert rates["contradictory"].value == rates["position_inconsistency"].value == pytest.approx(share / 40)
    assert rates["ties"].value == 0


@given(st.sets(st.integers(0, 39)))
def test_a_judge_without_a_place_never_leans_whoever_wins(wins):
    rates = whole(play(better(wins)))
    assert rates["position_bias"].value == 0.5
    assert rates["contradictory"].value == rates["position_inconsistency"].value == 0


@given(ITEMS)
def test_a_judge_that_counts_letters_leans_to_the_longer_and_to_no_place(lengths):
    def longer(item, first, second):
        sizes = dict(zip(SYSTEMS, lengths[item], strict=True))
        return 0.5 + 0.5 * float(np.sign(sizes[first] - sizes[second]))

    rates = whole(play(longer, items=len(lengths)), styles=texts(lengths))
    unequal = sum(one != other for one, other in lengths)
    assert rates["length_bias"].n == unequal
    assert rates["length_bias"].value == (1.0 if unequal else None)
    assert rates["position_bias"].value == 0.5
    assert rates["markdown_bias"].value is None


@given(ITEMS)
def test_turning_the_verdicts_turns_the_lean_to_length(lengths):
    generator = np.random.default_rng(len(lengths))
    drawn = generator.choice([0.0, 0.5, 1.0], (len(lengths), 2))
    found, turned = (
        whole(play(lambda item, first, _, k=k: abs(k - drawn[item, SYSTEMS.index(first)]), items=len(lengths)),
              styles=texts(lengths))["length_bias"]
        for k in (0, 1)
    )  # fmt: skip
    assert found.n == turned.n
    if found.value is not None:
        assert found.value == pytest.approx(1 - turned.value)


def test_position_does_not_pass_for_a_lean_to_length():
    """The longer answer is always shown first once and second once: a judge of places alone gives it one half."""
    rates = whole(play(lambda *_: 1.0), styles=texts([(9, 3)] * 40))
    assert rates["length_bias"].value == 0.5
    assert rates["position_bias"].value == 1.0


@every_case("own", [0.25, 0.5, 0.9])
def test_kin_get_what_was_put_in(own):
    """Systems mine-1 and mine-2 share the judge's family; against one another nothing is seen of it."""
    kin = {"mine-1": ("acme",), "mine-2": ("acme",)}
    favoured = set(range(round(40 * own)))

    def judge(item, first, second):
        if (first in kin) == (second in kin):
            return 0.5
        return float((first in kin) == (item in favoured))

    pairs = [("mine-1", "old"), ("mine-2", "old"), ("mine-1", "mine-2")]
    games = [game for pair in pairs for game in play(judge, systems=pair)]
    card = judge_card("j", games, relatives=kin, settings=FEW)
    found = card.rows[0].rates["self_preference"]
    assert (found.value, found.n) == (pytest.approx(len(favoured) / 40), 80)
    assert [finding.split(" with the system ")[1] for finding in card.findings] == [
        "mine-1, by the name of the model.",
        "mine-2, by the name of the model.",
    ]


def test_kin_of_nobody_are_not_measured():
    games = play(better(set()))
    assert whole(games)["self_preference"].value is None
    assert whole(games, relatives={"somebody": ("acme",)})["self_preference"].value is None
    assert whole(games, relatives={"new": ("a",), "old": ("a",)})["self_preference"].value is None


def test_languages_are_measured_apart_and_pooled_by_games():
    games = play(lambda *_: 1.0, items=30) + play(better(set(range(5))), items=10, language="swh_Latn")
    rows = judge_card("j", games, settings=FEW).rows
    assert [row.language for row in rows] == [ALL, "deu_Latn", "swh_Latn"]
    assert [row.rates["position_bias"].value for row in rows] == [pytest.approx((60 + 10) / 80), 1.0, 0.5]
    assert rows[0].games == rows[1].games + rows[2].games


@given(seed=st.integers(0, 50))
def test_the_order_of_games_changes_no_card(seed):
    generator = np.random.default_rng(seed)
    drawn = generator.choice([0.0, 0.5, 1.0], (40, 2))
    games = play(lambda item, first, _: drawn[item, SYSTEMS.index(first)])
    styles = texts(generator.integers(1, 9, (40, 2)).tolist())
    mixed = [games[int(i)] for i in generator.permutation(len(games))]
    assert judge_card("j", mixed, styles=styles, settings=FEW) == judge_card("j", games, styles=styles, settings=FEW)


@given(st.permutations(range(6)), st.integers(1, 3))
def test_pairs_of_orders_do_not_depend_on_the_order_played(order, repeats):
    games = [
        dataclasses.replace(game, repeat=repeat)
        for repeat in range(repeats)
        for game in play(lambda item, *_: (0.0, 0.5, 1.0)[item], items=3)
    ]
    mixed = [games[i] for i in order] + games[6:]
    assert sorted(consistency.position_inconsistency(mixed)) == sorted(consistency.position_inconsistency(games))
    assert len(list(consistency.order_pairs(mixed))) == 3 * repeats


@every_case(
    ("labels", "repeats", "agree"),
    [
        (["A>B", "A>B", "A>B"], 3, [1, 1, 1]),
        (["A>B", "A>>B", "B>A"], 3, [1, 0, 0]),
        (["A>B", "invalid", "A>B"], 3, [1]),
        (["A>B", "B>A", "A=B", "A=B"], 2, [0, 1]),
        (["A>B", "B>A"], 1, []),
    ],
)
def test_agreement_of_repeats_is_counted_in_pairs(labels, repeats, agree):
    games = [Game("j", "t", "deu_Latn", "1", "s1", "a", "b", i, label, "") for i, label in enumerate(labels)]
    assert [value for _, value in consistency.repeated(games, repeats)] == agree


def test_prices_are_of_a_thousand_games_and_say_what_they_leave_out():
    games = play(better(set(range(20))))
    priced = [dataclasses.replace(game, cost=0.002 if i % 4 else None) for i, game in enumerate(games)]
    card = judge_card("j", priced, settings=FEW)
    assert card.rows[0].price == pytest.approx(2.0)
    assert card.rows[0].unpriced == 20
    assert card.findings == ("The price leaves out 20 games of unknown price.",)
    assert [line[-1] for line in card_lines(card)[1]] == ["2.00", "2.00"]


def test_a_card_without_games_is_empty_and_can_be_written():
    card = judge_card("j", [], settings=FEW)
    assert (card.findings, measured(card)) == ((), [])
    assert card_lines(card) == (["language", "games", "price per 1,000"], [["all languages", "0", "unknown"]])
    assert "Nothing stands out." in card_markdown(card)
    assert json.loads(json.dumps(card_data(card)))["rows"][0]["games"] == 0


def test_hostile_names_stay_texts():
    name = '<img src=x onerror=alert(1)>|"&'
    card = judge_card(
        name, play(better(set()), language="xx|x_<b>"), relatives={name: (name,)}, description=name, signature=name,
        settings=FEW,
    )  # fmt: skip
    html = card_page([card, card])
    assert "<img" not in html
    assert "<b>" not in html
    assert html.count("<h2>") == 2
    table = [line for line in card_markdown(card).splitlines() if line.startswith("| ")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1


def test_every_measure_has_a_meaning_in_words():
    rates = whole(play(better(set())))
    assert list(rates) == list(MEASURES)
    assert all(meaning and not meaning.endswith(".") for meaning in MEASURES.values())
