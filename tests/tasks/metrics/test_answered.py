"""What is scored of a completion, and what cannot be."""

import pytest

from polyarena.tasks.errors import DataError
from polyarena.tasks.metrics.answered import answer_and_references
from polyarena.tasks.metrics.numbers import numeric_match
from polyarena.tasks.metrics.question_answering import answer_scores
from polyarena.tasks.metrics.rouge import rouge_scores
from polyarena.tasks.metrics.translation import translation_scores, translation_statistics

SCORERS = [
    answer_scores,
    numeric_match,
    rouge_scores,
    lambda item, completion: translation_scores(item, completion, ["chrf++"]),
    lambda item, completion: translation_statistics(item, completion, ["bleu_char"]),
]


def test_gives_text_and_references(answered):
    assert answer_and_references(*answered("", "one", "two")) == ("", ("one", "two"))


@pytest.mark.parametrize("scorer", [answer_and_references, *SCORERS])
def test_a_completion_without_text_is_refused_and_named(scorer, answered):
    with pytest.raises(DataError, match="has no text") as caught:
        scorer(*answered(None, "one"))
    assert caught.value.where == "system, task, swh_Latn, q"


@pytest.mark.parametrize("scorer", [answer_and_references, *SCORERS])
def test_an_item_without_references_is_refused(scorer, answered):
    with pytest.raises(DataError, match="no references"):
        scorer(*answered("text"))


@pytest.mark.parametrize("scorer", SCORERS[:-1])
def test_an_empty_answer_scores_nothing(scorer, answered):
    assert set(scorer(*answered("", "12 words")).values()) == {0.0}


@pytest.mark.parametrize("scorer", SCORERS[:-1])
def test_the_best_reference_counts(scorer, answered):
    best = scorer(*answered("there are 12 words", "there are 12 words"))
    assert scorer(*answered("there are 12 words", "nothing of it: 13", "there are 12 words")) == best
    assert set(best.values()) <= {1.0, 100.0}
