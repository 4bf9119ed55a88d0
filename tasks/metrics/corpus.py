r"""The formulas of BLEU and chrF on summed statistics, for many sums at once.

They take arrays of any leading shape, such as bootstrap rounds, and equal sacrebleu's ``corpus_score``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLEU_ORDER = 4
BLEU_STATISTICS = 2 + 2 * BLEU_ORDER
CHRF_ORDER, CHRF_WORDS, CHRF_BETA = 6, 2, 2
CHRF_STATISTICS = 3 * (CHRF_ORDER + CHRF_WORDS)


def bleu(statistics: Floats) -> Floats:
    r"""Return BLEU of summed statistics, with exponential smoothing.

    With the length h of the hypotheses, r of the closest references, and :math:`m_n` of :math:`t_n` n-grams found:
    :math:`100 \min(1, e^{1 - r/h}) (\prod_{n=1}^4 m_n/t_n)^{1/4}` (Papineni et al. 2002, section 2.3). The j-th order
    without any match counts :math:`1/(2^j t_n)` in place of :math:`m_n/t_n` (smoothing 3 of Chen and Cherry 2014). It
    is 0 if no n-gram of any order is found, or if the hypotheses are too short for one of four.

    Args:
        statistics: Shape (..., 10): h, r, four :math:`m_n`, four :math:`t_n`.

    Returns:
        Shape (...), from 0 to 100.
    """
    import numpy as np

    length, reference = statistics[..., 0], statistics[..., 1]
    matched, total = statistics[..., 2 : 2 + BLEU_ORDER], statistics[..., 2 + BLEU_ORDER :]
    defined = (total > 0).all(axis=-1) & (matched > 0).any(axis=-1)
    unmatched = matched == 0
    smoothed = np.where(unmatched, 0.5 ** np.cumsum(unmatched, axis=-1), matched)
    logs = np.log(smoothed) - np.log(np.where(total > 0, total, 1.0))
    brevity = np.minimum(0.0, 1 - reference / np.where(length > 0, length, 1.0))
    score: Floats = np.where(defined, 100 * np.exp(brevity + logs.mean(axis=-1)), 0.0)
    return score


def chrf(statistics: Floats) -> Floats:
    r"""Return chrF++ of summed statistics.

    With precision P and recall R, each the mean over the orders of n-grams (six of characters, two of words) that both
    sides have: :math:`100 (1 + \beta^2) P R / (\beta^2 P + R)`, :math:`\beta = 2` (Popović 2015 and 2017).

    Args:
        statistics: Shape (..., 24): for each order the n-grams of the hypotheses, of the references, and in common.

    Returns:
        Shape (...), from 0 to 100.
    """
    import numpy as np

    ours, theirs, common = statistics[..., 0::3], statistics[..., 1::3], statistics[..., 2::3]
    counted = (ours > 0) & (theirs > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = np.where(counted, common / np.where(ours > 0, ours, 1.0), 0.0).sum(axis=-1) / orders
    recall = np.where(counted, common / np.where(theirs > 0, theirs, 1.0), 0.0).sum(axis=-1) / orders
    weight = CHRF_BETA**2
    below = weight * precision + recall
    score: Floats = 100 * (1 + weight) * precision * recall / np.where(below > 0, below, 1.0)
    return score
