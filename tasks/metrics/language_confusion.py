"""Language confusion: whether an answer is in the expected language, line by line and word by word.

In the manner of Marchisio et al. 2024 (arXiv 2406.20052):

* ``line_pass``: no line is in another language. Lines of fewer than five words are not looked at, nor is code; a line
  whose language cannot be told is no failure. An answer without any line to look at has no value, as in the paper.
* ``word_pass``, in languages that are not written in Latin letters, for answers whose lines pass: no word of four or
  more lower-case Latin letters. The paper looks words up in an English dictionary; this is stricter and needs none.
* ``lpr``: the line pass rate by the rule of the paper's own script, for comparisons with published numbers. A line
  passes if the expected language is its most probable one with a probability above 0.3; code, links and names count
  like all other text. Chinese and Japanese are cut into characters, of which eight stand for five words; the script
  has a dictionary for each. An answer ends at a line that begins with ``Q:``.

An answer may stand as a whole in a fence of three backticks: a fence without the name of a programming language is
looked at if nothing outside of it can be.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from polyarena.tasks.identify import IDENTIFIER, Agreement, agreement, identify, most_probable
from polyarena.tasks.identify.prose import prose
from polyarena.tasks.item import expected_language
from polyarena.tasks.metrics.answered import answer_text
from polyarena.tasks.metrics.segmentation import words

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

LINE_PASS = "line_pass"
WORD_PASS = "word_pass"
LPR = "lpr"
FEWEST_WORDS = 5
SETTINGS = f"words:{FEWEST_WORDS}|fences:1|lid:{IDENTIFIER}"
LPR_SETTINGS = f"words:{FEWEST_WORDS}|lid:{IDENTIFIER}"

_FENCED = re.compile(r"(?P<fence>```|~~~)(?P<name>[^\n`]*)\n?(?P<body>.*?)(?:(?P=fence)|\Z)", re.DOTALL)
_PROSE_FENCES = frozenset({"", "text", "txt", "plaintext", "plain", "markdown", "md"})
_LOWER_CASE_LATIN = re.compile(r"(?<![A-Za-z0-9])[a-z]{4,}(?![A-Za-z0-9])")
_LCB_SIGNS = str.maketrans({**dict.fromkeys(string.punctuation + "،", ""), "—": " "})
_LCB_PROBABILITY = 0.3
_DENSE = {"zho": 8, "jpn": 8, "yue": 8}
"""Characters that stand for five words, in languages written without spaces."""


def confusion_scores(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return ``line_pass``, ``word_pass`` and ``lpr`` of one answer, 0 or 1; one that does not apply is left out.

    Raises:
        DataError: The completion has no text.
    """
    text, language = answer_text(completion), expected_language(item)
    scores = {}
    by_script = lcb_line_pass(text, language)
    if by_script is not None:
        scores[LPR] = by_script
    found = [agreement(identify(line), language) for line in _lines(text)]
    told = [each for each in found if each is not Agreement.UNKNOWN]
    if not told:
        return scores
    passed = all(each is Agreement.SAME for each in told)
    scores[LINE_PASS] = float(passed)
    if passed and not language.endswith("_Latn"):
        scores[WORD_PASS] = float(not _LOWER_CASE_LATIN.search(prose(_outside_code(text))))
    return scores


def lcb_line_pass(text: str, language: str) -> float | None:
    """Return the line pass of one answer by the rule of the paper's script; ``None`` if no line is long enough.

    Args:
        text: The answer.
        language: The expected language, ``lang_Script``; varieties of Chinese count as one.
    """
    iso = language.partition("_")[0]
    plain = text.partition("\nQ:")[0].strip().translate(_LCB_SIGNS)
    fewest = _DENSE.get(iso)
    lines = [
        line
        for line in plain.split("\n")
        if (len(words(line)) >= fewest if fewest else len(line.split()) >= FEWEST_WORDS)
    ]
    if not lines:
        return None
    found = [most_probable(line) for line in lines]
    return float(all(code.partition("_")[0] == iso and share > _LCB_PROBABILITY for code, share in found))


def _lines(text: str) -> Iterator[str]:
    outside = _outside_code(text)
    for line in outside.splitlines():
        if len(words(prose(line))) >= FEWEST_WORDS:
            yield line


def _outside_code(text: str) -> str:
    """Return a text without its fenced blocks, or with those that may be prose if nothing else can be looked at."""
    outside = _FENCED.sub("\n", text)
    if outside == text or any(len(words(prose(line))) >= FEWEST_WORDS for line in outside.splitlines()):
        return outside

    def unfenced(match: re.Match[str]) -> str:
        return f"\n{match['body']}\n" if match["name"].strip().lower() in _PROSE_FENCES else "\n"

    return _FENCED.sub(unfenced, text)
