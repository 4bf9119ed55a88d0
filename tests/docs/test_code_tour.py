"""The tour of the code: its functions are where it says, and each is named in the file of a step above it."""

from __future__ import annotations

import ast
import re

import pytest

STEP = re.compile(r"^(\d+)\. `([\w/]+\.py)`, `([\w.]+)`", re.MULTILINE)


@pytest.fixture
def parts(repository):
    text = (repository / "docs" / "code-tour.md").read_text(encoding="utf-8")
    return {part.partition("\n")[0]: STEP.findall(part) for part in text.split("\n## ") if STEP.search(part)}


def defined(tree, prefix=""):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name
            yield from defined(node, f"{prefix}{node.name}.")


def test_every_step_leads_to_the_next(repository, parts):
    assert {name: len(steps) for name, steps in parts.items()} == {
        "How a run flows": 23,
        "How a win rate is computed": 10,
    }
    wrong = []
    for steps in parts.values():
        above = ""
        for place, (number, file, name) in enumerate(steps, start=1):
            text = (repository / file).read_text(encoding="utf-8")
            if int(number) != place:
                wrong.append(f"{number} is step {place}")
            if name not in defined(ast.parse(text)):
                wrong.append(f"{file} has no {name}")
            if above and not re.search(rf"\b{name.rpartition('.')[2]}\b", above):
                wrong.append(f"no file above names {name}")
            above += text
    assert not wrong
