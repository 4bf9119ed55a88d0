"""Checks of NeMo-Skills' data sets: the program that writes the rows against the prompt that shows them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarena.tasks.audit.finding import Finding, Severity, ordered
from polyarena.tasks.audit.programs.syntax import (
    Program,
    calls,
    fields,
    keyword,
    literal,
    read_program,
    unreadable,
    values_of,
)
from polyarena.tasks.errors import DataError

_CONFIG = re.compile(r"\+\+prompt_config=([\w./-]+)")
_PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_MADE = frozenset({"examples", "code_begin", "code_end", "code_output_begin", "code_output_end"})
"""Placeholders that the tool fills itself."""
_MCQ = "get_mcq_fields"
_GOLD = "expected_answer"


@dataclass(frozen=True)
class _Benchmark:
    """A folder of a data set.

    Attributes:
        name: Of the folder.
        settings: The constants of its ``__init__.py``.
        program: Its ``prepare.py``.
        shared: The utilities that programs import.
        prompts: The folder of prompt files.
    """

    name: str
    settings: dict[str, Any]
    program: Program
    shared: Program | None
    prompts: Path


def audit_nemo_skills(folder: Path) -> list[Finding]:
    """Audit the data sets of a copy of NeMo-Skills.

    Args:
        folder: The package ``nemo_skills``, or the folder that contains it.

    Raises:
        DataError: It has no folder ``dataset``.
    """
    root = folder.expanduser()
    root = root / "nemo_skills" if (root / "nemo_skills").is_dir() else root
    if not (root / "dataset").is_dir():
        raise DataError(
            "this is no copy of NeMo-Skills",
            where=str(folder),
            why="there is no folder dataset",
            fix="give the folder nemo_skills of a clone of https://github.com/NVIDIA-NeMo/Skills",
        )
    shared = read_program(root / "dataset" / "utils.py")
    found: list[Finding] = []
    for path in sorted((root / "dataset").glob("*/prepare.py")):
        program, settings = read_program(path), read_program(path.with_name("__init__.py"))
        if program is None:
            found.append(unreadable(path, path.parent.name))
        else:
            known = {} if settings is None else {name: literal(node) for name, node in settings.constants().items()}
            found += _audited(_Benchmark(path.parent.name, known, program, shared, root / "prompt" / "config"))
    return ordered(found)


def _audited(benchmark: _Benchmark) -> Iterator[Finding]:
    yield from _revisions(benchmark)
    yield from _golds(benchmark)
    yield from _prompt(benchmark)


def _revisions(benchmark: _Benchmark) -> Iterator[Finding]:
    for call in calls(benchmark.program.tree, "load_dataset"):
        name = literal(call.args[0]) if call.args else None
        if isinstance(name, str) and "/" in name and keyword(call, "revision") is None:
            message = f"the data set {name} is read at no fixed revision: scores of two days may be of two data sets"
            yield Finding("unpinned-revision", Severity.WARNING, benchmark.name, "", message)


def _golds(benchmark: _Benchmark) -> Iterator[Finding]:
    """Yield right answers that are the same word for every row they concern."""
    for function in benchmark.program.functions().values():
        for value in _entry_values(function, _GOLD):
            named = values_of(value.id, function) if isinstance(value, ast.Name) else [value]
            fixed = [text for each in named if isinstance(text := literal(each), str) and "_" in text]
            if fixed and function.args.args:
                message = f"the right answer of some rows is the word {fixed[0]!r}, where a field was meant"
                where = (f"{benchmark.name}/prepare.py:{function.lineno}",)
                yield Finding("quoted-literal", Severity.ERROR, benchmark.name, "", message, where)


def _entry_values(function: ast.FunctionDef, key: str) -> Iterator[ast.expr]:
    """Yield what a key of the rows is set to, in dicts and by assignment."""
    for each in ast.walk(function):
        if isinstance(each, ast.Dict):
            for name, value in zip(each.keys, each.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == key:
                    yield value
        elif isinstance(each, ast.Assign):
            for target in each.targets:
                if isinstance(target, ast.Subscript) and literal(target.slice) == key:
                    yield each.value


def _prompt(benchmark: _Benchmark) -> Iterator[Finding]:
    config = _config(benchmark)
    path = benchmark.prompts / f"{config}.yaml"
    if not config:
        return
    if not path.is_file():
        message = f"the prompt {config} that it names does not exist"
        yield Finding("prompt-missing", Severity.ERROR, benchmark.name, "", message)
        return
    shown = set(_PLACEHOLDER.findall(_user(path))) - _MADE
    keys = _keys(benchmark)
    missing = sorted(shown - keys) if keys else []
    if missing:
        message = f"the prompt {config} shows {{{missing[0]}}}, which the rows do not have; they have: "
        message += ", ".join(sorted(keys))
        yield Finding("field-not-in-rows", Severity.ERROR, benchmark.name, "", message)
    multiple_choice = benchmark.settings.get("METRICS_TYPE") == "multichoice"
    if multiple_choice and shown and not missing and not any(_shows_options(benchmark, each) for each in shown):
        message = f"the prompt {config} shows {', '.join(sorted(shown))}, and none of them contains the options"
        yield Finding("options-not-shown", Severity.ERROR, benchmark.name, "", message)


def _config(benchmark: _Benchmark) -> str:
    named = _CONFIG.search(str(benchmark.settings.get("GENERATION_ARGS") or ""))
    return named[1] if named else str(benchmark.settings.get("PROMPT_CONFIG") or "")


def _user(path: Path) -> str:
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return ""
    return str(found.get("user") or "") if isinstance(found, dict) else ""


def _keys(benchmark: _Benchmark) -> set[str]:
    """Return the keys of the rows that the program writes; empty where they cannot be told from its text."""
    keys: set[str] = set()
    for function in benchmark.program.functions().values():
        for each in ast.walk(function):
            if isinstance(each, ast.Dict) and _GOLD in _names(each):
                keys |= _names(each)
                spread = [value for name, value in zip(each.keys, each.values, strict=True) if name is None]
                made = [_spread(benchmark, value) for value in spread]
                if not all(made):
                    return set()
                keys = keys.union(*made)
        keys |= {
            key
            for each in ast.walk(function)
            if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store)
            if keys and isinstance(key := literal(each.slice), str)
        }
    return keys


def _spread(benchmark: _Benchmark, value: ast.expr) -> set[str]:
    """Return the keys of ``**get_mcq_fields(...)``; empty for anything else."""
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == _MCQ):
        return set()
    own = benchmark.program.functions().get(_MCQ)
    shared = benchmark.shared.functions().get(_MCQ) if benchmark.shared is not None else None
    function = own or shared
    return (
        set()
        if function is None
        else {name for each in ast.walk(function) if isinstance(each, ast.Dict) for name in _names(each)}
    )


def _names(node: ast.Dict) -> set[str]:
    return {key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def _shows_options(benchmark: _Benchmark, key: str) -> bool:
    """Return whether a key of the rows is made of the options, as far as the programs tell."""
    functions = dict(benchmark.program.functions())
    shared = benchmark.shared.functions().get(_MCQ) if benchmark.shared is not None else None
    if shared is not None and any(calls(benchmark.program.tree, _MCQ)):
        functions.setdefault(_MCQ, shared)
    for function in functions.values():
        for value in _entry_values(function, key):
            names = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
            for name in list(names):
                for each in values_of(name, function):
                    names |= {part.id for part in ast.walk(each) if isinstance(part, ast.Name)}
            made_of = {name.lower() for name in names} | {each.lower() for each in fields(value, function)}
            if any("option" in name or "choice" in name for name in made_of):
                return True
    return False
