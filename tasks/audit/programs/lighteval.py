"""Checks of lighteval's tasks: calls of ``LightevalTaskConfig`` and the functions that write prompts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

from polyarena.tasks.audit.configs.pinning import SCRIPT_DATASETS
from polyarena.tasks.audit.finding import Finding, Severity, ordered
from polyarena.tasks.audit.paths import check_path
from polyarena.tasks.audit.programs.syntax import (
    Program,
    calls,
    fields,
    keyword,
    literal,
    read_program,
    texts,
    unreadable,
    values_of,
)
from polyarena.tasks.audit.revisions import is_pinned
from polyarena.tasks.errors import DataError, UnknownNameError

_OPTIONS = ("options", "choices", "endings", "answers", "choice")
_LETTERS = ("ascii_uppercase", "ascii_lowercase", "LETTER_INDICES", "INTEGER_INDICES")


def audit_lighteval(pattern: str) -> list[Finding]:
    """Audit the task files of lighteval that a pattern means.

    Args:
        pattern: A folder or a file; or a shell pattern of the names of lighteval's own files (``mmlu*``), ``*`` for
            all.

    Raises:
        UnknownNameError: The pattern means no file.
        DataError: lighteval is not installed, and the pattern is no path.
    """
    path = Path(pattern).expanduser()
    check_path(pattern)
    if path.exists():
        paths = [path] if path.is_file() else sorted(path.glob("**/*.py"))
    else:
        paths = sorted(each for each in shipped_folder().glob("**/*.py") if fnmatchcase(each.stem, pattern))
    if not paths:
        raise UnknownNameError(
            f"there is no Python file in {pattern!r}" if path.exists() else
            f"no task file of lighteval is called {pattern!r}",
            fix="give a shell pattern of names ('mmlu*'), or a folder",
        )  # fmt: skip
    programs = {each: read_program(each) for each in paths}
    return ordered(
        finding
        for each, program in programs.items()
        for finding in ([unreadable(each, each.stem)] if program is None else _audited(program))
    )


def shipped_folder() -> Path:
    """Return the folder of the task files that the installed lighteval ships, without importing it.

    Raises:
        DataError: lighteval is not installed.
    """
    spec = find_spec("lighteval")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "tasks"
        if folder.is_dir():
            return folder
    raise DataError(
        "lighteval's task files cannot be found", where="lighteval/tasks", fix="pip install lighteval, or give a folder"
    )


def _audited(program: Program) -> Iterator[Finding]:
    for number, call in enumerate(calls(program.tree, "LightevalTaskConfig"), start=1):
        yield from _data(call, _name(call, program, number))
    for function in program.functions().values():
        for doc in calls(function, "Doc"):
            yield from _prompt(program, function, doc)


def _name(call: ast.Call, program: Program, number: int) -> str:
    node = keyword(call, "name")
    known = literal(node)
    if isinstance(known, str):
        return known
    parts = [each for each in texts(node) if each] if node is not None else []
    return "*".join(parts) + "*" if parts else f"{program.path.stem}:{number}"


def _data(call: ast.Call, task: str) -> Iterator[Finding]:
    repository, revision = literal(keyword(call, "hf_repo")), literal(keyword(call, "hf_revision"))
    if repository in SCRIPT_DATASETS:
        message = (
            f"the data set {repository} is a program, which datasets 4 and later refuse: the task cannot be loaded"
        )
        yield Finding("script-data-set", Severity.ERROR, task, "", message)
    named = keyword(call, "hf_revision")
    if isinstance(repository, str) and (named is None or (literal(named) is not None and not is_pinned(str(revision)))):
        message = f"the data set {repository} is read at no fixed revision: scores of two days may be of two data sets"
        yield Finding("unpinned-revision", Severity.WARNING, task, "", message)
    shots, asked = literal(keyword(call, "few_shots_split")), literal(keyword(call, "evaluation_splits"))
    if isinstance(shots, str) and isinstance(asked, list | tuple) and shots in asked:
        message = f"few-shot examples come from {shots!r}, the split that is asked"
        yield Finding("few-shot-from-test", Severity.WARNING, task, "", message)


def _prompt(program: Program, function: ast.FunctionDef, doc: ast.Call) -> Iterator[Finding]:
    query, choices = keyword(doc, "query"), keyword(doc, "choices")
    where = (f"{program.path.name}:{doc.lineno}",)
    if query is None or not function.args.args:
        return
    shown, every = fields(query, function), fields(function, function)
    seen = keyword(doc, "images") or keyword(doc, "image")
    if not shown and every and seen is None and _is_fixed(query, function):
        message = "the prompt shows no field of the row: every question is the same"
        yield Finding("document-not-shown", Severity.ERROR, function.name, "", message, where)
    if choices is None:
        return
    letters = _are_letters(choices, function)
    options = {each for each in every if any(word in each.lower() for word in _OPTIONS) and "answer_" not in each}
    # An index or a right answer is no list of options.
    options -= {each for each in options if each.lower() in ("answers", "answer")}
    if letters and options and "*" not in shown and not options & shown:
        message = (
            f"the answers are letters, and the prompt shows no field of the options ({', '.join(sorted(options))})"
        )
        yield Finding("options-not-shown", Severity.ERROR, function.name, "", message, where)
    counted = _counted_text(choices, function)
    if counted:
        message = f"letters are counted by the length of {counted!r}, which is one text: there are too many answers"
        yield Finding("letters-of-a-text", Severity.ERROR, function.name, "", message, where)


def _is_fixed(query: ast.expr, function: ast.FunctionDef) -> bool:
    """Return whether a prompt is a text that nothing outside of the function changes; an empty one asks nothing."""
    names = {each.id for each in ast.walk(query) if isinstance(each, ast.Name)}
    known = all(values_of(name, function) for name in names)
    return known and literal(query) != "" and not any(isinstance(each, ast.Attribute) for each in ast.walk(query))


def _are_letters(choices: ast.expr, function: ast.FunctionDef) -> bool:
    """Return whether the choices of a document are letters, whatever the row says."""
    names = {each.id for each in ast.walk(choices) if isinstance(each, ast.Name)}
    for name in list(names):
        for value in values_of(name, function):
            names |= {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
    constant = literal(choices)
    given = isinstance(constant, list | tuple) and all(
        isinstance(each, str) and len(each.strip()) == 1 for each in constant
    )
    return bool(given and constant) or (bool(names & set(_LETTERS)) and "zip" not in names and "enumerate" not in names)


def _counted_text(choices: ast.expr, function: ast.FunctionDef) -> str:
    """Return the name of a joined text whose length cuts the letters, as in ``letters[: len(joined)]``."""
    for each in ast.walk(choices):
        if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice) and each.slice.upper is not None:
            for counted in calls(each.slice.upper, "len"):
                name = counted.args[0].id if counted.args and isinstance(counted.args[0], ast.Name) else ""
                values = values_of(name, function) if name else []
                if values and all(_is_joined(value) for value in values):
                    return name
    return ""


def _is_joined(value: ast.expr) -> bool:
    joined = isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "join"
    return joined or isinstance(value, ast.JoinedStr)
