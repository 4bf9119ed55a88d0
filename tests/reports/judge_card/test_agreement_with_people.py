"""A judge beside people, people beside one another."""

import numpy as np
import pytest

from polyarena.judges import Game
from polyarena.reports.judge_card.agreement import ALL, agreement_with_people
from polyarena.reports.judge_card.units import LOSS, TIE, WIN, category, decided, item_pair, voted
from polyarena.tasks.errors import DataError

LABELS = {WIN: "A>B", TIE: "A=B", LOSS: "B>A"}


def game(item, label, *, a="one", b="two", repeat=0, language="deu_Latn", judge="j"):
    return Game(judge, "t", language, str(item), f"s{item}", a, b, repeat, label, "")


def both_orders(item, kind, **more):
    swapped = {WIN: LOSS, TIE: TIE, LOSS: WIN}[kind]
    return [game(item, LABELS[kind], **more), game(item, LABELS[swapped], a="two", b="one", **more)]


def test_units_and_categories_do_not_depend_on_the_order_shown():
    one, other = both_orders(1, WIN)
    assert item_pair(one) == item_pair(other)
    assert decided([one, other]) == {item_pair(one): WIN}
    assert voted([one, other]) == {item_pair(one): [WIN, WIN]}
    assert [category(score) for score in (0, 0.25, 0.5, 0.75, 1)] == [LOSS, LOSS, TIE, WIN, WIN]


def test_contradicting_orders_are_a_tie_and_items_without_a_verdict_are_left_out():
    contradiction = [game(1, "A>B"), game(1, "A>B", a="two", b="one")]
    assert list(decided([*contradiction, game(2, "invalid")]).values()) == [TIE]
    assert voted([game(2, "invalid")]) == {}


def test_a_judge_that_says_what_people_say_agrees_perfectly():
    kinds = [WIN, TIE, LOSS] * 10
    judge = [each for item, kind in enumerate(kinds) for each in both_orders(item, kind)]
    people = [game(item, LABELS[kind], repeat=voter) for item, kind in enumerate(kinds) for voter in range(3)]
    table = agreement_with_people(judge, people, rounds=200)
    assert [row.language for row in table.rows] == [ALL, "deu_Latn"]
    row = table.rows[0]
    assert (row.n, row.votes, row.n_people) == (30, 90, 30)
    for side in (row.judge, row.people):
        assert {name: found.value for name, found in side.items()} == pytest.approx(
            {"raw": 1, "cohen": 1, "krippendorff": 1, "gwet": 1}
        )


def noisy(seed, items=300, judge_right=0.9, person_right=0.8):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, items)

    def opinion(right):
        return np.where(generator.random(items) < right, truth, generator.integers(0, 3, items))

    judge = [each for item, kind in enumerate(opinion(judge_right)) for each in both_orders(item, int(kind))]
    people = [
        game(item, LABELS[int(kind)], repeat=voter)
        for voter in range(3)
        for item, kind in enumerate(opinion(person_right))
    ]
    return judge, people


def test_a_judge_better_than_people_is_above_the_ceiling_and_a_random_one_at_nought():
    judge, people = noisy(1)
    row = agreement_with_people(judge, people, rounds=200).rows[0]
    # A judge right with 0.9 meets a person right with 0.8: kappa 0.72; two people: 0.64.
    assert row.judge["cohen"].value == pytest.approx(0.72, abs=0.06)
    assert row.people["cohen"].value == pytest.approx(0.64, abs=0.06)
    random, people = noisy(2, judge_right=0.0)
    row = agreement_with_people(random, people, rounds=200).rows[0]
    assert row.judge["cohen"].low < 0 < row.judge["cohen"].high
    assert row.people["cohen"].low > 0.4


def test_many_votes_on_one_item_weigh_no_more_than_one():
    judge = both_orders(1, WIN) + both_orders(2, WIN)
    people = [game(1, "A>B")] + [game(2, "B>A", repeat=voter) for voter in range(99)]
    assert agreement_with_people(judge, people, rounds=200).rows[0].judge["raw"].value == pytest.approx(0.5)


def test_languages_and_votes_without_a_counterpart_are_named():
    judge = [game(1, "A>B"), game(1, "A>B", language="swh_Latn")]
    people = [game(1, "A>B"), game(1, "A>B", language="tha_Thai"), game(9, "A>B")]
    table = agreement_with_people(judge, people, rounds=200)
    assert table.without_votes == ("swh_Latn",)
    assert table.without_judge == ("tha_Thai",)
    assert table.unmatched_votes == 2
    assert table.rows[0].people["raw"].value is None


def test_nothing_in_common_is_an_error():
    with pytest.raises(DataError, match="no item in common"):
        agreement_with_people([game(1, "A>B")], [game(2, "A>B")])
