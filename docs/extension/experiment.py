"""The keys of the experiment file, as its schema has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from extension.markdown import code, described, found, table


def keys(dotted: str) -> str:
    """Return the keys of a part of the experiment file: name, type, default and meaning."""
    model: type[BaseModel] = found(dotted)
    meaning = {name: text.replace("`None`", "`null`") for name, text in key_meanings(model).items()}
    rows = [
        (code(name), _type(schema), "**required**" if name in required else _default(schema), meaning[name])
        for name, schema, required in _properties(model)
    ]
    return table(("key", "type", "if left out", "meaning"), rows)


def key_meanings(model: type[BaseModel]) -> Mapping[str, str]:
    """Return what each key of a part means; for ``sampling``, the record that it becomes says so."""
    meaning: dict[str, str] = {}
    for part in reversed(model.__mro__):
        meaning |= described(part) if issubclass(part, BaseModel) and part is not BaseModel else {}
    if model.__name__ == "SamplingSpec":
        meaning = described(found("polyarena.tasks.sampling.Sampling")) | meaning
    return meaning


def _properties(model: type[BaseModel]) -> Iterable[tuple[str, Mapping[str, Any], Sequence[str]]]:
    schema = model.model_json_schema()
    choices = {f"#/$defs/{name}": part for name, part in schema.get("$defs", {}).items() if "enum" in part}
    for name, part in schema["properties"].items():
        yield name, {**choices.get(part.get("$ref"), {}), **part}, schema.get("required", ())


def _type(schema: Mapping[str, Any]) -> str:
    """Return the type of a key in words, with the bounds that it has."""
    if "const" in schema:
        return code(_written(schema["const"]))
    if forms := schema.get("anyOf", schema.get("oneOf")):
        kinds = [_type(part) for part in forms if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds)).replace("true or false or", "true, false or")
    if "enum" in schema:
        return " or ".join(code(each) for each in schema["enum"])
    if "$ref" in schema:
        return "mapping"
    kind = schema.get("type", "anything")
    if kind == "array":
        one, _, bounds = _type(schema.get("items", {})).partition(" >")
        return f"list of {one}s" + (f" >{bounds}" if bounds else "")
    words = {"object": "mapping", "string": "text", "integer": "whole number", "boolean": "true or false"}
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {schema[name]:,}" for name, sign in bounds.items() if name in schema]
    return " ".join([words.get(kind, kind), *([", ".join(limits)] if limits else [])])


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None or default in ([], {}) or isinstance(default, dict):
        return ""
    return code(_written(default))


def _written(value: Any) -> str:
    """Return a value as a file has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
