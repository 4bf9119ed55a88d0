r"""Mathematical answers compared by value: ``\frac{1}{2}``, ``0.5`` and ``1/2`` are one answer.

The answer of a text is what its last ``\boxed{...}`` contains; without one, the last formula between dollar signs or
``\( \)``, the last line, or the last number, each tried in that order. A gold answer is LaTeX or a plain number.

Numbers are read in the digits and with the separators of the language (:mod:`polyarena.tasks.metrics.numbers`),
formulas by :mod:`polyarena.tasks.metrics.expressions`; what neither reads is compared as text without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from polyarena.tasks.metrics.answered import answer_and_references
from polyarena.tasks.metrics.expressions.equivalence import equivalent
from polyarena.tasks.metrics.expressions.parsing import LONGEST, ExpressionError, parse
from polyarena.tasks.metrics.expressions.tree import Call, Node, Number
from polyarena.tasks.metrics.numbers import ascii_digits, numbers

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

MATH_MATCH = "math_match"

_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_FORMULA = re.compile(
    r"\$\$([^$]{1,1000})\$\$|(?<!\\)\$([^$\n]{1,1000})(?<!\\)\$|\\\(([^\n]{1,1000}?)\\\)|\\\[(.{1,1000}?)\\\]",
    re.DOTALL,
)
_WORDY = re.compile(r"[\\^_{}=<>+*/|()\[\]]")
_SPACE = re.compile(r"\\(?:left|right|displaystyle|quad|[,;:! ])(?![A-Za-z])|[\s$]")


def math_match(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return 1 as ``math_match`` if the answer's value is that of a reference, else 0.

    Raises:
        DataError: The completion has no text, or the item no references.
    """
    text, references = answer_and_references(item, completion)
    return {MATH_MATCH: float(any(same_answer(text, reference, item.language) for reference in references))}


def same_answer(answer: str, gold: str, language: str) -> bool:
    """Return whether the answer that a text gives has the value of a gold answer.

    Args:
        answer: A whole reply, or an answer alone.
        gold: LaTeX or a plain number; a dot is decimal.
        language: ``lang_Script``; decides what ``1,234`` is read as.
    """
    boxed = last_boxed(answer)
    if boxed is not None:
        return _same(boxed, gold, language)
    formulas = [next(filter(None, match.groups()), "") for match in _FORMULA.finditer(answer)]
    if formulas:
        return _same(formulas[-1], gold, language)
    lines = [line.strip(" *") for line in answer.splitlines() if line.strip(" *")]
    if not lines:
        return False
    last = lines[-1]
    if _same(last, gold, language) or (":" in last and _same(last.rpartition(":")[2], gold, language)):
        return True
    if "=" in last and _same(last.rpartition("=")[2], gold, language):
        return True
    return _same_number(answer, gold, language)


def last_boxed(text: str) -> str | None:
    r"""Return what the last ``\boxed{...}`` contains, with its braces balanced; ``None`` if there is none."""
    starts = [match.end() for match in _BOXED.finditer(text)]
    for start in reversed(starts[-5:]):
        depth = 1
        for end in range(start, min(len(text), start + 2 * LONGEST)):
            depth += {"{": 1, "}": -1}.get(text[end], 0) if text[end - 1] != "\\" or end == start else 0
            if depth == 0:
                return text[start:end]
    return None


def _same(answer: str, gold: str, language: str) -> bool:
    """Whether an answer alone is the gold answer."""
    if _SPACE.sub("", answer) == _SPACE.sub("", gold):
        return True
    plain = ascii_digits(answer)
    golds, ours = list(_readings(gold)), list(_readings(plain))
    if any(equivalent(one, other) for one in ours for other in golds):
        return True
    # A number with its unit, or written as the language writes numbers.
    return not _WORDY.search(_SPACE.sub("", plain)) and _same_number(answer, gold, language)


def _same_number(answer: str, gold: str, language: str) -> bool:
    found, wanted = numbers(answer, language), numbers(gold, "eng_Latn")
    golds = list(_readings(gold))
    if not found or not wanted or not any(_is_constant(node) for node in golds):
        return False
    return any(equivalent(Number(value), node) for value in found[-1] for node in golds)


def _is_constant(node: Node) -> bool:
    if isinstance(node, Call):
        return node.operator in ("neg", "percent", "degree", "frac", "/", "+") and all(
            map(_is_constant, node.arguments)
        )
    return isinstance(node, Number)


def _readings(text: str) -> Iterator[Node]:
    """Yield the expressions that a text may be; a percentage is also its number."""
    seen: list[Node] = []
    for grouped in (True, False):
        node = _parsed(text, grouped)
        if node is not None and node not in seen:
            seen.append(node)
            yield node
            if isinstance(node, Call) and node.operator in ("percent", "degree"):
                yield node.arguments[0]


@lru_cache(maxsize=10_000)
def _parsed(text: str, grouped: bool) -> Node | None:
    try:
        return parse(text, grouped=grouped)
    except (ExpressionError, RecursionError):
        return None
