r"""Checks whether training texts contain test items, completely or by shared n-grams.

Both are tokenised: runs of letters, marks and digits, ignoring case, and single characters in scripts that are written
without spaces (Han, kana, Thai, Lao, Khmer, Burmese). The question of an item counts: the prompt without the template
(see :mod:`polyarena.tasks.audit.template`), or the right text where the choices are whole texts. There are three
measures:

* exact: a training text contains all tokens of the item in a row, found by the hash of each window of the item's
  length;
* share: the share of the item's 13-grams that occur anywhere in the training texts. Thirteen is the length of Brown et
  al. 2020 (arXiv 2005.14165, appendix C). An item of fewer than 13 tokens has one n-gram of its own length.

* line: of an item with several lines, such as a passage and a question, a training text contains one of them that is
  not the longest, without its label (``Question:``). A line of fewer than eight tokens must be the whole text. A
  passage swamps the share of a question that leaked without it.

The training file is read once for each language, line by line. Memory contains one hash for each distinct n-gram of the
*items*: it grows with the items of one language, not with the training file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarena.tasks.audit.finding import Finding, Severity, shown
from polyarena.tasks.audit.template import own_lines
from polyarena.tasks.card import TaskCard
from polyarena.tasks.data import read_jsonl
from polyarena.tasks.item import Item

GRAM = 13
"""Tokens of an n-gram."""
SHORTEST = 8
"""Fewest tokens of an item to check; shorter ones occur by chance."""
FEWEST_IN_LINE = 4
"""Fewest tokens of a line to check against whole training texts."""
CONTAMINATED = 0.5
"""Least share of an item's n-grams for it to count as seen."""
_LABEL = re.compile(r"^[^:：\n]{1,24}[:：]\s*")
_TOKEN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]|"
    r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff])*"
)


def tokens(text: str) -> list[str]:
    """Return the tokens of a text: words, or characters in scripts without spaces; punctuation is left out."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


@dataclass(frozen=True)
class Shared:
    """The overlap of one item with the training texts.

    Attributes:
        item_id: The item.
        exact: Whether some training text contains all of it.
        share: Of its n-grams, between 0 and 1.
        line: Whether some training text contains one of its lines, but the longest.
    """

    item_id: str
    exact: bool
    share: float
    line: bool = False


class Overlap:
    """Compares items with one training file.

    Attributes:
        path: JSON Lines; all texts of an object count, also those in lists and objects within it (chat messages).
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def shared(self, items: Sequence[Item]) -> list[Shared]:
        """Return what each item shares with the training texts; items that are too short are left out.

        Raises:
            DataError: The file is missing, or a line is not JSON.
        """
        questions = own_lines([_question(item) for item in items])
        lines = {item.item_id: _short_lines(own) for item, own in zip(items, questions, strict=True)}
        wanted = {item.item_id: tokens(" ".join(lines)) for item, lines in zip(items, questions, strict=True)}
        wanted = {item_id: found for item_id, found in wanted.items() if len(found) >= SHORTEST}
        sizes = {min(GRAM, len(found)) for found in wanted.values()}
        looked_for = {gram for found in wanted.values() for gram in grams(found, min(GRAM, len(found)))}
        long_lines = [line for listed in lines.values() for line in listed if len(line) >= SHORTEST]
        whole: dict[int, set[int]] = {}
        for found in (*wanted.values(), *long_lines):
            whole.setdefault(len(found), set()).add(_hash(found))
        firsts = {_hash(found[:GRAM]) for found in (*wanted.values(), *long_lines)}
        sizes |= {min(GRAM, len(line)) for line in long_lines}
        looked_for |= firsts
        short_lines = {_hash(line) for listed in lines.values() for line in listed if len(line) < SHORTEST}
        seen, exact = set[int](), set[int]()
        for text in self._texts():
            trained = tokens(text)
            if len(trained) < SHORTEST and (key := _hash(trained)) in short_lines:
                exact.add(key)
            hits = {gram for size in sizes for gram in grams(trained, size) if gram in looked_for}
            seen |= hits
            # Only a text with the start of an item can contain it.
            if hits & firsts:
                exact |= {gram for size, hashes in whole.items() for gram in grams(trained, size) if gram in hashes}
        leaked = {item_id for item_id, listed in lines.items() if any(_hash(line) in exact for line in listed)}
        return [_compared(item_id, found, seen, exact, item_id in leaked) for item_id, found in wanted.items()]

    def compare(self, card: TaskCard, language: str, items: Sequence[Item]) -> Iterator[Finding]:
        """Yield a finding if training texts hold items of this language."""
        shared = self.shared(items)
        exact = [each for each in shared if each.exact]
        lines = [each for each in shared if not each.exact and each.line]
        partly = [each for each in shared if not each.exact and not each.line and each.share >= CONTAMINATED]
        if exact:
            message = f"{len(exact)} of {len(items)} items stand whole in {self.path.name}"
            examples = shown(each.item_id for each in exact)
            yield Finding("trained-on", Severity.ERROR, card.name, language, message, examples)
        if lines:
            message = (
                f"a line of {len(lines)} of {len(items)} items, such as the question, stands whole in {self.path.name}"
            )
            examples = shown(each.item_id for each in lines)
            yield Finding("trained-on", Severity.ERROR, card.name, language, message, examples)
        if partly:
            message = (
                f"{len(partly)} of {len(items)} items share half of their {GRAM}-grams or more with {self.path.name}"
            )
            examples = shown(f"{each.item_id}: {each.share:.0%}" for each in partly)
            yield Finding("trained-on-partly", Severity.WARNING, card.name, language, message, examples)

    def _texts(self) -> Iterator[str]:
        for _, row in read_jsonl(self.path):
            yield from _strings(row)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _question(item: Item) -> str:
    return item.choices[item.gold or 0] if item.whole_choices else item.prompt


def _short_lines(own: Sequence[str]) -> list[list[str]]:
    """Return the tokens of the lines of an item, without labels and without the longest line."""
    listed = sorted((tokens(_LABEL.sub("", line)) for line in own), key=len)
    return [line for line in listed[:-1] if len(line) >= FEWEST_IN_LINE]


def _compared(item_id: str, found: list[str], seen: set[int], exact: set[int], line: bool) -> Shared:
    own = set(grams(found, min(GRAM, len(found))))
    return Shared(item_id, _hash(found) in exact, len(own & seen) / len(own), line)


def grams(words: Sequence[str], size: int) -> Iterator[int]:
    """Yield the hash of each run of ``size`` tokens; hashes are good within one process only."""
    return (_hash(words[start : start + size]) for start in range(len(words) - size + 1))


def _hash(found: Sequence[str]) -> int:
    return hash(tuple(found))
