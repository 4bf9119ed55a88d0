"""Reads the verdict out of a judge's own reply.

The rules, in order:

1. The thought of a reasoning model does not count, nor does anything else before its end (see
   :func:`polyarena.tasks.thinking.split_thought`). A reply whose thought never ends has no verdict.
2. A reply that is one JSON object with the key ``verdict``, and nothing else, says its verdict there.
3. Quotations do not count: our delimited blocks, fenced code blocks, lines that begin with ``>``. The text before and
   behind a quotation is never joined into one line.
4. Full-width and look-alike characters are mapped to ASCII (``【Ａ＞Ｂ】``, ``[[A≫B]]``, Cyrillic and Greek capitals),
   one by one, so that no part of a text reads differently from the whole.
5. A label stands in double brackets; in a reply without any such label, in single ones. A template may use a marker
   instead, such as ``Preferred:``, at the beginning of a line that the label ends.
6. Consecutive lines that name all labels recite the instructions and do not count.
7. If the labels that are left differ, the reply is ambiguous and has no verdict, whichever came first or last.
8. A reply that was cut off has no verdict, unless it is a whole JSON object: its last label may be one that the
   explanation names.
9. A label that is not among the allowed ones (``[[A<B]]``) makes the reply invalid; no other label is taken in its
   place.

All patterns run in time linear in the length of the reply.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from polyarena.judges.llm.characters import decompose, normalize_characters
from polyarena.judges.llm.quotations import without_blocks, without_code_blocks
from polyarena.judges.llm.structured import json_verdict
from polyarena.judges.records import Label
from polyarena.tasks.thinking import split_thought

FIVE_LABELS = (Label.A_MUCH, Label.A, Label.TIE, Label.B, Label.B_MUCH)
"""The labels of the five-way protocol."""

_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
DOUBLE = re.compile(r"\[{2,3}([^\[\]\n]+)\]{2,3}")
"""What stands in double brackets."""
_SINGLE = re.compile(r"\[{1,3}([^\[\]\n]+)\]{1,3}")
_ESCAPED = re.compile(r"\\?(?:&(?P<entity>[lg])t;|(?P<sign>[<>]))")
_MARK_UP = re.compile(r"[\s*_`]+")
COMPARISON = re.compile(r"[ab][<>=]{1,6}[ab]")
"""A label in our notation, allowed or not, as :func:`normal` has it."""
_DECORATIONS = r"\s*_~`#\-–—•·.,:;!()\"'。、"
_DECORATION = re.compile(f"[{_DECORATIONS}]+")
_BETWEEN = rf"(?:(?!\n)[{_DECORATIONS}])*"


def parse(text: str, labels: Collection[Label] = FIVE_LABELS) -> Label:
    """Return the verdict of a reply in the labels' own notation, or ``INVALID`` if it has none.

    Args:
        text: What the judge wrote, and nothing else: never a text that contains the answers themselves.
        labels: The labels that the judge was offered.
    """
    said = read_verdict(text, {label.value: label.value for label in labels})
    return Label.INVALID if said is None else Label(said)


def read_verdict(
    text: str, words: Mapping[str, str], marker: str | None = None, *, cut_off: bool = False
) -> str | None:
    """Return the key of the one word that a reply ends with, or ``None`` if there is none or several.

    Args:
        text: What the judge wrote.
        words: How each verdict is written.
        marker: What the line of the verdict begins with; ``None`` if the verdict stands in brackets.
        cut_off: Whether the reply reached a limit of length.
    """
    return _found_word(text, tuple(words.items()), marker, cut_off)


@lru_cache(maxsize=256)  # A reply is read when it arrives, when its verdict is made, and for what is said of it.
def _found_word(text: str, words: tuple[tuple[str, str], ...], marker: str | None, cut_off: bool) -> str | None:
    said = split_thought(text).answer
    keys = _keys(words)
    verdict = json_verdict(said)
    if verdict is not None:
        return keys.get(normal(normalize_characters(verdict).strip("[] \n")))
    if cut_off:
        return None
    lines = [line for line in normalize_characters(_unquoted(said)).splitlines() if line.strip()]
    if marker is None:
        found = _bracketed(lines, keys)
    else:
        keys = {bare(word): key for key, word in words}
        found = _marked(lines, keys, marker)
    return None if found is None else keys.get(found)


@lru_cache(maxsize=64)
def _keys(words: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return MappingProxyType({normal(word): key for key, word in words})


def normal(word: str) -> str:
    """Return the form in which two words that the parser cannot tell apart are equal."""
    return _MARK_UP.sub("", _unescaped(normalize_characters(word)))


def bare(word: str) -> str:
    """Return the form in which two words behind a marker are equal: punctuation does not count there."""
    return _DECORATION.sub("", _unescaped(normalize_characters(word)))


def labels_in(view: str, keys: Collection[str]) -> Iterator[re.Match[str]]:
    """Yield what is read as a verdict in brackets, allowed or not; the first group is what stands in them.

    Args:
        view: A text with :func:`polyarena.judges.llm.characters.normalize_characters`.
        keys: The :func:`normal` forms of the allowed ones.
    """
    return (found for found in _SINGLE.finditer(view) if _says_verdict(found[1], keys))


def marker_before_word(words: Collection[str], marker: str) -> re.Pattern[str]:
    """Return what finds each marker that a word follows in a view, wherever they stand in a line.

    Args:
        words: How verdicts are written.
        marker: What the line of a verdict begins with.
    """
    written = "|".join(_scattered(bare(word)) for word in words)
    return re.compile(f"{_scattered(bare(marker))}(?={_BETWEEN}(?:{written}))")


def _scattered(word: str) -> str:
    return _BETWEEN.join(
        rf"\\?(?:{sign}|&{'g' if sign == '>' else 'l'}t;)" if sign in "<>" else re.escape(sign) for sign in word
    )


def _says_verdict(content: str, keys: Collection[str]) -> bool:
    word = normal(content)
    return word in keys or COMPARISON.fullmatch(word) is not None


def _unescaped(view: str) -> str:
    return _ESCAPED.sub(lambda found: found["sign"] or {"l": "<", "g": ">"}[found["entity"]], view)


def _unquoted(text: str) -> str:
    """Return a text without its quotations; a line end takes the place of each, so that no two parts are joined."""
    return _QUOTED_LINE.sub("\n", without_code_blocks(without_blocks(decompose(text))))


def _bracketed(lines: list[str], keys: Mapping[str, str]) -> str | None:
    for brackets in (DOUBLE, _SINGLE):
        found = [set(_words_in(line, brackets, keys)) for line in lines]
        if any(found):
            return _only(_not_recited(found, keys))
    return None


def _words_in(line: str, brackets: re.Pattern[str], keys: Mapping[str, str]) -> Iterator[str]:
    return (normal(content) for content in brackets.findall(line) if _says_verdict(content, keys))


def _not_recited(lines: list[set[str]], keys: Mapping[str, str]) -> set[str]:
    """Return the words of all lines, without consecutive lines that name all allowed words together."""
    counted: set[str] = set()
    run: set[str] = set()
    for words in [*lines, set()]:
        if words:
            run |= words
            continue
        if not run.issuperset(keys):
            counted |= run
        run = set()
    return counted


def _marked(lines: list[str], keys: Mapping[str, str], marker: str) -> str | None:
    start = bare(marker)
    whole = [bare(line) for line in lines]
    return _only(
        _not_recited([{line.removeprefix(start)} if line.startswith(start) else set() for line in whole], keys)
    )


def _only(words: set[str]) -> str | None:
    return next(iter(words)) if len(words) == 1 else None
