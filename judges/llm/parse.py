"""Reads the verdict out of a judge's own reply.

The rules, in order:

1. What a reasoning model thinks before its reply (``<think>...</think>``) does not count.
2. A reply that is one JSON object with the key ``verdict``, and nothing else, says its verdict there.
3. Full-width and look-alike signs are brought to ASCII (``【Ａ＞Ｂ】``, ``[[A≫B]]``, Cyrillic and Greek capitals).
4. What the judge quotes does not count: our delimited blocks, fenced code blocks, lines that begin with ``>``.
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
import unicodedata
from collections.abc import Collection, Iterator, Mapping

from polyarena.judges.llm.delimiters import QUOTED_BLOCK
from polyarena.judges.llm.structured import json_verdict
from polyarena.judges.records import Label

FIVE = (Label.A_MUCH, Label.A, Label.TIE, Label.B, Label.B_MUCH)
"""The labels of the five-way protocol."""

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("【〔〖⟦「『", "["),
        **dict.fromkeys("】〕〗⟧」』", "]"),
        **dict.fromkeys("≫»》", ">>"),
        **dict.fromkeys("≪«《", "<<"),
        **dict.fromkeys("›〉", ">"),
        **dict.fromkeys("‹〈", "<"),
        **dict.fromkeys("АаΑα", "A"),
        **dict.fromkeys("ВвΒβ", "B"),
    }
)
_THOUGHT = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_CODE_BLOCK = re.compile(
    r"^[ \t]*(?P<fence>```|~~~)[^`\n]*(?:\n.*?)?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_DOUBLE = re.compile(r"\[{2,3}([^\[\]\n]{1,60})\]{2,3}")
_SINGLE = re.compile(r"\[{1,3}([^\[\]\n]{1,60})\]{1,3}")
_MARK_UP = re.compile(r"[\s*_`]+")
_COMPARISON = re.compile(r"[ab][<>=]{1,6}[ab]")
_DECORATION = re.compile(r"[\s*_~`#\-–—•·.,:;!()\"'。、．]+")


def parse(text: str, labels: Collection[Label] = FIVE) -> Label:
    """Return the verdict of a reply in the labels' own notation, or ``INVALID`` if it has none.

    Args:
        text: What the judge wrote, and nothing else: never a text that contains the answers themselves.
        labels: The labels that the judge was offered.
    """
    said = find_word(text, {label.value: label.value for label in labels})
    return Label.INVALID if said is None else Label(said)


def find_word(text: str, words: Mapping[str, str], marker: str | None = None) -> str | None:
    """Return the key of the one word that a reply ends with, or ``None`` if there is none or several.

    Args:
        text: What the judge wrote.
        words: How each verdict is written.
        marker: What the line of the verdict begins with; ``None`` if the verdict stands in brackets.
    """
    said = _THOUGHT.sub("", text)
    keys = {normal(word): key for key, word in words.items()}
    verdict = json_verdict(said)
    if verdict is not None:
        return keys.get(normal(plain_signs(verdict).strip("[] \n")))
    lines = [line for line in _plain(said).splitlines() if line.strip()]
    found = _marked(lines, keys, marker) if marker is not None else _bracketed(lines, keys)
    return None if found is None else keys.get(found)


def plain_signs(text: str) -> str:
    """Return a text with full-width and look-alike signs in ASCII."""
    plain = unicodedata.normalize("NFKC", text)
    plain = plain.replace("&gt;", ">").replace("&lt;", "<").replace("\\>", ">").replace("\\<", "<")
    return plain.translate(_SIGNS)


def normal(word: str) -> str:
    """Return the form in which two words that the parser cannot tell apart are equal."""
    return _MARK_UP.sub("", plain_signs(word)).casefold()


def says_verdict(content: str, keys: Collection[str]) -> bool:
    """Return whether what stands in brackets is read as a verdict, allowed or not.

    Args:
        content: Without the brackets.
        keys: The :func:`normal` forms of the allowed ones.
    """
    word = normal(content)
    return word in keys or _COMPARISON.fullmatch(word) is not None


def is_verdict_line(line: str, words: Collection[str], marker: str) -> bool:
    """Return whether a line is read as a verdict behind this marker."""
    return _behind(line, marker) in {_bare(word) for word in words}


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    for quoted in (QUOTED_BLOCK, _CODE_BLOCK, _QUOTED_LINE):
        plain = quoted.sub("", plain)
    return plain_signs(plain)


def _bracketed(lines: list[str], keys: Mapping[str, str]) -> str | None:
    for brackets in (_DOUBLE, _SINGLE):
        found = [(line, list(_words_in(line, brackets, keys))) for line in lines]
        if any(words for _, words in found):
            return _decided(found, brackets, keys)
    return None


def _words_in(line: str, brackets: re.Pattern[str], keys: Mapping[str, str]) -> Iterator[str]:
    for content in brackets.findall(line):
        if says_verdict(content, keys):
            yield normal(content)


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
    bare = {_bare(key): key for key in keys}
    behind = [_behind(line, marker) for line in lines]
    return _only(_not_recited([None if word is None else bare.get(word, word) for word in behind], keys))


def _behind(line: str, marker: str) -> str | None:
    """Return what stands behind the marker of a line; ``None`` if the line does not begin with it."""
    whole, start = _bare(line), _bare(marker)
    return whole[len(start) :] if whole.startswith(start) else None


def _bare(text: str) -> str:
    return normal(_DECORATION.sub("", plain_signs(text)))


def _only(words: set[str]) -> str | None:
    return next(iter(words)) if len(words) == 1 else None
