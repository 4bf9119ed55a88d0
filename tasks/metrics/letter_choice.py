r"""Multiple choice by generation: the letter that a reply gives as its answer.

The reference is a letter (``A`` to ``J``). What is read of a reply, in this order:

1. the last ``\boxed{...}`` whose content is a letter, with or without brackets and what follows a stop (``B. Paris``);
2. the last letter after a word for *answer* of any language in ``answer_words.csv``, such as ``Answer: C``, ``答案：C``
   and ``الإجابة هي (ج)``; words such as *is* or *option* may stand between them;
3. a first or last line that begins with a letter and a bracket or stop (``(C)``, ``C. Paris``), or is one letter;
4. the only capital letter from A to J that stands by itself.

Letters may be bold, in brackets, full-width, Cyrillic or Greek look-alikes, or those with which Arabic, Hindi, Bengali,
Korean, Thai or Russian count options. A reply without a letter, or with several at the last step, has no answer:
``letter_match`` is 0 and ``letter_absent`` is 1.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.metrics.answered import answer_and_references
from polyarena.tasks.metrics.math_match import last_boxed

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

LETTER_MATCH = "letter_match"
LETTER_ABSENT = "letter_absent"
LETTERS = "ABCDEFGHIJ"
LONGEST = 20_000
"""Characters of a reply that are read, from its end."""

_TABLE = Path(__file__).with_name("answer_words.csv")
_ORDERS: Mapping[str, str] = MappingProxyType(
    {
        "Arab": "أبجدهوزحطي",
        "Beng": "কখগঘঙচছজঝঞ",
        "Deva": "कखगघङचछजझञ",
        "Thai": "กขคงจฉชซฌญ",
        "Cyrl": "АБВГДЕЖЗИК",
        "Grek": "ΑΒΓΔΕΖΗΘΙΚ",
        "Hang": "가나다라마바사아자차",
    }
)
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"
_LETTER = "[A-Ja-j]"
_OPENING = r"[\s*_`\"'“”«»:：\-–—=>(\[（【]{0,12}"
_ALONE = r"(?![A-Za-z0-9\u00c0-\u024f\u0300-\u036f'’])"
_LINE = re.compile(rf"^[\s*_`\"'#>-]*(?:[(\[（]\s*)?({_LETTER})\s*(?:[)\]）.:：、,]|\*\*|$)")
_CAPITAL = re.compile(r"(?<![^\W_])(?<![''’.])([A-J])(?![^\W_]|['’.][A-Za-z])")


def letter_scores(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return ``letter_match`` and ``letter_absent`` of a reply, each 0 or 1.

    Raises:
        DataError: The completion has no text, or the item no references.
    """
    text, references = answer_and_references(item, completion)
    letter = letter_of(text, item.language)
    wanted = {reference.strip().upper() for reference in references}
    return {LETTER_MATCH: float(letter in wanted), LETTER_ABSENT: float(letter is None)}


def letter_of(reply: str, language: str = "") -> str | None:
    """Return the letter that a reply gives as its answer, A to J; ``None`` if it gives none.

    Args:
        reply: Any text.
        language: ``lang_Script``; decides what the letters of other scripts count.
    """
    text = _latin(reply[-LONGEST:], language)
    boxed = last_boxed(text)
    if boxed is not None:
        match = re.match(rf"\s*(?:\\text(?:bf)?\{{)?[(\[]?\s*({_LETTER}){_ALONE}", boxed)
        if match:
            return match[1].upper()
    found = _after_answer().findall(text)
    if found:
        return str(found[-1]).upper()
    lines = [line for line in text.splitlines() if line.strip()]
    for line in (*lines[:1], *lines[-1:]):
        match = _LINE.match(line)
        if match:
            return match[1].upper()
    alone = set(_CAPITAL.findall(text)) - ({"A", "I"} if len(text.split()) > 3 else set())
    return alone.pop() if len(alone) == 1 else None


def _latin(text: str, language: str) -> str:
    """Return a text whose option letters are Latin: full-width ones anywhere, others where they stand alone."""
    text = "".join(unicodedata.normalize("NFKC", each) if "\uff00" <= each <= "\uff5e" else each for each in text)
    for number, circled in enumerate(_CIRCLED):
        text = text.replace(circled, f"({LETTERS[number]})")
    return _own_letters(language).sub(lambda match: LETTERS[_order(language).index(match[0])], text)


@cache
def _order(language: str) -> str:
    """Return the ten letters with which a language counts options."""
    return _ORDERS.get(language.rpartition("_")[2], LETTERS)


@cache
def _own_letters(language: str) -> re.Pattern[str]:
    # Only within brackets or before a stop: a letter by itself is a word in several of these languages.
    letters = _order(language)
    return re.compile(
        rf"(?<=[(（])[{letters}](?=[)）])|(?<![\w\u0300-\u036f\u0900-\u0eff])[{letters}](?=[).:]\s|[).]?\s*$)",
        re.MULTILINE,
    )


@cache
def _after_answer() -> re.Pattern[str]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    answers = [word for row in rows for word in row["answer"].split("|")]
    between = [word for row in rows for word in row["between"].split("|") if word]
    answer, link = ("|".join(sorted(map(re.escape, set(words)), key=len, reverse=True)) for words in (answers, between))
    return re.compile(
        rf"(?:{answer}){_OPENING}(?:(?:{link}){_OPENING}){{0,4}}({_LETTER}){_ALONE}",
        re.IGNORECASE,
    )
