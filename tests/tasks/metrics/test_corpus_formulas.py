"""The formulas on many sums at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU
from sacrebleu.metrics import CHRF as SACREBLEU_CHRF

from polyarena.tasks.metrics.corpus import BLEU_STATISTICS, CHRF_STATISTICS, bleu, chrf


@st.composite
def bleu_counts(draw):
    total = [draw(st.integers(0, 30)) for _ in range(4)]
    matched = [draw(st.integers(0, n)) for n in total]
    return [draw(st.integers(0, 40)), draw(st.integers(0, 40)), *matched, *total]


@st.composite
def chrf_counts(draw):
    counts = []
    for _ in range(8):
        ours, theirs = draw(st.integers(0, 30)), draw(st.integers(0, 30))
        counts += [ours, theirs, draw(st.integers(0, min(ours, theirs)))]
    return counts


@given(bleu_counts())
def test_bleu_of_any_counts_is_that_of_sacrebleu(counts):
    if counts[0] == 0:
        counts[2:6] = [0] * 4
    expected = BLEU.compute_bleu(
        correct=counts[2:6], total=counts[6:], sys_len=counts[0], ref_len=counts[1], smooth_method="exp"
    ).score
    assert bleu(np.array(counts, dtype=float)) == pytest.approx(expected, abs=1e-9)


@given(chrf_counts())
def test_chrf_of_any_counts_is_that_of_sacrebleu(counts):
    expected = SACREBLEU_CHRF(word_order=2)._compute_f_score(counts)
    assert chrf(np.array(counts, dtype=float)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("formula", "length"), [(bleu, BLEU_STATISTICS), (chrf, CHRF_STATISTICS)])
def test_many_sums_at_once_give_what_each_gives_alone(formula, length):
    counts = np.random.default_rng(0).integers(1, 50, size=(3, 7, length)).astype(float)
    together = formula(counts)
    assert together.shape == (3, 7)
    assert together[2, 5] == formula(counts[2, 5])
    assert np.array_equal(together[1], formula(counts[1]))


@pytest.mark.parametrize(("formula", "length"), [(bleu, BLEU_STATISTICS), (chrf, CHRF_STATISTICS)])
def test_nothing_counted_scores_nothing(formula, length):
    assert formula(np.zeros((2, length))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_only_proportions_count(scale):
    """Samples of an item are averaged, so that counts need not be whole."""
    counts = np.array([10.0, 12, 8, 5, 3, 1, 10, 9, 8, 7])
    assert bleu(scale * counts) == pytest.approx(bleu(counts))
    triples = np.tile([10.0, 12, 8], 8)
    assert chrf(scale * triples) == pytest.approx(chrf(triples))


def test_a_perfect_match_is_100_and_brevity_costs():
    assert bleu(np.array([9.0, 9, 9, 8, 7, 6, 9, 8, 7, 6])) == pytest.approx(100)
    assert bleu(np.array([9.0, 18, 9, 8, 7, 6, 9, 8, 7, 6])) == pytest.approx(100 * np.exp(-1))
    assert chrf(np.tile([5.0, 5, 5], 8)) == pytest.approx(100)
