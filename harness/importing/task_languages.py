"""The language of results that other tools store: one table of rules on fields and task names.

Rules are tried in the order of the table; the first that finds a language decides. Two different languages under one
rule (a translation task, ``flores_deu_Latn-eng_Latn``) decide nothing: the name does not say in which one the answers
are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyarena.tasks.languages.lookup import lookup


@dataclass(frozen=True, slots=True)
class LanguageRule:
    """One rule.

    Attributes:
        name: For people.
        pattern: Finds candidates in a task name, in the group ``language``. Where it has a group ``other``, both must
            be languages, or it finds nothing.
    """

    name: str
    pattern: re.Pattern[str]


FIELDS = ("language", "lang", "language_code", "lang_code", "locale", "dialect")
"""Fields of an item, or of a task's metadata, whose value is a language; in order of preference."""

NAME_RULES = (
    LanguageRule("a code with its script",
                 re.compile(r"(?<![A-Za-z])(?P<language>[a-z]{3}_[A-Z][a-z]{3})(?![A-Za-z])")),
    LanguageRule("mgsm with English reasoning", re.compile(r"^mgsm_en_cot_(?P<language>[a-z]{2,3})$")),
    LanguageRule("a pair of codes", re.compile(r"[_-](?P<language>[a-z]{2,3})[_-](?P<other>[a-z]{2,3})$")),
    LanguageRule("a code at the end", re.compile(r"_(?P<language>[a-z]{2,3})(?:[_-][A-Z]{2})?(?:_prompt_\d+)?$")),
    LanguageRule("a code after the family", re.compile(
        r"^(?:global_mmlu(?:_full|_lite)?|mmlu_prox(?:_lite)?|polymath(?:_local)?|m_?mmlu|afri\w+?)"
        r"_(?P<language>[a-z]{2,3})_"
    )),
    LanguageRule("a name of a language", re.compile(r"(?<![^\W_])(?P<language>[^\W\d_]{4,})(?![^\W_])")),
)  # fmt: skip
"""Rules on task names; two-letter words in the middle of a name are never taken for codes."""
_NO_LANGUAGES = frozenset({"mt", "mc", "cot", "gen", "pro", "rc", "qa"})
"""Words of task names that are also codes of languages."""


@dataclass(frozen=True, slots=True)
class FoundLanguage:
    """What the table says.

    Attributes:
        code: ``lang_Script``; ``None`` if the language could not be found.
        text: What named it, as it stands in the task name or field; empty if nothing did.
        in_name: Whether it is part of the task's name.
        why: Why there is none; empty if there is one.
    """

    code: str | None
    text: str = ""
    in_name: bool = False
    why: str = ""


def field_language(fields: Mapping[str, Any]) -> str | None:
    """Return the ``lang_Script`` that a field of an item or of metadata names, or ``None``."""
    for name in FIELDS:
        value = fields.get(name)
        found = lookup(value) if isinstance(value, str) and value.strip() else None
        if found is not None:
            return found.code
    return None


def task_language(task: str, dataset_config: str | None = None) -> FoundLanguage:
    """Return the language that the name of a task gives, else that of the configuration of its data set.

    Args:
        task: Name of the task in the other tool.
        dataset_config: Name of the configuration (``dataset_name``), such as ``deu_Latn``.

    Example:
        >>> task_language("belebele_deu_Latn").code, task_language("xcopa_sw").code
        ('deu_Latn', 'swh_Latn')
        >>> task_language("flores_deu_Latn-eng_Latn").why
        'it names several languages, deu_Latn and eng_Latn'
    """
    for rule in NAME_RULES:
        found: dict[str, str] = {}
        for match in rule.pattern.finditer(task):
            words = [word for word in match.groups() if word]
            languages = [None if word in _NO_LANGUAGES else lookup(word) for word in words]
            if all(languages):
                found.update({each.code: word for each, word in zip(languages, words, strict=True) if each is not None})
        if len(found) > 1:
            return FoundLanguage(None, why=f"it names several languages, {' and '.join(sorted(found))}")
        for code, text in found.items():
            return FoundLanguage(code, text, in_name=True)
    language = lookup(dataset_config) if dataset_config else None
    if language is not None:
        return FoundLanguage(language.code, dataset_config or "")
    return FoundLanguage(None, why="neither its name nor a field names a language")


def without_language(task: str, text: str) -> str:
    """Return the name of a task without the part that names the language; as it is if nothing else remains.

    Example:
        >>> without_language("global_mmlu_sw_medical", "sw")
        'global_mmlu_medical'
    """
    places = list(re.finditer(rf"(?<![^\W_]){re.escape(text)}(?![^\W_])", task))
    if not places:
        return task
    before, after = task[: places[-1].start()].strip("_- "), task[places[-1].end() :].strip("_- ")
    return "_".join(part for part in (before, after) if part) or task
