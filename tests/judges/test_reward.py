"""Scores become verdicts."""

import math

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from polyarena.judges import Answer, Label, Match
from polyarena.judges.reward import RewardJudge, RewardThresholds

FINITE = st.floats(-1e6, 1e6)


@every_case(
    ("difference", "label"),
    [(0.0, "A=B"), (0.5, "A=B"), (-0.5, "A=B"), (0.6, "A>B"), (-0.6, "B>A"), (2.0, "A>>B"), (-2.5, "B>>A"),
     (math.nan, "invalid"), (math.inf, "invalid")],
)  # fmt: skip
def test_bands(difference, label):
    assert RewardThresholds(tie_band=0.5, much=2.0).label(difference) == label


def test_without_much_there_is_no_strong_verdict():
    assert RewardThresholds().label(1e9) is Label.A
    assert RewardThresholds().label(1e-9) is Label.A


@given(FINITE, st.floats(0, 100))
def test_swapping_the_answers_swaps_the_verdict(difference, band):
    mirror = {Label.A: Label.B, Label.B: Label.A, Label.TIE: Label.TIE, Label.A_MUCH: Label.B_MUCH}
    bands = RewardThresholds(tie_band=band, much=band + 1)
    if difference >= 0:
        assert bands.label(-difference) is mirror[bands.label(difference)]


@every_case("wrong", [{"tie_band": -1}, {"much": 0}, {"tie_band": math.inf}, {"band": 1}])
def test_bands_are_checked(wrong):
    with pytest.raises(ValidationError):
        RewardThresholds(**wrong)


class Scorer:
    """The longer answer is better; counts what it is asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, pairs):
        self.asked.append(list(pairs))
        return [float(len(answer)) for _, answer in pairs]


def match(a, b):
    return Match("deu_Latn", "?", Answer(a), Answer(b))


def test_both_orders_of_a_pair_are_scored_once():
    scorer = Scorer()
    judge = RewardJudge(scorer, RewardThresholds(), "model:toy")
    verdicts = list(judge.decide([match("long", "s"), match("s", "long"), match("s", "s")]))
    assert [verdict.label.value for verdict in verdicts] == ["A>B", "B>A", "A=B"]
    assert scorer.asked == [[("?", "long"), ("?", "s")]]
    assert [[each.value for each in verdict.ratings] for verdict in verdicts] == [[4.0, 1.0], [1.0, 4.0], [1.0, 1.0]]
    assert {each.scale for verdict in verdicts for each in verdict.ratings} == {"reward"}


def test_matches_are_taken_in_batches_and_lazily():
    scorer = Scorer()
    judge = RewardJudge(scorer, RewardThresholds(), "model:toy", at_once=2)
    verdicts = judge.decide(match("x" * n, "y") for n in range(5))
    next(verdicts)
    assert len(scorer.asked) == 1
    assert len(list(verdicts)) == 4
    assert len(scorer.asked) == 3


def test_no_number_is_invalid_and_said():
    judge = RewardJudge(lambda pairs: [math.nan] * len(pairs), RewardThresholds(), "model:toy")
    (verdict,) = judge.decide([match("a", "b")])
    assert verdict.label is Label.INVALID
    assert "no number" in verdict.error


def test_it_asks_nobody_and_signs_all_that_matters():
    judge = RewardJudge(Scorer(), RewardThresholds(tie_band=0.25), "model:toy")
    assert judge.calls(match("a", "b")) == []
    assert str(judge.signature) == "judge:reward@1|model:toy|tie_band:0.25|much:None"
    assert "0.25" in judge.description


def test_a_conversation_is_scored_as_one_text():
    scorer = Scorer()
    one = Answer("zwei", earlier=(("Eins?", "eins"),))
    list(RewardJudge(scorer, RewardThresholds(), "model:x").decide([Match("deu_Latn", "Zwei?", one, Answer("zwei"))]))
    assert scorer.asked == [
        [("User: Eins?\n\nAssistant: eins\n\nUser: Zwei?", "zwei"), ("Zwei?", "zwei")],
    ]
