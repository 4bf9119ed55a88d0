"""PreferencePair data as matches, and their points."""

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.judges import Label, Verdict
from polyarena.judges.preferences import PreferencePair, preference_matches, preference_scores

ONE = PreferencePair("1", "deu_Latn", "Chat", "Wer?", "gut", "schlecht")


def points(*labels, score=None):
    ((_, value),) = preference_scores([ONE], [Verdict(label, "", score=score) for label in labels])
    return value


def test_each_pair_is_shown_in_both_orders():
    first, second = preference_matches([ONE])
    assert (first.a.text, first.b.text) == ("gut", "schlecht")
    assert (second.a.text, second.b.text) == ("schlecht", "gut")
    assert first.key != second.key
    assert (first.language, first.question, first.category) == ("deu_Latn", "Wer?", "Chat")


@every_case(
    ("labels", "value"),
    [
        ((Label.A, Label.B_MUCH), 1),
        ((Label.A, Label.A), 0.5),
        ((Label.B, Label.A), 0),
        ((Label.TIE, Label.B), 0.75),
        ((Label.INVALID, Label.B), 1),
        ((Label.INVALID, Label.INVALID), None),
    ],
)
def test_points_of_the_chosen_answer(labels, value):
    assert points(*labels) == value


def test_graded_verdicts_count_with_their_score():
    assert points(Label.A, Label.A, score=0.8) == pytest.approx(0.5)


@given(st.lists(st.sampled_from(list(Label)), min_size=2, max_size=2))
def test_points_lie_between_nought_and_one(labels):
    value = points(*labels)
    assert value is None or 0 <= value <= 1
