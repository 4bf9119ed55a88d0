"""In which language a task is answered, as far as its file says so; lm-eval has no field for it.

What is looked at, in this order: a code such as ``swh_Latn`` in the target's field, ``dataset_name`` or the task's
name (of a pair of codes, the second, to which is translated); ``dataset_name`` as a whole or its parts; words of the
task's name that are a language's English name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from polyarena.tasks.audit.configs.index import Config
from polyarena.tasks.errors import UnknownNameError
from polyarena.tasks.languages import all_languages, find_language

_CODE = re.compile(r"(?<![A-Za-z])[a-z]{3}_[A-Z][a-z]{3}(?![A-Za-z])")


def answer_language(task: Config) -> str | None:
    """Return the code of the language in which a task is answered, ``None`` where its file does not tell."""
    part, target, name = (
        value if isinstance(value, str) else ""
        for value in (task.get("dataset_name"), task.get("doc_to_target"), task.name)
    )
    coded = [found for text in (target, part, name) for found in _CODE.findall(text)[-1:]]
    for candidate in (*coded, part, *reversed(re.split(r"[^A-Za-z]+", part))):
        found = _language(candidate)
        if found:
            return found
    for word in reversed(re.split(r"[^A-Za-z]+", name)):
        if word.casefold() in _names():
            return _language(word)
    return None


@lru_cache(maxsize=4096)
def _language(text: str) -> str | None:
    if len(text) < 2:
        return None
    try:
        return find_language(text).code
    except UnknownNameError:
        return None


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(language.name.casefold() for language in all_languages() if len(language.name) > 3)
