"""MinHash estimates similarity, and the index finds near-duplicates in any script."""

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.mixtures.near_duplicates import FUNCTIONS, GRAM, DuplicateIndex, minhash, similarity

TEXT = "the quick brown fox jumps over the lazy dog near the river bank on a sunny morning in the early days of spring"


def jaccard(one, other):
    sets = [{text[at : at + GRAM] for at in range(len(text) - GRAM + 1)} for text in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def test_the_estimate_is_near_the_similarity_of_the_sets():
    generator = np.random.default_rng(0)
    errors = []
    for _ in range(200):
        letters = generator.integers(97, 123, 300)
        cut = int(generator.integers(1, 299))
        one = "".join(map(chr, letters))
        other = one[:cut] + "".join(map(chr, generator.integers(97, 123, 300 - cut)))
        errors.append(similarity(minhash(one), minhash(other)) - jaccard(one, other))
    # The standard error of one estimate is at most 0.0625, and of the mean of 200 at most 0.0045.
    assert abs(np.mean(errors)) < 0.015
    assert np.std(errors) < 0.0625


@given(st.text(max_size=200))
def test_a_text_resembles_itself_whatever_its_case_and_spaces(text):
    assert similarity(minhash(text), minhash(text)) == 1
    assert similarity(minhash(text), minhash(f"  {text}\n")) == 1
    assert minhash(text).shape == (FUNCTIONS,)


@every_case(
    ("one", "other", "duplicate"),
    [
        (TEXT, TEXT.upper() + " ", True),
        (TEXT, TEXT.replace("sunny", "rainy"), True),
        (TEXT, TEXT[:50] + " and nothing of what follows is the same as it was before in the text above", False),
        (
            "图书馆早上九点开门，晚上很晚才关门，周末也照常开放。",
            "图书馆早上九点开门,晚上很晚才关门,周末也照常开放。",
            True,
        ),
        ("图书馆早上九点开门，晚上很晚才关门", "医院的门诊时间是上午八点到下午五点", False),
        ("Nairobi", "Nairobi", True),
        ("Nairobi", "Mombasa", False),
        ("", "", True),
    ],
)
def test_near_duplicates_are_found(one, other, duplicate):
    index = DuplicateIndex(0.8)
    assert index.add("x", minhash(one))
    assert index.add("x", minhash(other)) is not duplicate


def test_languages_are_apart():
    index = DuplicateIndex(0.8)
    assert index.add("eng_Latn", minhash(TEXT))
    assert index.add("deu_Latn", minhash(TEXT))
    assert not index.add("deu_Latn", minhash(TEXT))


def test_the_same_text_has_the_same_minima_in_every_process():
    assert minhash("Nairobi")[:3].tolist() == MINIMA


@pytest.mark.parametrize("threshold", [0.5, 1.0])
def test_the_threshold_decides(threshold):
    index = DuplicateIndex(threshold)
    index.add("x", minhash(TEXT))
    assert index.add("x", minhash(TEXT.replace("sunny", "rainy"))) is (threshold == 1.0)


MINIMA = [1864785089, 1229383747, 2411732549]
