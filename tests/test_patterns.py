"""No regular expression of the project takes more than linear time over hostile text.

Every pattern of the four rooms is collected (those that modules hold, and those that are written where they are used)
and run over texts that grow: each of its own literals and of the usual marks, repeated, with and without a beginning
that the pattern likes and an end that it does not. Processor time is measured, not time on the clock. A pattern that
needs n² steps for 32,000 characters takes a second or more, and a linear one some milliseconds.
"""

import ast
import importlib
import re
import time
from pathlib import Path

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
    (200, 0.0003),
    (1_000, 0.001),
    (4_000, 0.01),
    (16_000, 0.05),
    (32_000, 1.0),
)
"""Characters, and the seconds of processor time below which a pattern need not show that it is linear with more."""
MOST = {20: 0.1, 22: 0.1, 24: 0.1, 27: 0.1, 30: 0.1, 200: 0.1}
"""Seconds by which a pattern of so few characters must be exponential; half a second of more.

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


def hostile(pattern):
    """Beginnings, repeated parts and ends that a pattern may stumble over."""
    own = sorted(set(re.findall(r"[A-Za-z0-9]{2,}|[^\w\s\\()\[\]{}?*+|^$]", pattern.pattern)))[:8]
    start = re.match(r"(?:\\A|\^)?([^\\()\[\]{}?*+|^$.]+)", pattern.pattern)
    starts = dict.fromkeys(("", "```json", "[[", *([start[1]] if start else [])))
    return [(begin, part, "!\0") for begin in starts for part in dict.fromkeys((*MARKS, *own))]


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
            took = seconds(pattern, begin + part * (length // len(part)) + end)
            if took > MOST.get(length, 0.5):
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


@every_case(
    "expression",
    [r"\A```(?:json)?\s*\n(.*)\n\s*```\Z", r"(?:a|a)+b", r"<.*?<.*?<.*?>", r"\d+\d+x"],
)
def test_patterns_that_are_not_linear_are_found(expression):
    assert superlinear(re.compile(expression, re.DOTALL)) is not None


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
