"""Scores become verdicts."""

import math

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from polyarena.judges import Answer, Label, Match
from polyarena.judges import reward as module
from polyarena.judges.protocol import AnswerGroup, scores_answers
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
    assert scorer.asked == [[("?", "long")], [("?", "s")]]
    assert [[each.value for each in verdict.ratings] for verdict in verdicts] == [[4.0, 1.0], [1.0, 4.0], [1.0, 1.0]]
    assert {each.scale for verdict in verdicts for each in verdict.ratings} == {"reward"}


def group(*texts):
    return AnswerGroup(tuple(("?", text) for text in texts))


def grouped(texts, match_texts):
    shared = group(*texts)
    return Match("deu_Latn", "?", *(Answer(text, group=shared) for text in match_texts))


def test_a_group_is_scored_together_and_once_when_it_is_needed():
    scorer = Scorer()
    judge = RewardJudge(scorer, RewardThresholds(), "model:toy")
    verdicts = judge.decide(grouped(("a", "bb", "a", "ccc"), pair) for pair in (("a", "bb"), ("bb", "ccc"), ("a", "a")))
    assert scorer.asked == []
    assert next(verdicts).label is Label.B
    assert scorer.asked == [[("?", "a"), ("?", "bb"), ("?", "ccc")]]
    assert [verdict.label for verdict in verdicts] == [Label.B, Label.TIE]
    # Another stream of the same run, with groups that were made anew.
    assert [each.label for each in judge.decide([grouped(("a", "bb", "a", "ccc"), ("ccc", "a"))])] == [Label.A]
    assert len(scorer.asked) == 1
    assert scores_answers(judge)


def test_the_same_answer_has_a_score_of_its_own_in_each_group():
    def score(asked):
        return [float(len(asked))] * len(asked)

    judge = RewardJudge(score, RewardThresholds(), "model:toy")
    answers = (Answer("a", group=group("a", "b")), Answer("a", group=group("a", "b", "c")))
    for pair in (answers, answers[::-1]):
        (verdict,) = judge.decide([Match("deu_Latn", "?", *pair)])
        assert [each.value for each in verdict.ratings] == [float(len(each.group.answers)) for each in pair]


def test_groups_that_were_not_needed_for_long_are_forgotten(monkeypatch):
    monkeypatch.setattr(module, "MOST_GROUPS", 2)
    scorer = Scorer()
    judge = RewardJudge(scorer, RewardThresholds(), "model:toy")
    for a, b in (("a", "b"), ("a", "c"), ("a", "c"), ("c", "b")):
        list(judge.decide([match(a, b)]))
    assert [asked[0][1] for asked in scorer.asked] == ["a", "b", "c", "b"]


def test_the_digest_of_a_group_tells_where_texts_end():
    different = [group("a", "b"), group("b", "a"), group("ab"), group("a", "b", ""), AnswerGroup((("?a", ""),))]
    assert len({each.digest for each in different}) == len(different)
    assert group("a", "\ud800").digest == group("a", "\ud800").digest


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
    assert scorer.asked == [[("User: Eins?\n\nAssistant: eins\n\nUser: Zwei?", "zwei")], [("Zwei?", "zwei")]]
