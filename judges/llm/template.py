"""Judge templates: TOML files that say what a judge is told, with a version and a digest for signatures."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyarena.judges.records import Label
from polyarena.tasks.errors import DataError, PolyarenaError
from polyarena.tasks.suggest import unknown

_FOLDER = Path(__file__).with_name("templates")
REQUIRED = ("language", "question", "answer_a", "answer_b")
OPTIONAL = ("autonym", "fence")
_TEXTS = ("name", "version", "system", "user")
_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[a-z_]+)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """A judge template.

    Attributes:
        name: As the file declares it.
        version: Likewise; raised by its author whenever a verdict could change.
        labels: The verdicts that the judge may give.
        system: System text, with placeholders.
        user: User text, with placeholders.
        digest: First 12 hexadecimal digits of the SHA-256 of the file, which also catches edits without a new version.
    """

    name: str
    version: str
    labels: tuple[Label, ...]
    system: str
    user: str
    digest: str


def template_names() -> list[str]:
    """Return the names of the templates that ship with polyarena."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_template(name: str) -> Template:
    """Read a template.

    Args:
        name: One of :func:`template_names`, or the path of a file that ends in ``.toml``.

    Raises:
        UnknownNameError: No template has this name, or a placeholder does not exist.
        DataError: The file cannot be read, is no TOML, or lacks something.
    """
    if name.endswith(".toml"):
        path = Path(name)
    elif name in template_names():
        path = _FOLDER / f"{name}.toml"
    else:
        raise unknown("judge template", name, template_names(), where="args of the judge 'llm'")
    try:
        content = path.read_bytes()
        fields = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise DataError("the judge template cannot be read", where=path, why=error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError("the judge template is no TOML", where=path, why=str(error)) from error
    return _checked(fields, hashlib.sha256(content).hexdigest()[:12], str(path))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace placeholders in one pass: braces inside a value are text and are never expanded."""
    doubled = {"{{": "{", "}}": "}"}
    return _TOKEN.sub(lambda token: doubled.get(token[0]) or values[token["name"]], text)


def _checked(fields: Mapping[str, Any], digest: str, where: str) -> Template:
    for name in fields:
        if name not in (*_TEXTS, "labels"):
            raise unknown("key", name, (*_TEXTS, "labels"), where=where)
    for name in _TEXTS:
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise DataError(f"the judge template lacks {name!r}", where=where, fix=f'add {name} = "..."')
    used = _placeholders(fields["system"], where) | _placeholders(fields["user"], where)
    missing = [f"{{{name}}}" for name in REQUIRED if name not in used]
    if missing:
        raise DataError(
            f"the judge template lacks {' and '.join(missing)}",
            where=where,
            why="a judge must see the request and both answers, and know their language",
            fix="add each to `system` or `user`",
        )
    return Template(
        name=fields["name"],
        version=fields["version"],
        labels=_labels(fields.get("labels"), where),
        system=fields["system"].strip(),
        user=fields["user"].strip(),
        digest=digest,
    )


def _placeholders(text: str, where: str) -> set[str]:
    found: set[str] = set()
    for token in _TOKEN.finditer(text):
        name = token["name"]
        if name is not None and name not in (*REQUIRED, *OPTIONAL):
            raise unknown("placeholder", name, (*REQUIRED, *OPTIONAL), where=where)
        if token[0] in ("{", "}"):
            line = text.count("\n", 0, token.start()) + 1
            raise PolyarenaError(
                f"a lone {token[0]} in line {line} of a text of the judge template",
                where=where,
                fix=f"write {token[0] * 2} for the character itself",
            )
        found.add(name or "")
    return found - {""}


def _labels(value: object, where: str) -> tuple[Label, ...]:
    known = [label.value for label in Label if label is not Label.INVALID]
    if not isinstance(value, list) or not value:
        raise DataError("the judge template lacks 'labels'", where=where, fix=f"add labels = {known}")
    for label in value:
        if label not in known:
            raise unknown("label", str(label), known, where=where)
    labels = tuple(Label(label) for label in value)
    if len(set(labels)) < len(labels) or len(labels) < 2:
        raise DataError("the labels of a judge template must be two or more, each once", where=where)
    return labels
