"""Questions that games share are paid for once, and games say so."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import combinations

import pytest
from every_case import every_case

from polyarena.judges import Answer, Match, Reply, pairings
from polyarena.judges.llm import build, build_harm
from polyarena.judges.llm.verdicts import question_id
from polyarena.judges.protocol import Call
from polyarena.reports.judge_card import consistency
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
    """All games and ratings of some systems on one question each, by pairs as a run plays them."""
    items = {"1": Item("1", "1", "deu_Latn", "How?")}
    made = {system: [Completion(system, "t", "deu_Latn", "1", 0, "1", "p", text)] for system, text in answers.items()}
    games, ratings = [], []
    for one, other in combinations(made, 2):
        paired = pairings(made[one], made[other], items, repeats=repeats)
        for pairing, verdict in zip(paired, judge(args or {}, endpoint).decide(paired.matches()), strict=True):
            games.append(pairing.game("j", verdict))
            ratings += pairing.ratings("j", verdict)
    return games, ratings


@every_case("answers", [("No.", "Yes."), ("No.", "No."), ("a", "b", "c"), ("a", "b", "a", "a")])
@every_case("repeats", [1, 3])
@every_case("reply", ["[[no]]", "no label, so asked again"])
def test_the_price_of_verdicts_on_single_answers_is_what_was_paid(answers, repeats, reply):
    endpoint = Endpoint(reply)
    games, ratings = played(endpoint, {f"s{n}": text for n, text in enumerate(answers)}, repeats=repeats)
    price, unpriced = consistency.price_per_thousand(games, ratings)
    assert unpriced == 0
    assert price * len(games) / 1000 == pytest.approx(endpoint.paid)
    # Each game has what its verdict took; the sum of that is more than was paid.
    assert math.fsum(game.cost for game in games) >= 2 * endpoint.paid - 1e-9


@pytest.mark.parametrize(("answers", "shared"), [(("x", "x"), True), (("x", "y"), False)])
def test_two_equal_answers_are_one_question_of_both_orders(answers, shared):
    endpoint = Endpoint("[[A=B]]")
    games, ratings = played(endpoint, dict(zip("ab", answers, strict=True)), judge=build)
    assert ratings == []
    assert [game.question is not None for game in games] == [shared] * 2
    assert len(endpoint.kept) == (1 if shared else 2)
    assert consistency.price_per_thousand(games)[0] * 2 / 1000 == pytest.approx(endpoint.paid)


def test_an_unknown_price_is_no_price():
    games, ratings = played(lambda calls: (Reply("[[no]]") for _ in calls), {"a": "No.", "b": "Yes."})
    assert {game.cost for game in games} == {None}
    assert consistency.price_per_thousand(games, ratings) == (None, 2)


def test_a_question_is_named_by_what_is_asked_and_not_for_whom():
    call = Call(({"role": "user", "content": "x"},), match="one")
    assert question_id(call) == question_id(replace(call, match="other"))
    others = [replace(call, sample_index=1), replace(call, messages=({"role": "user", "content": "y"},))]
    names = {question_id(each) for each in (call, *others)}
    assert len(names) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)


def test_the_cost_of_a_verdict_is_that_of_both_ratings():
    (verdict,) = build_harm({}, Endpoint()).decide([Match("deu_Latn", "?", Answer("a"), Answer("b"))])
    assert [each.cost for each in verdict.ratings] == [0.001, 0.002]
    assert verdict.cost == pytest.approx(0.003)
