"""What each metric is: its meaning, its range, whether it is a mean over items or of a whole corpus, its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.metrics.corpus import BLEU_STATISTICS, CHRF_STATISTICS, bleu, chrf
from polyarena.tasks.metrics.gender import (
    DELTA_G,
    DELTA_G_STATISTICS,
    DELTA_S,
    DELTA_S_STATISTICS,
    GENDER_ACC,
    GENDER_UNDECIDED,
    delta_g,
    delta_s,
)
from polyarena.tasks.metrics.multiple_choice import ACC, ACC_BYTES
from polyarena.tasks.metrics.numbers import NUMERIC_MATCH
from polyarena.tasks.metrics.question_answering import EXACT_MATCH, F1
from polyarena.tasks.metrics.rouge import ROUGE_L, ROUGE_LSUM
from polyarena.tasks.metrics.translation import BLEU_CHAR, CHRF, SPBLEU, translation_signature
from polyarena.tasks.suggest import unknown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: As in cards, scores and estimates.
        description: One sentence for people.
        low: The least value.
        high: The greatest value.
        higher_is_better: Whether more of it is better.
        settings: Every setting that changes the value, for signatures; empty where the name says it all.
        corpus: For metrics of a whole corpus, the formula from summed statistics of shape (..., ``n_statistics``) to
            values of shape (...); ``None`` for metrics whose score is the mean over items.
        n_statistics: How many statistics an item has; 0 without a formula.
    """

    name: str
    description: str
    low: float
    high: float
    higher_is_better: bool = True
    settings: str = ""
    corpus: Callable[[Floats], Floats] | None = None
    n_statistics: int = 0

    @property
    def signature(self) -> str:
        """Return ``metric:<name>`` and the settings, such as ``metric:chrf++|nrefs:1|...|version:2.6.0``."""
        return f"metric:{self.name}|{self.settings}" if self.settings else f"metric:{self.name}"


LINE_PASS = "line_pass"
WORD_PASS = "word_pass"
_SEGMENTED = "lc|segmentation:1|stemmer:no"
_LEXICON = "lexicon:1"
_ALL = (
    Metric(ACC, "Share of items whose right choice has the highest log-likelihood.", 0, 1),
    Metric(ACC_BYTES, "Share of items whose right choice has the highest log-likelihood per UTF-8 byte.", 0, 1),
    Metric(
        CHRF,
        "chrF++: F2 of n-grams of characters (up to 6) and words (up to 2).",
        0,
        100,
        settings=translation_signature(CHRF),
        corpus=chrf,
        n_statistics=CHRF_STATISTICS,
    ),
    Metric(
        SPBLEU,
        "BLEU on the pieces of FLORES-200's SentencePiece model.",
        0,
        100,
        settings=translation_signature(SPBLEU),
        corpus=bleu,
        n_statistics=BLEU_STATISTICS,
    ),
    Metric(
        BLEU_CHAR,
        "BLEU on characters, where spBLEU's model is not to be had; its numbers are not those of spBLEU.",
        0,
        100,
        settings=translation_signature(BLEU_CHAR),
        corpus=bleu,
        n_statistics=BLEU_STATISTICS,
    ),
    Metric(ROUGE_L, "F1 of the longest common subsequence of words.", 0, 1, settings=_SEGMENTED),
    Metric(
        ROUGE_LSUM,
        "F1 of the longest common subsequences, sentence by sentence.",
        0,
        1,
        settings=f"{_SEGMENTED}|split:1",
    ),
    Metric(F1, "F1 of the words that answer and reference share.", 0, 1, settings="lc|punct:no|articles:1|units:1"),
    Metric(
        EXACT_MATCH,
        "Share of answers that are a reference, case, punctuation and articles apart.",
        0,
        1,
        settings="lc|punct:no|articles:1|units:1",
    ),
    Metric(
        NUMERIC_MATCH,
        "Share of answers whose last number, in any digits, is the right one.",
        0,
        1,
        settings="last|readings:1",
    ),
    Metric(LINE_PASS, "Share of answers none of whose lines is in another language.", 0, 1),
    Metric(GENDER_ACC, "Share of people whose gender the translation keeps.", 0, 1, settings=_LEXICON),
    Metric(
        DELTA_S,
        "Accuracy of gender in stereotypical roles less that in anti-stereotypical ones; best at 0.",
        -1,
        1,
        higher_is_better=False,
        settings=_LEXICON,
        corpus=delta_s,
        n_statistics=DELTA_S_STATISTICS,
    ),
    Metric(
        DELTA_G,
        "F1 of men less F1 of women; best at 0.",
        -1,
        1,
        higher_is_better=False,
        settings=_LEXICON,
        corpus=delta_g,
        n_statistics=DELTA_G_STATISTICS,
    ),
    Metric(
        GENDER_UNDECIDED,
        "Share of translations whose words do not tell the gender.",
        0,
        1,
        higher_is_better=False,
        settings=_LEXICON,
    ),
    Metric(WORD_PASS, "Share of answers in the right language without a word in small Latin letters.", 0, 1),
)
METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _ALL})
"""The metrics that polyarena computes, by name."""


def find_metric(name: str) -> Metric:
    """Return a metric.

    Raises:
        UnknownNameError: There is none of this name; with a did-you-mean.
    """
    if name not in METRICS:
        raise unknown("metric", name, tuple(METRICS))
    return METRICS[name]
