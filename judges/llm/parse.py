"""Reads the verdict out of a judge's own reply.

The rules, in order:

1. What a reasoning model thinks before its reply (``<think>...</think>``) does not count.
2. A reply that is one JSON object with the key ``verdict``, and nothing else, says its verdict there.
3. What the judge quotes does not count: our delimited blocks, fenced code blocks, lines that begin with ``>``. What
   stood before and behind it are lines of their own.
4. Full-width and look-alike signs are brought to ASCII (``【Ａ＞Ｂ】``, ``[[A≫B]]``, Cyrillic and Greek capitals), each
   by itself, so that no part of a text reads differently from the whole.
5. A label stands in double brackets; in a reply without any such label, in single ones. A template may agree on a
   marker instead, such as ``Preferred:``, which a line begins with and only the label follows.
6. Labels that are alone on their line count, mark-up and punctuation aside, except in a recital: lines that follow one
   another and name all labels, as the instructions do. If those that count differ, the reply is ambiguous and has no
   verdict, whichever came last.
7. Without such a line, the labels of the last line that has any count, if they are all the same, and unless the reply
   names all labels and so recites them too.
8. A label that counts and is not among the allowed ones (``[[A<B]]``) makes the reply invalid; no earlier label is
   taken in its place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from polyarena.judges.llm.characters import decompose, normalize_characters
from polyarena.judges.llm.delimiters import QUOTED_BLOCK
from polyarena.judges.llm.structured import json_verdict
from polyarena.judges.records import Label

FIVE_LABELS = (Label.A_MUCH, Label.A, Label.TIE, Label.B, Label.B_MUCH)
"""The labels of the five-way protocol."""

_THOUGHT = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_CODE_BLOCK = re.compile(
    r"^[ \t]*(?P<fence>```|~~~)[^`\n]*(?:\n.*?)?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
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


def read_verdict(text: str, words: Mapping[str, str], marker: str | None = None) -> str | None:
    """Return the key of the one word that a reply ends with, or ``None`` if there is none or several.

    Args:
        text: What the judge wrote.
        words: How each verdict is written.
        marker: What the line of the verdict begins with; ``None`` if the verdict stands in brackets.
    """
    return _found_word(text, tuple(words.items()), marker)


@lru_cache(maxsize=256)  # A reply is read when it arrives, when its verdict is made, and for what is said of it.
def _found_word(text: str, words: tuple[tuple[str, str], ...], marker: str | None) -> str | None:
    said = _THOUGHT.sub("", text)
    keys = _keys(words)
    verdict = json_verdict(said)
    if verdict is not None:
        return keys.get(normal(normalize_characters(verdict).strip("[] \n")))
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
    """Return a text without what it quotes; line ends in its place keep what stood around it apart."""
    plain = decompose(text)
    for quoted in (QUOTED_BLOCK, _CODE_BLOCK, _QUOTED_LINE):
        plain = quoted.sub("\n", plain)
    return plain


def _bracketed(lines: list[str], keys: Mapping[str, str]) -> str | None:
    for brackets in (DOUBLE, _SINGLE):
        found = [(line, list(_words_in(line, brackets, keys))) for line in lines]
        if any(words for _, words in found):
            return _decided(found, brackets, keys)
    return None


def _words_in(line: str, brackets: re.Pattern[str], keys: Mapping[str, str]) -> Iterator[str]:
    return (normal(content) for content in brackets.findall(line) if _says_verdict(content, keys))


def _decided(lines: list[tuple[str, list[str]]], brackets: re.Pattern[str], keys: Mapping[str, str]) -> str | None:
    alone = [
        words[0] if len(words) == 1 and not _DECORATION.sub("", brackets.sub("", line)) else None
        for line, words in lines
    ]
    standing = _not_recited(alone, keys)
    if standing:
        return _only(standing)
    everything = {word for _, words in lines for word in words}
    last = next((set(words) for _, words in reversed(lines) if words), set())
    return None if everything.issuperset(keys) else _only(last)


def _not_recited(alone: list[str | None], keys: Mapping[str, str]) -> set[str]:
    """Return the words that are alone on a line, without the runs of lines that name all of them."""
    standing: set[str] = set()
    run: set[str] = set()
    for word in [*alone, None]:
        if word is not None:
            run.add(word)
            continue
        if not run.issuperset(keys):
            standing |= run
        run = set()
    return standing


def _marked(lines: list[str], keys: Mapping[str, str], marker: str) -> str | None:
    start = bare(marker)
    whole = [bare(line) for line in lines]
    return _only(_not_recited([line.removeprefix(start) if line.startswith(start) else None for line in whole], keys))


def _only(words: set[str]) -> str | None:
    return next(iter(words)) if len(words) == 1 else None
