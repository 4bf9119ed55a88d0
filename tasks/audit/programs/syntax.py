"""Reads Python files of tasks as data: what a name stands for, and which fields of a row an expression depends on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from polyarena.tasks.audit.finding import Finding, Severity

MOST_STEPS = 64
"""Names that are followed from an expression, so that files which define names by each other end."""


@dataclass(frozen=True)
class Program:
    """A Python file.

    Attributes:
        path: The file.
        tree: Its syntax.
    """

    path: Path
    tree: ast.Module

    def functions(self) -> dict[str, ast.FunctionDef]:
        """Return its functions by name, those within functions included; of two with one name, the last."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)}

    def constants(self) -> dict[str, ast.expr]:
        """Return what names at the top of the file are set to."""
        return assignments(self.tree)


def read_program(path: Path) -> Program | None:
    """Return a Python file; ``None`` if it cannot be read as one."""
    try:
        return Program(path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError, RecursionError):
        return None


def unreadable(path: Path, task: str) -> Finding:
    """Return what to say of a file that :func:`read_program` cannot read: nothing in it was checked."""
    return Finding("unreadable-file", Severity.ERROR, task, "", "the file cannot be read as Python", (str(path),))


def assignments(node: ast.AST) -> dict[str, ast.expr]:
    """Return what plain names in the body of a file or function are set to; of several values, the last."""
    found: dict[str, ast.expr] = {}
    for each in ast.walk(node) if isinstance(node, ast.FunctionDef) else getattr(node, "body", []):
        if isinstance(each, ast.Assign):
            found |= {target.id: each.value for target in each.targets if isinstance(target, ast.Name)}
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value is not None:
            found[each.target.id] = each.value
    return found


def values_of(name: str, node: ast.FunctionDef) -> list[ast.expr]:
    """Return everything that a name is set to within a function; of several names set together, the whole value."""
    return [
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Assign)
        and any(isinstance(part, ast.Name) and part.id == name for target in each.targets for part in _targets(target))
    ]


def _targets(target: ast.expr) -> list[ast.expr]:
    return list(target.elts) if isinstance(target, ast.Tuple | ast.List) else [target]


def calls(node: ast.AST, name: str) -> Iterator[ast.Call]:
    """Yield the calls of a function or class of this name, however it is qualified."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            called = each.func.attr if isinstance(each.func, ast.Attribute) else getattr(each.func, "id", "")
            if called == name:
                yield each


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return a keyword argument of a call, ``None`` if there is none."""
    return next((each.value for each in call.keywords if each.arg == name), None)


def literal(node: ast.expr | None) -> object:
    """Return the value of an expression of constants; ``None`` for any other."""
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the constant texts within an expression."""
    yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str))


def fields(node: ast.AST, function: ast.FunctionDef) -> set[str]:
    """Return the fields of the row, a function's first argument, on which an expression within it depends.

    Names set in the function are followed, and so are the items of loops. The row as a whole (``line``,
    ``line.values()``) is ``*``.
    """
    row = function.args.args[0].arg if function.args.args else ""
    local = {each.arg for each in function.args.args[1:]}
    found: set[str] = set()
    followed: set[str] = set()
    to_do: list[ast.AST] = [node]
    while to_do and len(followed) < MOST_STEPS:
        current = to_do.pop()
        named = {id(_row_of(each)) for each in ast.walk(current) if _field(each, row)}
        for each in ast.walk(current):
            field = _field(each, row)
            if field:
                found.add(field)
            elif isinstance(each, ast.Name) and each.id == row and id(each) not in named:
                found.add("*")
            elif isinstance(each, ast.Name) and each.id not in followed and each.id not in local:
                followed.add(each.id)
                to_do += values_of(each.id, function) + _looped(each.id, function)
    return found


def _field(node: ast.AST, row: str) -> str:
    """Return the field that a node takes from the row: ``line["x"]`` or ``line.get("x")``; ``*`` if not a constant."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == row:
        key = node.slice
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "*"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop"):
        base = node.func.value
        if isinstance(base, ast.Name) and base.id == row and node.args and isinstance(node.args[0], ast.Constant):
            return str(node.args[0].value)
    return ""


def _row_of(node: ast.AST) -> ast.AST:
    """Return the name of the row within a node that takes a field from it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value
    return node.value if isinstance(node, ast.Subscript) else node


def _looped(name: str, function: ast.FunctionDef) -> list[ast.AST]:
    """Return what is looped over, or appended, where a name takes its items."""
    found: list[ast.AST] = []
    for each in ast.walk(function):
        if isinstance(each, ast.For | ast.comprehension):
            if any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(each.target)):
                found.append(each.iter)
        elif isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name) and each.target.id == name:
            found.append(each.value)
        elif (
            isinstance(each, ast.Call)
            and isinstance(each.func, ast.Attribute)
            and each.func.attr in ("append", "extend", "insert")
            and isinstance(each.func.value, ast.Name)
            and each.func.value.id == name
        ):
            found += each.args
    return found
