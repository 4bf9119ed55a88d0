r"""Numbers with a word for their magnitude, such as ``2万5千``, ``3 लाख``, ``elfu 5`` or ``1.5 million``, in digits.

* The signs of Chinese, Japanese and Korean multiply what stands before them, in sections of ten thousand: ``2만 5천``
  is 25,000, ``3千万`` is 30,000,000, ``1億2345`` is 100,002,345. ``千`` before a unit of measurement is a prefix:
  ``5千克`` are five kilograms.
* The words of other languages are those of ``magnitudes.csv``: those in the row ``*`` and all that are not in Latin
  letters count in any language, others in their own. They may follow each other from large to small (``1 crore 20
  lakh``, ``2 mil 500``) and multiply (``2 lakh crore``). Words marked ``<`` come first, as ``elfu`` in Swahili.
* Ethiopic numerals are read as numbers: ``፲፪፻፴፬`` is 1,234.
* ``1e3``, ``1.5×10^3`` and ``25k`` are 1,000, 1,500 and 25,000.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

_TABLE = Path(__file__).with_name("magnitudes.csv")

_SMALL = {"百": 100, "백": 100, "千": 1_000, "仟": 1_000, "천": 1_000}
_LARGE = {"万": 10**4, "萬": 10**4, "만": 10**4, "亿": 10**8, "億": 10**8, "억": 10**8, "兆": 10**12, "조": 10**12}
_EAST = "".join([*_SMALL, *_LARGE])
_KILO = "克米瓦卡帕伏升赫焦兆字公安里"
_ENDLESS = 10**30
_MOST = 40
"""Most digits before a magnitude; more are no answer."""
_DIGITS = rf"\d{{1,{_MOST}}}"
_AMOUNT = rf"{_DIGITS}(?:[.,٫٬’\u2009]\d{{1,{_MOST}}}){{0,8}}"
_SPACED_AMOUNT = rf"(?:\d{{1,3}}(?: \d{{3}}){{1,8}}(?:[.,]\d{{1,{_MOST}}})?(?!\d)|{_AMOUNT})"
_NOT_WITHIN = r"(?<![\d/^_])(?<!\d[.,٫٬])"
_PART = rf"{_AMOUNT}[ \u2009]?[{_EAST}]{{1,4}}"
_EASTERN = re.compile(
    rf"{_NOT_WITHIN}(?P<parts>{_PART}(?![{_KILO}])(?: ?{_PART}(?![{_KILO}])){{0,6}})"
    rf"(?P<rest>(?:{_DIGITS}| \d{{3,}})(?![\d.,/{_EAST}]))?"
)
_EASTERN_PART = re.compile(rf"({_AMOUNT})[ \u2009]?([{_EAST}]{{1,4}})")
_SCIENTIFIC = re.compile(
    rf"{_NOT_WITHIN}(?P<mantissa>{_DIGITS}(?:\.\d{{1,{_MOST}}})?)"
    r"(?:[eE](?P<e>[+-]?\d{1,2})|\s?(?:×|\\times|\\cdot|\*)\s?10\s?(?:\^|\*\*)\s?\{?(?P<power>-?\d{1,2})\}?)(?![\w.])"
)
_THOUSANDS = re.compile(rf"{_NOT_WITHIN}({_DIGITS}(?:\.\d{{1,3}})?)[kK](?!\w)")
# A word ends where no letter follows, but in scripts without spaces; พัน (thousand) also begins พันธุ์ (breed).
_WORD_END = r"(?:(?<=[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])(?!ธ)|(?![^\W\d_]|[\u0300-\u036f\u0900-\u0dff]))"
_ETHIOPIC = re.compile("[\u1369-\u137c]+")

Reader = Callable[[str], Fraction]
"""Reads digits with separators by the convention of a language."""


class _Words(NamedTuple):
    """The words for magnitudes of one language.

    Attributes:
        factors: By word, in lower and upper case.
        after: Amounts and words that follow them, from large to small.
        part: One amount and its words, as groups.
        word: One word.
        before: A word that comes before its amount, and the amount.
    """

    factors: Mapping[str, int]
    after: re.Pattern[str]
    part: re.Pattern[str]
    word: re.Pattern[str]
    before: re.Pattern[str] | None


def write_in_digits(text: str, language: str, read: Reader) -> str:
    """Return a text with numbers in digits alone where it has magnitudes; a fraction where the number is not whole.

    Args:
        text: With ASCII digits, but Ethiopic numerals.
        language: ``lang_Script``.
        read: Reads the digits before a magnitude.
    """
    text = _ETHIOPIC.sub(lambda match: f" {_ethiopic(match.group())} ", text)
    if not any(character.isdigit() for character in text):
        return text
    text = _SCIENTIFIC.sub(lambda match: _written(match, _scientific(match)), text)
    text = _THOUSANDS.sub(lambda match: _written(match, 1_000 * Fraction(match[1])), text)
    text = _EASTERN.sub(lambda match: _written(match, *_eastern(match, read)), text)
    words = _words(language)
    text = words.after.sub(lambda match: _written(match, *_sum(match, words, read)), text)
    if words.before:
        text = words.before.sub(lambda match: _written(match, words.factors[match[1]] * read(match[2])), text)
    return text


def _written(match: re.Match[str], *values: Fraction) -> str:
    # Behind a separator it must not grow into the number before it.
    apart = " " if match.string[max(0, match.start() - 1) : match.start()] in (",", ".", "٫", "٬") else ""
    return apart + " ; ".join(map(str, values))


def _scientific(match: re.Match[str]) -> Fraction:
    return Fraction(match["mantissa"]) * Fraction(10) ** int(match["e"] or match["power"])


def _ethiopic(numerals: str) -> int:
    total = hundreds = below = 0
    for numeral in numerals:
        value = int(unicodedata.numeric(numeral))
        if value == 10_000:
            total = (total + hundreds + below or 1) * value
            hundreds = below = 0
        elif value == 100:
            hundreds += (below or 1) * value
            below = 0
        else:
            below += value
    return total + hundreds + below


def _eastern(match: re.Match[str], read: Reader) -> list[Fraction]:
    """Return the number, in sections of ten thousand; several where magnitudes do not go down."""
    found: list[Fraction] = []
    total = section = Fraction(0)
    small = large = _ENDLESS
    for amount, units in _EASTERN_PART.findall(match["parts"]):
        below = prod(_SMALL.get(unit, 1) for unit in units)
        above = prod(_LARGE.get(unit, 1) for unit in units)
        if below >= small or above >= large:
            found.append(total + section)
            total = section = Fraction(0)
            large = _ENDLESS
        section, small = section + read(amount) * below, below
        if above > 1:
            total, section, small, large = total + section * above, Fraction(0), _ENDLESS, above
    rest = Fraction((match["rest"] or "0").strip())
    if rest >= min(small, large):
        return [*found, total + section, rest]
    return [*found, total + section + rest]


def _sum(match: re.Match[str], words: _Words, read: Reader) -> list[Fraction]:
    """Return the sum of amounts with their words; several numbers where magnitudes do not go down."""
    found: list[Fraction] = []
    last = 0
    for amount, chain in words.part.findall(match["parts"]):
        factor = prod(words.factors[word] for word in words.word.findall(chain))
        value = read(amount) * factor
        if factor < last:
            found[-1] += value
        else:
            found.append(value)
        last = factor
    rest = match["rest"]
    if rest:
        found[-1] += int(rest)
    return found


@cache
def _words(language: str) -> _Words:
    after: dict[str, int] = {}
    before: dict[str, int] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["language"] != "*")
    for row in rows:
        for word in row["words"].split():
            latin = word[0].isascii() or "LATIN" in unicodedata.name(word[0])
            if row["language"] == "*" or not latin or language in row["language"].split():
                plain = word.removesuffix("<")
                cases = dict.fromkeys((plain, plain.capitalize(), plain.upper()), int(row["factor"]))
                (before if word.endswith("<") else after).update(cases)
    word = "|".join(sorted(map(re.escape, after), key=len, reverse=True))
    chain = rf"(?:{word})(?: ?(?:{word}))?{_WORD_END}"
    first = "|".join(map(re.escape, before))
    part = rf"{_SPACED_AMOUNT}[ \u2009]?{chain}"
    return _Words(
        MappingProxyType(after | before),
        re.compile(
            rf"{_NOT_WITHIN}(?P<parts>{part}(?:,? ?(?:and |et |y |e |und |و)?{part}){{0,4}})"
            rf"(?: (?P<rest>[1-9]\d\d)(?![\d.,/]| ?(?:{word})))?",
        ),
        re.compile(rf"({_SPACED_AMOUNT})[ \u2009]?({chain})"),
        re.compile(word),
        re.compile(rf"\b({first}) ({_AMOUNT})(?!\d)") if before else None,
    )
