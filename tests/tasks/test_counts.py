"""Nouns agree with their numbers."""

import ast
import re
from pathlib import Path

import pytest

from polyarena.tasks.counts import count_of, too_few

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("language",), "0 languages"),
        (1, ("language",), "1 language"),
        (2, ("language",), "2 languages"),
        (1200, ("item",), "1,200 items"),
        (1, ("reply", "replies"), "1 reply"),
        (3, ("reply", "replies"), "3 replies"),
    ],
)
def test_a_noun_agrees_with_its_number(number, words, said):
    assert count_of(number, *words) == said


def test_a_verb_does_too():
    assert too_few(1, "item") == "1 item is too few"
    assert too_few(5, "item") == "5 items are too few"


def _messages(path: Path) -> list[str]:
    """Return the f-strings of a file, each with its values as ``{}``."""
    strings = (
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.JoinedStr)
    )
    return [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values) for node in strings
    ]


def test_the_command_line_prints_no_plural_after_a_bare_number():
    """Where one is possible, `count_of` chooses the noun."""
    nouns = "cells|pairs|languages|items|systems|games|requests|answers|tasks|prompts|files|judges|rows|votes|columns"
    bare = re.compile(rf"(?<!of )\{{\}} (?:more )?(?:{nouns})\b(?! \{{\}}|/)")
    faults = {
        (path.relative_to(ROOT).as_posix(), message)
        for folder in ("harness/cli", "harness/progress", "harness/reporting")
        for path in sorted((ROOT / folder).glob("*.py"))
        for message in _messages(path)
        if bare.search(message)
    }
    assert faults == set()
