"""What the functions of a task file do, read from their source; nothing is imported or run."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from polyarena.tasks.audit.configs.loading import Function


def words(function: Function) -> frozenset[str]:
    """Return the names and texts in a function and in the functions of the same file that it reaches.

    A name that is imported counts with the module that it comes from; empty when the source cannot be read.
    """
    module = _module(function.module)
    return module.reached(function.name) if module else frozenset()


def returns_one_value(function: Function) -> bool:
    """Return whether a metric function surely gives one value, and no mapping of several metrics.

    lm-eval reports each key of a mapping as a metric of its own; what a call or an index gives cannot be known.
    """
    module = _module(function.module)
    found = module.functions.get(function.name) if module else None
    if found is None:
        return False
    given = {argument.arg for argument in found.args.args}
    returned = [node.value for node in ast.walk(found) if isinstance(node, ast.Return)]
    return bool(returned) and all(
        isinstance(value, ast.Constant | ast.BinOp | ast.Compare | ast.UnaryOp | ast.Tuple)
        or (isinstance(value, ast.Name) and value.id in given)
        for value in returned
    )


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self.imported: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self.imported |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                self.imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}

    def reached(self, name: str) -> frozenset[str]:
        found: set[str] = set()
        waiting, seen = [name], {name}
        while waiting:
            function = self.functions.get(waiting.pop())
            for node in ast.walk(function) if function else ():
                word = _word(node)
                found |= {word, self.imported.get(word, word)} if word else set()
                if word in self.functions and word not in seen:
                    seen.add(word)
                    waiting.append(word)
        return frozenset(found)


def _word(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.keyword):
        return f"{node.arg}="
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _module(path: Path) -> _Module | None:
    try:
        return _parsed(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


@lru_cache(maxsize=1024)
def _parsed(source: bytes) -> _Module:
    return _Module(ast.parse(source))
