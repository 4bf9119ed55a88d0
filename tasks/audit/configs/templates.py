"""What a task's templates show of the document, and what they show in its place.

lm-eval renders ``doc_to_text``, ``doc_to_target`` and ``doc_to_choice`` with Jinja. A template that is nothing but one
word is taken for the name of a field. A template that is a function is not looked into.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from polyarena.tasks.audit.configs.index import Config, ConfigIndex
from polyarena.tasks.audit.configs.loading import Function
from polyarena.tasks.audit.finding import Finding, Severity, shown

TEMPLATES = ("doc_to_text", "doc_to_target", "doc_to_choice")
MOST = 0.5
"""Share of the tasks of one data set and target that must show a field before a task without it is pointed out."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template, taken apart.

    Attributes:
        fields: The variables that it reads, or the field that it names.
        literals: Quoted texts that stand where a variable would: ``{{'text'}}`` shows the word "text".
        escapes: Whether its running text has a backslash and an ``n`` where a line end was meant.
        fault: Why Jinja refuses it; empty if it does not.
    """

    fields: frozenset[str] = frozenset()
    literals: tuple[str, ...] = ()
    escapes: bool = False
    fault: str = ""


@lru_cache(maxsize=65_536)
def read_template(text: str) -> Template:
    """Take a template apart."""
    from jinja2 import Environment, TemplateSyntaxError, meta, nodes

    if text.isidentifier():
        return Template(frozenset({text}))
    try:
        tree = Environment(autoescape=True).parse(text)
    except TemplateSyntaxError as error:
        return Template(fault=f"{error.message}, line {error.lineno}")
    parts = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    return Template(
        frozenset(meta.find_undeclared_variables(tree)),
        tuple(str(part.value) for part in parts if isinstance(part, nodes.Const) and isinstance(part.value, str)),
        any("\\n" in part.data for part in parts if isinstance(part, nodes.TemplateData)),
    )


def audit_templates(index: ConfigIndex, tasks: list[Config]) -> Iterator[Finding]:
    """Yield what is wrong with the templates of some tasks.

    Args:
        index: Where sibling tasks (same data set, same target) are looked up, to learn which fields there are.
        tasks: Those to look at.
    """
    kinds = _kinds(index)
    for task in tasks:
        yield from _literals(task)
        yield from _unshown(task, kinds.get(_kin(task), Counter()))


def _literals(task: Config) -> Iterator[Finding]:
    for key in TEMPLATES:
        for text in _texts(task.get(key)):
            template = read_template(text)
            if template.fault:
                yield _finding("template-syntax", task, f"{key} is no Jinja template: {template.fault}", text)
            if template.literals:
                words = ", ".join(repr(word) for word in dict.fromkeys(template.literals))
                message = f"{key} shows the quoted text {words}, the same for every document, where a field was meant"
                yield _finding("quoted-literal", task, message, text)
            if template.escapes:
                message = f"{key} shows a backslash and an n where a line end was meant"
                yield _finding("literal-escape", task, message, text, Severity.WARNING)


def _unshown(task: Config, kind: Counter[str]) -> Iterator[Finding]:
    """Compare a task with its kind: how many tasks show each field, and under ``""`` how many there are."""
    prompt = task.get("doc_to_text")
    if not isinstance(prompt, str) or not prompt.strip() or read_template(prompt).fault:
        return
    if any(isinstance(task.get(key), Function) for key in TEMPLATES):
        return
    shows = _fields(task, "doc_to_text")
    others = kind - Counter(["", *shows])
    total = others.pop("", 0)
    if not shows and not _fields(task, "doc_to_choice"):
        known = "; other tasks of this data set show " + ", ".join(sorted(others)) if others else ""
        yield _finding("document-not-shown", task, f"the prompt shows no field of the document{known}", prompt)
    elif shows:
        own = frozenset[str]().union(*(_fields(task, key) for key in (*TEMPLATES, "description", "gen_prefix")))
        enough = max(2, MOST * total)
        missing = sorted(field for field, count in others.items() if field not in own and count >= enough)
        if missing:
            message = f"the prompt does not show {', '.join(missing)}, which most tasks of this data set show"
            yield _finding("field-not-shown", task, message, prompt, Severity.NOTE)


def _kinds(index: ConfigIndex) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for task in index.tasks.values():
        found[_kin(task)].update(["", *_fields(task, "doc_to_text")])
    return found


def _kin(task: Config) -> tuple[str, str]:
    return str(task.get("dataset_path")), str(task.get("doc_to_target"))


def _fields(task: Config, key: str) -> frozenset[str]:
    return frozenset[str]().union(*(read_template(text).fields for text in _texts(task.get(key))))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            # One word in a list is a choice, not a field.
            if isinstance(each, str) and not each.isidentifier():
                yield each


def _finding(check: str, task: Config, message: str, text: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(check, severity, task.name, "", message, shown([text]))
