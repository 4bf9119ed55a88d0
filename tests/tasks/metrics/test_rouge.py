"""ROUGE is rouge_score's on English, and means something elsewhere."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from polyarena.tasks.metrics.rouge import longest_common, rouge_l, rouge_lsum, rouge_scores
from polyarena.tasks.metrics.segmentation import sentences

THEIRS = RougeScorer(["rougeL", "rougeLsum"])
few = st.lists(st.sampled_from("abc"), max_size=9)


def scores_of_theirs(candidate, reference):
    """The package cuts sentences at line breaks alone."""
    found = THEIRS.score("\n".join(sentences(reference)), "\n".join(sentences(candidate)))
    return found["rougeL"].fmeasure, found["rougeLsum"].fmeasure


@pytest.mark.parametrize("gap", [1, 2, 7])
def test_equals_rouge_score_on_real_english(gap, request):
    texts = [text for text in request.getfixturevalue("sentences")["eng_Latn"] if text.isascii()]
    passages = [" ".join(texts[i : i + 4]) for i in range(0, 120, 4)]
    for candidate, reference in zip(passages, passages[gap:], strict=False):
        mixed = f"{candidate} {reference[: len(reference) // 2]}"
        expected = scores_of_theirs(mixed, reference)
        assert expected[1] > 0.3
        assert (rouge_l(mixed, reference), rouge_lsum(mixed, reference)) == pytest.approx(expected, abs=1e-12)


@given(st.text(alphabet="ab cD.!\n", max_size=40), st.text(alphabet="ab cD.!\n", max_size=40))
def test_equals_rouge_score_on_any_ascii(candidate, reference):
    expected = scores_of_theirs(candidate, reference)
    assert (rouge_l(candidate, reference), rouge_lsum(candidate, reference)) == pytest.approx(expected, abs=1e-12)


@given(few, few)
def test_the_longest_common_subsequence_is_common_and_longest(reference, candidate):
    places = longest_common(reference, candidate)
    assert places == sorted(set(places))
    remaining = iter(candidate)
    assert all(reference[place] in remaining for place in places)
    longest = max(
        size
        for size in range(min(len(reference), len(candidate)) + 1)
        if {*itertools.combinations(reference, size)} & {*itertools.combinations(candidate, size)}
    )
    assert len(places) == longest


@given(st.text(), st.text())
def test_scores_are_shares_and_rouge_l_is_symmetric(one, other):
    assert 0 <= rouge_l(one, other) <= 1
    assert 0 <= rouge_lsum(one, other) <= 1
    assert rouge_l(one, other) == pytest.approx(rouge_l(other, one))


@pytest.mark.parametrize("code", ["zho_Hans", "jpn_Jpan", "tha_Thai", "khm_Khmr", "mya_Mymr", "lao_Laoo", "amh_Ethi"])
def test_a_half_right_summary_is_half_right_in_any_script(code, request):
    """The package gives 0, or 1 for the sentence alone, where words are not written in a to z."""
    texts = request.getfixturevalue("sentences")[code]
    for first, second in zip(texts[:20:2], texts[1:20:2], strict=True):
        reference = f"{first} {second}"
        assert 0.2 < rouge_l(first, reference, code) < 1
        assert 0.2 < rouge_lsum(first, reference, code) < 1
        assert rouge_l(reference, reference, code) == rouge_lsum(reference, reference, code) == 1


def test_the_order_of_sentences_matters_to_rouge_l_alone():
    one, other = "The cat sat. A dog ran.", "A dog ran. The cat sat."
    assert rouge_lsum(one, other) == 1
    assert rouge_l(one, other) == pytest.approx(0.5)


def test_a_repeated_word_counts_no_more_often_than_it_is_there():
    assert rouge_lsum("the. the. the.", "the") == pytest.approx(0.5)


def test_case_is_that_of_the_language():
    assert rouge_l("IŞIK", "ışık", "tur_Latn") == 1
    assert rouge_l("IŞIK", "ışık", "deu_Latn") == 0


def test_the_headline_comes_first(answered):
    scores = rouge_scores(*answered("Habari ya leo.", "Habari za leo.", "Habari ya leo."))
    assert list(scores.items()) == [("rouge_lsum", 1.0), ("rouge_l", 1.0)]


def test_a_model_that_never_ends_takes_no_time():
    # Only the first characters are read; comparing all of them with all would never end.
    assert 0 < rouge_lsum("字。" * 100_000, "字" * 500) < 1
    assert rouge_lsum("a b c. " * 100_000, "b a c " * 200) == rouge_lsum("a b c. " * 3_000, "b a c " * 200)
