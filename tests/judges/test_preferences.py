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


def test_answers_of_many_pairs_are_scored_together():
    pairs = [PreferencePair(str(n), "deu_Latn", "Chat", f"Wer {n}?", f"gut {n}", f"schlecht {n}") for n in range(70)]
    groups = [match.a.group for match in preference_matches(pairs)]
    assert len(dict.fromkeys(groups)) == 3
    asked = dict.fromkeys(pair for group in dict.fromkeys(groups) for pair in group.answers)
    assert list(asked) == [(each.prompt, text) for each in pairs for text in (each.chosen, each.rejected)]


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
