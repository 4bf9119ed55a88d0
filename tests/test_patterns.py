"""No regular expression of the project takes more than linear time over hostile text.

Every pattern of the four rooms is collected (those that modules hold, and those that are written where they are used)
and run over texts that grow: texts that its own parts match and the usual marks, repeated, with and without a beginning
that the pattern likes and an end that it does not. Processor time is measured, not time on the clock. A pattern that
needs n² steps for 32,000 characters takes a second or more, and a linear one some milliseconds.
"""

import ast
import importlib
import re
import time
from pathlib import Path
from re import _constants, _parser

import pytest
from every_case import every_case

from polyarena.judges.llm import load_template, parse, template_names
from polyarena.judges.llm.parse import marker_before_word
from polyarena.judges.llm.structured import json_verdict

ROOT = Path(__file__).parents[1]
ROOMS = ("tasks", "judges", "reports", "harness")
CALLS = ("search", "match", "fullmatch", "sub", "findall", "finditer", "split", "compile")
MARKS = (
    "a", "1", " ", "\n", "\t", "[", "]", "<", ">", "`", "*", "_", "#", "-", ".", "|", "\\", ":", "'", '"', "(", "{",
    "/", "=", "é", "क", " \n", "a ", "a\n", "1.", "[[", "<<<",
)  # fmt: skip
STEPS = (
    (20, 0.0),
    (22, 0.0),
    (24, 0.0),
    (27, 0.0),
    (30, 0.0),
    (200, 0.0),
    (500, 0.0),
    (2_000, 0.001),
    (8_000, 0.01),
    (32_000, 0.25),
    (128_000, 4.0),
)
"""Characters, and the seconds of processor time below which a pattern need not show that it is linear with more."""
MOST = {20: 0.1, 22: 0.1, 24: 0.1, 27: 0.1, 30: 0.1, 200: 0.05, 500: 0.1, 2_000: 0.3, 128_000: 3.5}
"""Seconds by which a pattern of so few characters must be exponential; 0.8 of up to 32,000, where the slowest bounded
one takes 0.5; a quadratic one takes 16 times as long for 128,000, a bounded one 4 times.

The steps are small, because each character may double the time of the pattern that is to be found.
"""


def held(value):
    if isinstance(value, re.Pattern):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return [each for each in inner if isinstance(each, re.Pattern)]


def written(path):
    """The patterns that a file passes to functions of re as plain texts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and (node.func.value.id, node.func.attr in CALLS) == ("re", True)
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            yield re.compile(node.args[0].value)


def patterns():
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(("polyarena", *(parts[:-1] if parts[-1] == "__init__" else parts)))
            try:
                module = importlib.import_module(name)
            except ImportError:  # An extra that is not installed.
                continue
            for pattern in (*(each for value in vars(module).values() for each in held(value)), *written(path)):
                if isinstance(pattern.pattern, str):
                    found.setdefault((pattern.pattern, pattern.flags), (name, pattern))
    for template in map(load_template, template_names()):
        if template.marker is not None:
            pattern = marker_before_word(template.words.values(), template.marker)
            found.setdefault((pattern.pattern, pattern.flags), (f"the template {template.name}", pattern))
    return list(found.values())


REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
PROBES = "-a1 .\n_/=:A\"'<>[](){}*`#|\\é"
MOST_TEXTS, MOST_COPIES, LONGEST = 3, 40, 60


def inner(item):
    """The sequences within one item of a parsed pattern."""
    kind, value = item
    if kind is _constants.SUBPATTERN:
        return [value[-1]]
    if kind in REPEATS:
        return [value[2]]
    if kind is _constants.BRANCH:
        return list(value[1])
    if kind in (_constants.ASSERT, _constants.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is _constants.ATOMIC_GROUP else []


def characters(item):
    """Characters that an item matches: of a class the usual marks and its own, at most four."""
    kind, value = item
    if kind is _constants.LITERAL:
        return [chr(value)]
    if kind is _constants.NOT_LITERAL:
        return [each for each in PROBES if ord(each) != value][:MOST_TEXTS]
    if kind is _constants.ANY:
        return ["-", "a", " "]
    if kind is not _constants.IN:
        return [""]
    own = [chr(each if isinstance(each, int) else each[0]) for what, each in value
           if what in (_constants.LITERAL, _constants.RANGE)]  # fmt: skip
    return list(dict.fromkeys(each for each in (*PROBES, *own) if in_class(value, each)))[:4] or [""]


CATEGORIES = {
    _constants.CATEGORY_DIGIT: r"\d", _constants.CATEGORY_NOT_DIGIT: r"\D", _constants.CATEGORY_SPACE: r"\s",
    _constants.CATEGORY_NOT_SPACE: r"\S", _constants.CATEGORY_WORD: r"\w", _constants.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def in_class(members, character):
    found, negated = False, False
    for what, value in members:
        if what is _constants.NEGATE:
            negated = True
        elif what is _constants.LITERAL:
            found |= ord(character) == value
        elif what is _constants.RANGE:
            found |= value[0] <= ord(character) <= value[1]
        else:
            found |= re.match(CATEGORIES[value], character) is not None
    return found != negated


def matched(item):
    """A few texts that an item matches, as well as can be told without looking at what is around it."""
    kind, value = item
    if kind in REPEATS:
        return [text * min(max(value[0], 1), MOST_COPIES) for text in of_sequence(value[2])]
    if kind is _constants.BRANCH:
        return list(dict.fromkeys(text for branch in value[1] for text in of_sequence(branch)))[:4]
    if kind in (_constants.SUBPATTERN, _constants.ATOMIC_GROUP):
        return of_sequence(inner(item)[0])
    return characters(item)


def of_sequence(items):
    texts = [""]
    for item in items:
        choices = matched(item)
        longer = (texts[n % len(texts)] + choices[n % len(choices)] for n in range(max(len(texts), len(choices))))
        texts = list(dict.fromkeys(longer))[:MOST_TEXTS]
    return texts


def own_texts(pattern):
    """Texts that one, two, three neighbouring parts of a pattern match, and those of whole groups."""
    found = {}

    def walk(sequence):
        items = list(sequence)
        for width in (1, 2, 3, len(items)):
            for start in range(len(items) - width + 1):
                found.update(dict.fromkeys(of_sequence(items[start : start + width])))
        for item in items:
            for each in inner(item):
                walk(each)

    walk(_parser.parse(pattern.pattern, pattern.flags))
    return [text for text in found if 0 < len(text) <= LONGEST]


def hostile(pattern):
    """Beginnings, repeated parts and ends that a pattern may stumble over."""
    own = own_texts(pattern)
    start = re.match(r"(?:\\A|\^)?([^\\()\[\]{}?*+|^$.]+)", pattern.pattern)
    starts = dict.fromkeys(("", "```json", "[[", *([start[1]] if start else [])))
    for part in dict.fromkeys((*MARKS, *own)):
        for begin in starts if part in MARKS else ("", *sorted(own, key=len)[-1:]):
            yield begin, part, "!\0"


def seconds(pattern, text):
    started = time.thread_time()
    pattern.match(text)
    for _ in pattern.finditer(text):
        pass
    return time.thread_time() - started


def superlinear(pattern):
    """The text over which a pattern takes too long, or None."""
    for begin, part, end in hostile(pattern):
        for length, few in STEPS:
            took = seconds(pattern, begin + part * max(1, length // len(part)) + end)
            if took > MOST.get(length, 0.8):
                return begin, part, end, length, took
            if took < few:
                break
    return None


@pytest.mark.slow
def test_every_pattern_is_linear_over_texts_that_grow():
    collected = patterns()
    assert len(collected) > 100
    slow = {pattern.pattern: (where, text) for where, pattern in collected if (text := superlinear(pattern))}
    assert slow == {}


@every_case("expression", [r"\A```(?:json)?\s*\n(.*)\n\s*```\Z", r"(?:a|a)+b", r"<.*?<.*?<.*?>"])
def test_patterns_that_are_not_linear_are_found(expression):
    assert superlinear(re.compile(expression, re.DOTALL)) is not None


@pytest.mark.slow
@every_case(
    "expression",
    [
        r"\d+\d+x",
        r"\s*,\s*",
        r"\bsk-[\w-]*#",
        r"(?:one|two|three|four|five|six|seven|eight|nine|ten|zebra)-[\w-]*@",
    ],
)
def test_quadratic_patterns_are_found_by_their_own_texts(expression):
    assert superlinear(re.compile(expression)) is not None


@every_case(
    "reply",
    ["```json" + "\n" * 100_000, "```json\n" + " \n" * 50_000 + "x", '{"verdict": "A>B"' + " " * 100_000, "[" * 100_000,
     "```\n" * 25_000, "<think>" * 15_000, "</think>" * 12_000, "<<<answer A 0123456789abcdef>>>" * 3_000,
     "> " * 50_000, "[[A>B]]\n" * 12_000, "_*" * 50_000],
)  # fmt: skip
def test_a_long_reply_is_read_in_linear_time(reply):
    started = time.thread_time()
    json_verdict(reply)
    parse(reply)
    assert time.thread_time() - started < 3
