"""Reads a judge template from a TOML file, and refuses one that could not work."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from polyarena.judges.llm.template import TOKEN, JudgeTemplate, TemplateKind
from polyarena.judges.llm.template_labels import refuse_other_labels, refuse_unreadable, written
from polyarena.judges.records import Label
from polyarena.tasks.errors import DataError, PolyarenaError
from polyarena.tasks.suggest import unknown

FOLDER = Path(__file__).with_name("templates")
SHOWN: Mapping[TemplateKind, tuple[str, ...]] = MappingProxyType(
    {TemplateKind.PAIRWISE: ("question", "answer_a", "answer_b"), TemplateKind.ANSWER: ("question", "answer")}
)
"""What a template of each kind must show."""
LANGUAGE = ("language", "autonym", "answer_language", "answer_autonym")
"""The names of the request's and of the answers' language; a template for all languages must use one of them."""
OPTIONAL = ("fence", "request_fence", "reference", "reply")
BAD, GOOD = "bad", "good"
MIRRORED: Mapping[str, str] = MappingProxyType(
    {"A>>B": "B>>A", "A>B": "B>A", "A=B": "A=B", "B>A": "A>B", "B>>A": "A>>B"}
)
"""Each verdict with the two answers swapped."""

_REQUIRED_TEXTS = ("name", "version", "system", "user")
_OPTIONAL_TEXTS = ("kind", "parser", "marker", "plain", "json", "again", "reference_heading")
_TOLD = ("system", "user", "plain", "json", "again")
_IN_SIGNATURES = re.compile(r"[\w./+ -]+")
_PARSERS = ("brackets", "marker")
_AGAIN = (
    "Your reply held no verdict that could be read, or more than one. Reply again, with your verdict alone: {words}"
)
_REFERENCE = "An answer that is held to be right, to compare with (it need not be the only right one):"


def template_names() -> list[str]:
    """Return the names of the templates that ship with polyarena."""
    return sorted(path.stem for path in FOLDER.glob("*.toml") if "." not in path.stem)


def template_path(name: str) -> Path:
    """Return the file of a template that is given by its name or by its path.

    Raises:
        UnknownNameError: No template has this name.
    """
    if name.endswith(".toml"):
        return Path(name)
    if name not in template_names():
        raise unknown("judge template", name, template_names(), where="args of the judge 'llm'")
    return FOLDER / f"{name}.toml"


def load_template(name: str, *, one_language: bool = False) -> JudgeTemplate:
    """Read a template.

    Args:
        name: One of :func:`template_names`, or the path of a file that ends in ``.toml``.
        one_language: Whether it is for one language only, which it then need not name.

    Raises:
        UnknownNameError: No template has this name, or a key, label or placeholder does not exist.
        DataError: The file cannot be read, is no TOML, or lacks something; its labels cannot be told apart; or its
            texts ask for other labels.
    """
    path = template_path(name)
    try:
        content = path.read_bytes()
        fields = tomllib.loads(content.decode("utf-8-sig"))  # Some editors begin a file with the mark of UTF-8.
    except OSError as error:
        raise DataError("the judge template cannot be read", where=path, why=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise DataError(
            "the judge template is no TOML: not UTF-8", where=path, why=str(error), fix="save the file as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(
            "the judge template is no TOML",
            where=path,
            why=str(error),
            fix='correct the named line: key = "a text", or between """ and """ one of several lines',
        ) from error
    return _checked(fields, hashlib.sha256(content).hexdigest()[:12], str(path), one_language)


def _checked(fields: Mapping[str, Any], digest: str, where: str, one_language: bool) -> JudgeTemplate:
    _refuse_bad_keys(fields, where)
    kind = _one_of(fields, "kind", [kind.value for kind in TemplateKind], where)
    words = _words(fields.get("labels"), TemplateKind(kind), where)
    parser = _one_of(fields, "parser", _PARSERS, where)
    marker = fields.get("marker")
    if (parser == "marker") != (marker is not None):
        raise DataError(
            "`parser` and `marker` of the judge template do not fit",
            where=where,
            fix='write parser = "marker" with marker = "Verdict:", or leave both out for brackets',
        )
    refuse_unreadable(words, marker, where)
    _refuse_bad_placeholders(fields, TemplateKind(kind), where, one_language)
    refuse_other_labels({name: fields[name] for name in _TOLD if name in fields}, words, marker, where)
    return JudgeTemplate(
        name=fields["name"],
        version=fields["version"],
        labels=tuple(Label(label) for label in words) if kind == TemplateKind.PAIRWISE else (),
        system=fields["system"].strip(),
        user=fields["user"].strip(),
        digest=digest,
        kind=TemplateKind(kind),
        words=MappingProxyType(words),
        marker=marker,
        plain=fields.get("plain", "").strip(),
        json=fields.get("json", "").strip(),
        again=fields.get("again", "").strip() or _AGAIN.replace("{words}", _listed(words, marker)),
        reference_heading=fields.get("reference_heading", "").strip() or _REFERENCE,
    )


def _refuse_bad_keys(fields: Mapping[str, Any], where: str) -> None:
    known = (*_REQUIRED_TEXTS, *_OPTIONAL_TEXTS, "labels")
    for name, value in fields.items():
        if name not in known:
            raise unknown("key", name, known, where=where)
        if name != "labels" and not isinstance(value, str):
            raise DataError(f"{name!r} of the judge template is no text", where=where, fix=f'write {name} = "{value}"')
        if name != "labels" and not value.strip():
            raise DataError(f"the judge template lacks {name!r}", where=where, fix=f'add {name} = "..."')
    for name in _REQUIRED_TEXTS:
        if name not in fields:
            raise DataError(f"the judge template lacks {name!r}", where=where, fix=f'add {name} = "..."')
    for name in ("name", "version"):
        if not _IN_SIGNATURES.fullmatch(fields[name]):
            raise DataError(
                f"{name!r} of the judge template cannot stand in a signature",
                where=where,
                why=f"it is {fields[name]!r}; signatures part their settings by '|', ':' and '@'",
                fix="use letters, digits, spaces and . _ - / +",
            )


def _one_of(fields: Mapping[str, Any], name: str, known: tuple[str, ...] | list[str], where: str) -> str:
    value: str = fields.get(name, known[0])
    if value not in known:
        raise unknown(name, value, known, where=where)
    return value


def _words(value: object, kind: TemplateKind, where: str) -> dict[str, str]:
    """Return how each verdict is written; a list of labels writes them as they are."""
    comparisons = [label.value for label in Label if label is not Label.INVALID]
    known = comparisons if kind is TemplateKind.PAIRWISE else [BAD, GOOD]
    pairs = (
        value.items()
        if isinstance(value, dict)
        else [(label, label) for label in value or ()]
        if isinstance(value, list)
        else []
    )
    if not pairs:
        example = comparisons if kind is TemplateKind.PAIRWISE else '{ bad = "harmful", good = "harmless" }'
        raise DataError("the judge template lacks 'labels'", where=where, fix=f"add labels = {example}")
    words: dict[str, str] = {}
    for label, word in pairs:
        if label not in known:
            raise unknown("label", str(label), known, where=where)
        if label in words:
            raise DataError("the labels of a judge template must be two or more, each once", where=where)
        words[label] = str(word)
    if len(words) < 2:
        raise DataError("the labels of a judge template must be two or more, each once", where=where)
    lone = [label for label in words if kind is TemplateKind.PAIRWISE and MIRRORED[label] not in words]
    if lone:
        raise DataError(
            f"the judge template has the label {lone[0]!r} and not {MIRRORED[lone[0]]!r}",
            where=where,
            why="a judge that can prefer one side only is biased by its labels",
            fix=f"add {MIRRORED[lone[0]]!r} to the labels",
        )
    return words


def _refuse_bad_placeholders(fields: Mapping[str, Any], kind: TemplateKind, where: str, one_language: bool) -> None:
    known = (*SHOWN[kind], *LANGUAGE, *OPTIONAL)
    used = _placeholders(fields["system"], known, where) | _placeholders(fields["user"], known, where)
    for name in ("plain", "json"):
        used |= _placeholders(fields.get(name, ""), LANGUAGE, where)
    _placeholders(fields.get("again", ""), LANGUAGE, where)
    _placeholders(fields.get("reference_heading", ""), LANGUAGE, where)
    missing = [f"{{{name}}}" for name in SHOWN[kind] if name not in used]
    if not one_language and not used.intersection(LANGUAGE):
        missing.append("{language}")
    if missing:
        raise DataError(
            f"the judge template lacks {' and '.join(missing)}",
            where=where,
            why="a judge must see the request and what it judges, and know the language",
            fix="add each to `system` or `user`",
        )
    if ("reply" in used) != ("plain" in fields) or ("json" in fields and "plain" not in fields):
        raise DataError(
            "`plain` and `json` of the judge template say how to reply in place of {reply}, and do not fit it",
            where=where,
            fix="put {reply} into `system` or `user` and add plain = ..., or leave all three out",
        )


def _placeholders(text: str, known: tuple[str, ...], where: str) -> set[str]:
    found: set[str] = set()
    for token in TOKEN.finditer(text):
        name = token["name"]
        if name is not None and name not in known:
            raise unknown("placeholder", name, known, where=where)
        if token[0] in ("{", "}"):
            line = text.count("\n", 0, token.start()) + 1
            raise PolyarenaError(
                f"a lone {token[0]} in line {line} of a text of the judge template",
                where=where,
                fix=f"write {token[0] * 2} for the character itself",
            )
        found.add(name or "")
    return found - {""}


def _listed(words: Mapping[str, str], marker: str | None) -> str:
    return " or ".join(written(word, marker) for word in words.values())
