"""Questions that games share are paid for once, and games say so."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Answer, Match, Reply, games, pairings
from polyarena.judges.llm import build, build_harm, costs_of, is_cost_note
from polyarena.judges.llm.cost_notes import cost_note, question_id
from polyarena.judges.protocol import Call
from polyarena.reports.judge_card import consistency as habits
from polyarena.tasks.item import Item
from polyarena.tasks.records import Completion


class Endpoint:
    """Answers each question once, at a price of its own, and gives the same again to an equal one."""

    def __init__(self, reply="[[no]]"):
        self.reply = reply
        self.kept = {}

    def __call__(self, calls):
        for call in calls:
            key = (repr(call.messages), call.sample_index)
            if key not in self.kept:
                price = 0.001 * (1 + len(self.kept))
                self.kept[key] = Reply(self.reply, "stop", 10, 1, price)
            yield self.kept[key]

    @property
    def paid(self):
        return math.fsum(reply.cost for reply in self.kept.values())


def played(endpoint, answers, *, judge=build_harm, repeats=1, args=None):
    """All games of some systems on one question each, by pairs as a run plays them."""
    items = {"1": Item("1", "1", "deu_Latn", "How?")}
    made = {system: [Completion(system, "t", "deu_Latn", "1", 0, "1", "p", text)] for system, text in answers.items()}
    found = []
    for one, other in combinations(made, 2):
        paired = pairings(made[one], made[other], items, repeats=repeats)
        found += games("j", paired, judge(args or {}, endpoint).decide(paired.matches()))
    return found


@pytest.mark.parametrize("answers", [("No.", "Yes."), ("No.", "No."), ("a", "b", "c"), ("a", "b", "a", "a")])
@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("reply", ["[[no]]", "no label, so asked again"])
def test_the_price_of_verdicts_on_single_answers_is_what_was_paid(answers, repeats, reply):
    endpoint = Endpoint(reply)
    made = played(endpoint, {f"s{n}": text for n, text in enumerate(answers)}, repeats=repeats)
    price, unpriced = habits.price_per_thousand(made)
    assert unpriced == 0
    assert price * len(made) / 1000 == pytest.approx(endpoint.paid)
    # Each game has what its verdict took; the sum of that is more than was paid.
    assert math.fsum(game.cost for game in made) >= 2 * endpoint.paid - 1e-9
    assert all(math.fsum(costs_of(game.questions).values()) <= game.cost + 1e-12 for game in made)


@pytest.mark.parametrize(("answers", "noted"), [(("x", "x"), True), (("x", "y"), False)])
def test_two_equal_answers_are_one_question_of_both_orders(answers, noted):
    endpoint = Endpoint("[[A=B]]")
    made = played(endpoint, dict(zip("ab", answers, strict=True)), judge=build)
    assert [game.questions is not None for game in made] == [noted] * 2
    assert len(endpoint.kept) == (1 if noted else 2)
    assert habits.price_per_thousand(made)[0] * 2 / 1000 == pytest.approx(endpoint.paid)


def test_games_of_an_earlier_version_count_both_orders_once():
    endpoint = Endpoint()
    made = [replace(game, questions=None) for game in played(endpoint, {"a": "No.", "b": "Yes."}, repeats=2)]
    assert habits.price_per_thousand(made)[0] * len(made) / 1000 == pytest.approx(endpoint.paid)


def test_an_unknown_price_is_no_note_and_no_price():
    made = played(lambda calls: (Reply("[[no]]") for _ in calls), {"a": "No.", "b": "Yes."})
    assert {(game.cost, game.questions) for game in made} == {(None, None)}
    assert habits.price_per_thousand(made) == (None, 2)


def test_a_question_is_named_by_what_is_asked_and_not_for_whom():
    call = Call(({"role": "user", "content": "x"},), match="one")
    assert question_id(call) == question_id(replace(call, match="other"))
    others = [replace(call, sample_index=1), replace(call, messages=({"role": "user", "content": "y"},))]
    names = {question_id(each) for each in (call, *others)}
    assert len(names) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)


COSTS = st.lists(st.lists(st.floats(0, 1e6), min_size=1, max_size=2), min_size=1, max_size=2)


@given(COSTS)
def test_a_note_is_read_as_it_was_written(costs):
    names = [f"{number:016x}" for number in range(len(costs))]
    note = cost_note(names, [[Reply("", cost=cost) for cost in own] for own in costs])
    assert is_cost_note(note)
    assert costs_of(note) == {name: math.fsum(own) for name, own in zip(names, costs, strict=True)}


@pytest.mark.parametrize("text", ["", "0.5", "xyz:1", "0123456789abcdef", "0123456789abcdef:", "0123456789abcdef:inf"])
def test_other_texts_are_no_notes(text):
    assert not is_cost_note(text)


def test_a_match_decided_alone_has_the_note_of_its_own_questions():
    (verdict,) = build_harm({}, Endpoint()).decide([Match("deu_Latn", "?", Answer("a"), Answer("b"))])
    assert sorted(costs_of(verdict.questions).values()) == pytest.approx([0.001, 0.002])
    assert verdict.cost == pytest.approx(0.003)
