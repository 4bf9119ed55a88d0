"""Reads the verdict out of a judge's own reply.

The rules, in order:

1. Full-width and look-alike signs are brought to ASCII (``【Ａ＞Ｂ】``, ``[[A≫B]]``, Cyrillic and Greek capitals).
2. What the judge quotes does not count: our delimited blocks, fenced code blocks, lines that begin with ``>``.
3. A label stands in one or two brackets. The last label that is alone on its line counts, mark-up and punctuation
   aside, except in a recital: lines that follow one another and name all labels, as the instructions do.
4. Without such a line, the labels of the last line that has any count, if they are all the same, and unless the reply
   names all labels and so recites them too.
5. A label that counts and is not among the allowed ones (``[[A<B]]``) makes the reply invalid; no earlier label is
   taken in its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from polyarena.judges.llm.rendering import QUOTED_BLOCK
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
_CODE_BLOCK = re.compile(
    r"^[ \t]*(?P<fence>```|~~~)[^`\n]*(?:\n.*?)?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_LABEL = re.compile(
    r"\[{1,3}[\s*_`]{0,4}([AB])[\s*_]{0,4}((?:[<>=]\s{0,2}){1,6})[*_]{0,4}([AB])[\s*_`]{0,4}\]{1,3}", re.IGNORECASE
)
_DECORATION = re.compile(r"[\s*_~`#\-–—•·.,:;!()\"'。、．]+")


def parse(text: str, labels: Collection[Label] = FIVE) -> Label:
    """Return the verdict of a reply, or ``INVALID`` if it has none.

    Args:
        text: What the judge wrote, and nothing else: never a text that contains the answers themselves.
        labels: The labels that the judge was offered.
    """
    lines = [(line, list(_labels_in(line))) for line in _plain(text).splitlines()]
    lines = [(line, found) for line, found in lines if line.strip()]
    alone = _last_alone(lines, labels)
    if alone is not None:
        return _known(alone, labels)
    everything = {label for _, found in lines for label in found}
    last = next((set(found) for _, found in reversed(lines) if found), set())
    if len(last) != 1 or everything.issuperset(labels):
        return Label.INVALID
    return _known(last.pop(), labels)


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    plain = plain.replace("&gt;", ">").replace("&lt;", "<").replace("\\>", ">").replace("\\<", "<")
    for quoted in (QUOTED_BLOCK, _CODE_BLOCK, _QUOTED_LINE):
        plain = quoted.sub("", plain)
    return plain.translate(_SIGNS)


def _labels_in(line: str) -> Iterator[str]:
    for a, sign, b in _LABEL.findall(line):
        yield f"{a.upper()}{''.join(sign.split())}{b.upper()}"


def _last_alone(lines: list[tuple[str, list[str]]], labels: Collection[Label]) -> str | None:
    """Return the last label that is alone on its line and not part of a recital."""
    alone = [
        found[0] if len(found) == 1 and not _DECORATION.sub("", _LABEL.sub("", line)) else None for line, found in lines
    ]
    while alone:
        if alone[-1] is None:
            alone.pop()
            continue
        start = len(alone)
        while start and alone[start - 1] is not None:
            start -= 1
        if not set(alone[start:]).issuperset(labels):
            return alone[-1]
        del alone[start:]
    return None


def _known(label: str, labels: Collection[Label]) -> Label:
    return next((known for known in labels if known.value == label), Label.INVALID)
