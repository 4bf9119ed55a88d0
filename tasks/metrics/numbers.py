r"""Numbers in running text, in any digits, and whether an answer's last number is the right one.

* Digits are those of every script (Unicode category Nd): ``१२``, ``১২``, ``١٢``, ``๑๒``. Han numerals alone are words.
* Magnitudes count (:mod:`polyarena.tasks.metrics.magnitudes`): ``2万5千`` is 25,000, ``3 lakh`` is 300,000.
* Separators are read by plausibility first: of two kinds, the last is the decimal one (``1.234,5`` and ``1,234.5``);
  one that occurs twice groups (``1.234.567``, Indian ``12,34,567``) if the groups have the right lengths; one before
  other than three digits is decimal. ``1,234`` alone can be both: the convention of the language (CLDR's) is read
  first, and the other reading counts as well when an answer is compared, because models mix conventions.
* Spaces group where the language does so; narrow and unbreakable ones, and apostrophes, always.
* A sign belongs to a number unless a letter, digit or closing bracket stands before it (``10-5``). ``3/4``, ``1 1/2``,
  ``½`` and ``\frac{3}{4}`` are fractions. Units, currencies and per cent signs are not read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.answered import answer_and_references
from polyarena.tasks.metrics.magnitudes import write_in_digits
from polyarena.tasks.text import comparable

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

NUMERIC_MATCH = "numeric_match"
LONGEST = 100
"""Characters of a number; longer ones are no answer to any question, and slow to read."""

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("−﹣－", "-"),
        **dict.fromkeys("⁄∕", "/"),
        **dict.fromkeys("\xa0\u202f\u2005\u2006\u2007\u2008\u200a\u205f", "\u2009"),
        "＋": "+",
        "，": ",",
        "．": ".",
        **dict.fromkeys("'ʼ‘`", "’"),
    }
)
_LATEX = (
    (re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}"), r" \1/\2 "),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"(?<=\d)\\[,;!](?=\d)"), "\u2009"),
)
_UNIT_POWER = re.compile(r"(?<![A-Za-z])[cdkm]?m[23](?!\d)")
_SPACES = frozenset("\xa0\u202f\u2009 ")
_SEPARATOR = re.compile(r"([.,٫٬’\u2009 ])")
_SIGN = r"(?:(?<![\w)\]}])(?P<sign>[-+])[$€£¥₹]?)?"
_FRACTION = r"(?<![/\d])(?:(?P<whole>\d{1,3})\s{1,2})?(?P<above>\d{1,30})\s?/\s?(?P<below>\d{1,30})(?![\d/]|[.,]\d)"
_NUMBER = r"\d+(?:[.,٫٬’\u2009]\d+)*"
_SPACED = r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?(?!\d)|" + _NUMBER


def numeric_match(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return 1 as ``numeric_match`` if a plausible reading of the answer's last number is that of a reference, else 0.

    References are read as plain numbers: a dot is decimal, a comma groups.

    Raises:
        DataError: The completion has no text, or the item no references.
    """
    text, references = answer_and_references(item, completion)
    return {NUMERIC_MATCH: float(any(same_number(text, reference, item.language) for reference in references))}


def same_number(answer: str, reference: str, language: str) -> bool:
    """Return whether a plausible reading of the last number of ``answer`` is the number ``reference``."""
    wanted = numbers(reference, "eng_Latn")
    found = numbers(answer, language)
    return bool(wanted and found) and wanted[-1][0] in found[-1]


def numbers(text: str, language: str) -> list[tuple[Fraction, ...]]:
    """Return the plausible readings of each number of a text, the best first.

    Args:
        text: Any.
        language: ``lang_Script``; decides what ``1,234`` and ``1 234`` are read as first.
    """
    decimal, spaced = _convention(language)
    found: list[tuple[Fraction, ...]] = []
    plain = write_in_digits(_plain(comparable(text)), language, lambda digits: _read(digits, decimal))
    for match in _pattern(spaced).finditer(plain):
        if len(match.group()) > LONGEST:
            continue
        sign = -1 if match["sign"] == "-" else 1
        if match["number"]:
            read = _readings(match["number"], decimal)
        elif int(match["below"]):
            read = [(int(match["whole"] or 0) + Fraction(int(match["above"]), int(match["below"])),)]
        else:
            read = [(Fraction(int(match["above"])),), (Fraction(0),)]
        found += [tuple(dict.fromkeys(sign * value for value in values)) for values in read]
    return found


def ascii_digits(text: str) -> str:
    """Return a text with the digits of every script as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(each)) if unicodedata.category(each) == "Nd" else each for each in text)


def _readings(token: str, decimal: str) -> list[tuple[Fraction, ...]]:
    """Read digits with separators; what cannot be one number (``12.5.2020``, ``1,2,3``) is several."""
    parts = _SEPARATOR.split(token)
    digits, separators = parts[0::2], parts[1::2]
    last = separators[-1] if separators else ""
    grouping, point = Fraction(int("".join(digits))), None
    if last in (".", ",", "٫") and separators.count(last) == 1:
        point = Fraction(f"{''.join(digits[:-1])}.{digits[-1]}")
    if len(set(separators)) == 2 and point is not None and _groups(digits[:-1]):
        return [(point,)]
    if len(set(separators)) <= 1:
        if not separators or (last != "٫" and _groups(digits)):
            return [(point, grouping) if point is not None and last == decimal else (grouping, point or grouping)]
        if point is not None:
            return [(point,)]
    return [(Fraction(int(part)),) for part in digits]


def _read(digits: str, decimal: str) -> Fraction:
    """Return the best reading of digits before a magnitude."""
    return _readings(digits.replace(" ", "\u2009"), decimal)[-1][0]


def _groups(digits: Sequence[str]) -> bool:
    """Whether digits are grouped as numbers are: by three, or as in India by two before the last three."""
    first, *middle, last = digits if len(digits) > 1 else (digits[0], "000")
    if first.startswith("0") or not 1 <= len(first) <= 3 or len(last) != 3:
        return len(digits) == 1
    lengths = {len(part) for part in middle}
    return lengths <= {3} or (lengths == {2} and len(first) <= 2)


def _plain(text: str) -> str:
    """Return a text with ASCII digits and one sign for each separator, and without invisible marks."""
    characters = []
    for character in text:
        if "0" <= character <= "9" or character.isascii():
            characters.append(character)
        elif unicodedata.category(character) == "Nd":
            characters.append(str(unicodedata.decimal(character)))
        elif unicodedata.category(character) == "No" and "FRACTION" in unicodedata.name(character, ""):
            parts = unicodedata.normalize("NFKC", character).replace("⁄", "/")
            characters.append(f" {parts} ")
        elif unicodedata.category(character) != "Cf":
            characters.append(character)
    plain = "".join(characters).translate(_ALIKE)
    for pattern, replacement in _LATEX:
        plain = pattern.sub(replacement, plain)
    return _UNIT_POWER.sub(" ", plain)


@cache
def _pattern(spaced: bool) -> re.Pattern[str]:
    """Return the pattern of a number, in a language that groups by spaces or does not."""
    return re.compile(f"{_SIGN}(?:{_FRACTION}|(?P<number>{_SPACED if spaced else _NUMBER}))")


@cache
def _convention(language: str) -> tuple[str, bool]:
    """Return the decimal separator of a language, and whether it groups by spaces; English's where CLDR has none."""
    from babel.core import Locale, UnknownLocaleError
    from babel.numbers import get_decimal_symbol, get_group_symbol

    try:
        known = find_language(language)
        locale = Locale.parse(known.iso639_1 or known.iso639_3)
    except (UnknownNameError, UnknownLocaleError, ValueError):
        return ".", False
    return get_decimal_symbol(locale), get_group_symbol(locale) in _SPACES
