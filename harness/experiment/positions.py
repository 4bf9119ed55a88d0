"""YAML with line numbers, duplicate keys refused, and ``no`` read as Norwegian."""

from __future__ import annotations

import re
from typing import Any

import yaml

from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.text import sanitize_text

Path = tuple[str | int, ...]

MOST_VALUES = 100_000
"""Keys and list elements of a file, each alias counted as often as it is used."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2's types only: under 1.1, the language ``no`` would be ``False`` and the version 2024-06-01 a date."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("bool", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")


def parse_yaml(text: str, where: str) -> tuple[Any, dict[Path, int]]:
    """Parse a YAML document.

    Args:
        text: The document.
        where: Its file, for messages.

    Returns:
        The data, and the 1-based line of every mapping value and list element by its path from the root.

    Raises:
        ExperimentError: The text is not YAML, a key appears twice in one mapping, or a value does not match its tag.
    """
    lines: dict[Path, int] = {}
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                _walk(node, (), lines, where)
            return (loader.construct_document(node) if node is not None else None), lines
        finally:
            loader.dispose()
    except RecursionError:
        raise ExperimentError(
            "this is nested without end", where=where, why="an alias contains itself", fix="write the values out"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ExperimentError(
            "this is not valid YAML",
            where=f"{where}{line}",
            why=problem,
            fix="look at the indentation, brackets and quotes of this line and of those above it",
        ) from error
    except ValueError as error:
        raise ExperimentError("a value cannot be read", where=where, why=str(error), fix="put it in quotes") from error


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int], where: str) -> None:
    if len(lines) > MOST_VALUES:
        raise ExperimentError(
            f"this file has more than {MOST_VALUES:,} values",
            where=f"{where}:{node.start_mark.line + 1}",
            why="aliases that contain aliases multiply",
            fix="write the values out, or split the experiment",
        )
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = str(key.value)
            if name in seen:
                raise ExperimentError(
                    f"the key {name!r} appears twice",
                    where=f"{where}:{line}",
                    why=f"first on line {seen[name]}",
                    fix="take one of them out",
                )
            seen[name] = line
            lines[(*path, name)] = line
            _walk(value, (*path, name), lines, where)
    elif isinstance(node, yaml.ScalarNode) and sanitize_text(node.value) != node.value:
        raise ExperimentError(
            "this text has a character that cannot be stored or sent",
            where=f"{where}:{node.start_mark.line + 1}",
            why="NUL, or half of a surrogate pair",
            fix="type the text again",
        )
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines, where)
