"""What pages say that only the code knows, as Markdown: written when the pages are built, never copied by hand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any

from pydantic import BaseModel

SECTION = re.compile(r"^(Attributes|Args|Returns|Raises|Yields):$", re.MULTILINE)
ENTRY = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
ROLE = re.compile(r":(?:class|func|data|meth|mod):`~?([^`]+)`")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars in cells are escaped and line ends become spaces."""
    lines = [list(columns), ["---"] * len(columns), *rows]
    return "".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def code(text: object) -> str:
    """Return a word as code; nothing stays nothing."""
    return f"`{text}`" if str(text) else ""


def prose(text: str) -> str:
    """Return a sentence of a docstring as Markdown: roles and double backquotes become single ones."""
    return ROLE.sub(r"`\1`", text).replace("``", "`")


def described(documented: Any) -> dict[str, str]:
    """Return the entries of the section ``Attributes`` of a docstring, by name."""
    text = inspect.getdoc(documented) or ""
    parts = SECTION.split(text)
    body = dict(zip(parts[1::2], parts[2::2], strict=True)).get("Attributes", "")
    return {name: prose(" ".join(entry.split())) for name, entry in ENTRY.findall(body)}


def found(dotted: str) -> Any:
    """Return the object of a dotted name such as ``polyarena.tasks.records.Completion``."""
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


def record(dotted: str, schema: str) -> str:
    """Return the columns of a record: name, Arrow type, whether it may be null, and meaning.

    Args:
        dotted: Of the dataclass.
        schema: Name of its Arrow schema, in the same module.
    """
    kind = found(dotted)
    meaning = _keys_of_records() | described(kind)
    arrow = found(f"{dotted.rpartition('.')[0]}.{schema}")
    if [field.name for field in fields(kind)] != list(arrow.names):
        raise ValueError(f"{dotted} and {schema} differ")
    rows = [(code(f.name), code(f.type), "yes" if f.nullable else "", meaning[f.name]) for f in arrow]
    return table(("column", "type", "may be null", "meaning"), rows)


def _keys_of_records() -> dict[str, str]:
    """Describe the columns by which records are joined: a record whose docstring refers to another leaves them out."""
    completion, game = found("polyarena.tasks.records.Completion"), found("polyarena.judges.records.Game")
    win_rate = {"candidate": "The system that the score is about.", "baseline": "The system it is compared with."}
    return {**described(game), **described(completion), **win_rate}


def keys(dotted: str) -> str:
    """Return the keys of a part of the experiment file: name, type, default and meaning."""
    model: type[BaseModel] = found(dotted)
    meaning = key_meanings(model)
    rows = [
        (code(name), _type(schema), "**required**" if name in required else _default(schema), meaning[name])
        for name, schema, required in _properties(model)
    ]
    return table(("key", "type", "if left out", "meaning"), rows)


def key_meanings(model: type[BaseModel]) -> Mapping[str, str]:
    """Return what each key of a part means: from its own docstring, for ``sampling`` also from the record it becomes."""
    meaning = described(model)
    if model.__name__ == "SamplingSpec":
        meaning = described(found("polyarena.tasks.sampling.Sampling")) | meaning
    return meaning


def _properties(model: type[BaseModel]) -> Iterable[tuple[str, Mapping[str, Any], Sequence[str]]]:
    schema = model.model_json_schema()
    for name, part in schema["properties"].items():
        yield name, part, schema.get("required", ())


def _type(schema: Mapping[str, Any]) -> str:
    """Return the type of a key in words, with the bounds that it has."""
    if "anyOf" in schema:
        words = [_type(part) for part in schema["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "$ref" in schema:
        return "mapping"
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}s"
    words = {"object": "mapping", "string": "text", "integer": "whole number", "boolean": "true or false"}
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[name]:g}" for name, sign in bounds.items() if name in schema]
    return " ".join([words.get(kind, kind), *([", ".join(limits)] if limits else [])])


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None or default in ([], {}) or isinstance(default, dict):
        return ""
    return code(str(default).lower() if isinstance(default, bool) else default)


def languages(selector: str) -> str:
    """Return the languages that a selector means."""
    from polyarena.tasks.languages import select_languages

    rows = [
        (code(one.code), one.name, one.autonym, one.family, one.tier, " ".join(one.regions), " ".join(sorted(one.sets)))
        for one in select_languages(selector)
    ]
    return table(("code", "name", "autonym", "family", "tier", "regions", "sets"), rows)


def tasks() -> str:
    """Return the tasks that polyarena ships with."""
    from polyarena.tasks.registry import find_task, task_plugins

    own = [name for name, point in task_plugins().points.items() if point.value.startswith("polyarena.")]
    cards = [find_task(name).card for name in sorted(own)]
    rows = [
        (
            code(card.name),
            card.kind.value.replace("_", " "),
            str(len(card.languages)),
            ", ".join(map(code, card.metrics)) or "judged",
            f"{card.dataset.id}@{card.dataset.revision}",
            card.dataset.licence,
        )
        for card in cards
    ]
    return table(("task", "kind", "languages", "metrics", "data", "licence"), rows)


def notes(task: str) -> str:
    """Return the notes of a task's card."""
    from polyarena.tasks.registry import find_task

    return find_task(task).card.notes


def covered(task: str) -> str:
    """Return the languages of a task, with their provenance."""
    from polyarena.tasks.languages import find_language
    from polyarena.tasks.registry import find_task

    card = find_task(task).card
    rows = [(code(each), find_language(each).name, card.provenance[each].value) for each in card.languages]
    return table(("code", "language", "provenance"), rows)


def cldr_coverage() -> str:
    """Return how many names ``cldr_names`` can ask in each language."""
    from polyarena.tasks.benchmarks.cldr_names.coverage import aya_coverage
    from polyarena.tasks.languages import find_language

    rows = [
        (code(each), find_language(each).name, str(len(coverage.names)))
        for each, coverage in aya_coverage().items()
        if not coverage.reason
    ]
    return table(("code", "language", "questions"), rows)


def left_out(task: str) -> str:
    """Return the languages that a task leaves out, with the reason."""
    from polyarena.tasks.languages import find_language
    from polyarena.tasks.registry import find_task

    card = find_task(task).card
    rows = [(code(each), find_language(each).name, why) for each, why in sorted(card.left_out.items())]
    return table(("code", "language", "why"), rows)


def card(task: str) -> str:
    """Return the data card that ships beside a task, its headings one level down."""
    from importlib.resources import files

    text = files(f"polyarena.tasks.benchmarks.{task}").joinpath("card.md").read_text("utf-8")
    return re.sub(r"^#", "###", text, flags=re.MULTILINE)


def faults() -> str:
    """Return what the ``rules`` judge weighs."""
    from polyarena.judges.rules.settings import POINTS

    return table(("fault", "points"), [(fault.value, str(points)) for fault, points in POINTS.items()])


def template() -> str:
    """Return the texts of the ``llm`` judge's template."""
    from polyarena.judges.llm import load_template

    shown = load_template("pairwise")
    return f"System text:\n\n````text\n{shown.system}\n````\n\nUser text:\n\n````text\n{shown.user}\n````\n"


def explanation(module: str) -> str:
    """Return the docstring of a module."""
    return "```{eval-rst}\n" + (inspect.getdoc(import_module(module)) or "").partition("\n\n")[2] + "\n```\n"


def commands() -> str:
    """Return the commands with what they do."""
    from polyarena.harness.cli.app import COMMANDS

    return table(("command", "does"), [(code(f"polyarena {name}"), what) for name, what in COMMANDS.items()])


def model_types() -> str:
    """Return the model types of lm-eval: the argument they need and whether they can score choices."""
    from polyarena.harness.models.backends import BACKENDS

    rows = [
        (
            code(name),
            ", ".join(" or ".join(map(code, names.split("|"))) for names in backend.required),
            "yes" if backend.loglikelihood else "",
            "the server's" if backend.messages else "yours to choose",
        )
        for name, backend in sorted(BACKENDS.items())
    ]
    return table(("model type", "needs", "multiple choice", "chat template"), rows)


def speed_arguments() -> str:
    """Return the arguments that are no part of a cell's key."""
    from polyarena.harness.models.backends import SPEED_ARGUMENTS

    return ", ".join(map(code, sorted(SPEED_ARGUMENTS))) + "."


def events() -> str:
    """Return the events of ``events.jsonl`` with their fields."""
    from typing import get_args

    from polyarena.harness.events import Event

    rows = [
        (code(kind.__name__), ", ".join(code(field.name) for field in fields(kind)), prose(inspect.getdoc(kind) or ""))
        for kind in get_args(Event)
    ]
    return table(("event", "fields", "when"), rows)


CONTENTS: Mapping[str, Callable[..., str]] = {
    "card": card,
    "cldr-coverage": cldr_coverage,
    "commands": commands,
    "covered": covered,
    "events": events,
    "explanation": explanation,
    "faults": faults,
    "keys": keys,
    "languages": languages,
    "left-out": left_out,
    "model-types": model_types,
    "notes": notes,
    "record": record,
    "speed-arguments": speed_arguments,
    "tasks": tasks,
    "template": template,
}
"""What the directive ``generated`` can insert, by name."""
