"""Language confusion: whether an answer is in the language of its prompt, line by line and word by word.

In the manner of Marchisio et al. 2024 (arXiv 2406.20052):

* ``line_pass``: no line is in another language. Lines of fewer than five words are not looked at, nor is code; a line
  whose language cannot be told is no failure. An answer without any line to look at has no value, as in the paper.
* ``word_pass``, in languages that are not written in Latin letters, for answers whose lines pass: no word of four or
  more lower-case Latin letters. The paper looks words up in an English dictionary; this is stricter and needs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from polyarena.tasks.identify import IDENTIFIER, Agreement, agreement, identify
from polyarena.tasks.identify.prose import prose
from polyarena.tasks.metrics.answered import answer_text
from polyarena.tasks.metrics.segmentation import words

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

LINE_PASS = "line_pass"
WORD_PASS = "word_pass"
FEWEST_WORDS = 5
SETTINGS = f"words:{FEWEST_WORDS}|lid:{IDENTIFIER}"

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LOWER_CASE_LATIN = re.compile(r"(?<![A-Za-z0-9])[a-z]{4,}(?![A-Za-z0-9])")


def confusion_scores(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return ``line_pass`` and ``word_pass`` of one answer, 0 or 1; one that does not apply is left out.

    Raises:
        DataError: The completion has no text.
    """
    text = answer_text(completion)
    found = [agreement(identify(line), item.language) for line in _lines(text)]
    told = [each for each in found if each is not Agreement.UNKNOWN]
    if not told:
        return {}
    passed = all(each is Agreement.SAME for each in told)
    scores = {LINE_PASS: float(passed)}
    if passed and not item.language.endswith("_Latn"):
        scores[WORD_PASS] = float(not _LOWER_CASE_LATIN.search(prose(text)))
    return scores


def _lines(text: str) -> Iterator[str]:
    for line in _FENCED.sub("\n", text).splitlines():
        if len(words(prose(line))) >= FEWEST_WORDS:
            yield line
