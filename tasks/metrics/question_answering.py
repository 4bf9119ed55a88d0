r"""Answers to questions: exact match and F1 of words, in the manner of SQuAD and MLQA.

Rajpurkar et al. 2016 (arXiv 1606.05250, section 6.1) compare answers in lower case, without punctuation, articles and
extra space; Lewis et al. 2020 (MLQA, arXiv 1910.07475, section 4) take the articles of each language and cut Chinese
into characters. Here:

* punctuation is every character of Unicode's category P, and ASCII's signs; it is taken away, not made a space;
* articles are those of :data:`ARTICLES`: English as in SQuAD; German, Spanish, Arabic (the prefix) and Vietnamese (its
  classifiers) as in MLQA; French, Italian and Portuguese by the same rule. In all other languages nothing is an
  article. MLQA's own script also takes the letters of the Arabic article out of the middle of words, and a conjunction
  before it hides the article here: of 2,068 Arabic pairs of answers F1 differs in 189, so that F1 in Arabic does not
  compare with published numbers;
* words of scripts without spaces are characters with their marks, and spaces between them count for nothing;
* texts are equal as :mod:`polyarena.tasks.text` says.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.metrics.answered import answer_and_references
from polyarena.tasks.metrics.segmentation import lowercase, units
from polyarena.tasks.text import comparable

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

F1 = "f1"
EXACT_MATCH = "exact_match"

ARTICLES: Mapping[str, str] = MappingProxyType(
    {
        "eng_Latn": r"\b(a|an|the)\b",
        "deu_Latn": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
        "spa_Latn": r"\b(un|una|unos|unas|el|la|los|las)\b",
        "fra_Latn": r"\b(le|la|les|un|une|des)\b",
        "ita_Latn": r"\b(il|lo|la|i|gli|le|un|uno|una)\b",
        "por_Latn": r"\b(o|a|os|as|um|uma|uns|umas)\b",
        "vie_Latn": r"\b(của|là|cái|chiếc|những)\b",
        "arb_Arab": r"(?:^|\s)ال",
    }
)
"""What is no part of an answer, by language, once it is in lower case and without punctuation."""
# An article before an apostrophe, which would else grow into its noun when punctuation goes.
_ELIDED = {"fra_Latn": r"\bl['’]", "ita_Latn": r"\b(l|un)['’]"}


def answer_scores(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return ``f1`` and ``exact_match`` of one answer, each the best over the references, from 0 to 1.

    Raises:
        DataError: The completion has no text, or the item no references.
    """
    text, references = answer_and_references(item, completion)
    return {
        F1: max(token_f1(text, reference, item.language) for reference in references),
        EXACT_MATCH: max(exact_match(text, reference, item.language) for reference in references),
    }


def exact_match(answer: str, reference: str, language: str) -> float:
    """Return 1 if both texts are the same once normalised, else 0."""
    return float(normalised_words(answer, language) == normalised_words(reference, language))


def token_f1(answer: str, reference: str, language: str) -> float:
    """Return the F1 of the words that both texts share, each as often as both have it; 1 if neither has any."""
    ours, theirs = normalised_words(answer, language), normalised_words(reference, language)
    if not ours or not theirs:
        return float(ours == theirs)
    common = sum((Counter(ours) & Counter(theirs)).values())
    if not common:
        return 0.0
    precision, recall = common / len(ours), common / len(theirs)
    return 2 * precision * recall / (precision + recall)


def normalised_words(text: str, language: str) -> list[str]:
    """Return what is compared of an answer.

    Args:
        text: Any.
        language: ``lang_Script``; decides on articles and on the case of i.
    """
    text = lowercase(comparable(text), language)
    if language in _ELIDED:
        text = re.sub(_ELIDED[language], " ", text)
    text = text.translate(_punctuation())
    if language in ARTICLES:
        text = re.sub(ARTICLES[language], " ", text)
    return [unit for token in text.split() for unit in units(token)]


@cache
def _punctuation() -> Mapping[int, None]:
    signs = {ord(sign) for sign in string.punctuation}
    signs |= {code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] == "P"}
    return dict.fromkeys(signs)
