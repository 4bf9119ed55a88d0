r"""ROUGE-L and ROUGE-Lsum of Lin 2004, *ROUGE: A Package for Automatic Evaluation of Summaries*, sections 3.1 and 3.2.

Texts are lower-cased and cut by :mod:`polyarena.tasks.metrics.segmentation`, which fits any script; the tokeniser of
the package ``rouge_score`` keeps only ``[a-z0-9]``. On texts of these letters alone both give the same numbers. There
is no stemming, as no stemmer knows all languages.

With r words in the reference, c in the candidate, and the longest common subsequence of length L: recall is
:math:`R = L/r`, precision :math:`P = L/c`, the score :math:`2PR/(P+R)`. For ROUGE-Lsum L is the sum, over the sentences
of the reference, of the union of their longest common subsequences with each sentence of the candidate, where no word
counts more often than either side has it (as ROUGE 1.5.5 and ``rouge_score`` count).

``rouge_lsum`` does not compare with published ROUGE-Lsum of ``rouge_score`` or csebuetnlp's ``multilingual_rouge``,
which end sentences at line breaks alone: on a text of one line theirs is ROUGE-L, and this one matches sentence by
sentence (0.40 against 0.32 on such texts whose sentences are shuffled).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from polyarena.tasks.metrics.answered import answer_and_references
from polyarena.tasks.metrics.segmentation import lowercase, sentences, words

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

ROUGE_L = "rouge_l"
ROUGE_LSUM = "rouge_lsum"
LONGEST = 20_000
"""Characters of a text that are read; no summary is longer, and a model that never ends must not stop a run."""


def rouge_scores(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return ``rouge_lsum`` and ``rouge_l`` of one summary, each the best over the references, from 0 to 1.

    Raises:
        DataError: The completion has no text, or the item no references.
    """
    text, references = answer_and_references(item, completion)
    return {
        ROUGE_LSUM: max(rouge_lsum(text, reference, item.language) for reference in references),
        ROUGE_L: max(rouge_l(text, reference, item.language) for reference in references),
    }


def rouge_l(candidate: str, reference: str, language: str = "") -> float:
    """Return the F1 of ROUGE-L of two texts, from 0 to 1; 0 if either has no words."""
    ours, theirs = _words(candidate, language), _words(reference, language)
    return _f1(_common(theirs, ours)(len(theirs), len(ours)), len(ours), len(theirs))


def rouge_lsum(candidate: str, reference: str, language: str = "") -> float:
    """Return the F1 of ROUGE-Lsum of two texts, cut into sentences, from 0 to 1; 0 if either has no words."""
    ours = [_words(sentence, language) for sentence in sentences(candidate[:LONGEST])]
    theirs = [_words(sentence, language) for sentence in sentences(reference[:LONGEST])]
    left = Counter(word for sentence in ours for word in sentence)
    left &= Counter(word for sentence in theirs for word in sentence)
    hits = 0
    for sentence in theirs:
        for place in sorted({place for other in ours for place in longest_common(sentence, other)}):
            if left[sentence[place]] > 0:
                left[sentence[place]] -= 1
                hits += 1
    return _f1(hits, sum(map(len, ours)), sum(map(len, theirs)))


def longest_common(reference: Sequence[str], candidate: Sequence[str]) -> list[int]:
    """Return the places in the reference of one longest common subsequence; of several, the one nearest to the ends."""
    length = _common(reference, candidate)
    i, j = len(reference), len(candidate)
    places = []
    while i and j:
        if reference[i - 1] == candidate[j - 1]:
            places.append(i - 1)
            i, j = i - 1, j - 1
        elif length(i, j - 1) > length(i - 1, j):
            j -= 1
        else:
            i -= 1
    return places[::-1]


def _common(reference: Sequence[str], candidate: Sequence[str]) -> Callable[[int, int], int]:
    """Return the function that gives the length of the longest common subsequence of the first i and the first j words.

    A row of the usual table is one integer, whose zero bits are the steps (Hyyrö 2004, "Bit-parallel LCS-length
    computation revisited").
    """
    bits: dict[str, int] = {}
    for place, word in enumerate(candidate):
        bits[word] = bits.get(word, 0) | 1 << place
    whole = (1 << len(candidate)) - 1
    rows = [whole]
    for word in reference:
        row = rows[-1]
        matched = row & bits.get(word, 0)
        rows.append((row + matched | row - matched) & whole)
    return lambda i, j: j - (rows[i] & (1 << j) - 1).bit_count()


def _words(text: str, language: str) -> list[str]:
    return words(lowercase(text[:LONGEST], language))


def _f1(common: int, ours: int, theirs: int) -> float:
    if not common:
        return 0.0
    precision, recall = common / ours, common / theirs
    return 2 * precision * recall / (precision + recall)
