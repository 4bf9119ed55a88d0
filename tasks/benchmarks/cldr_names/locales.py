"""Names as CLDR has them in a language's own locale file, read through babel."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import babel
from babel import localedata
from babel.core import get_cldr_version, get_global

from polyarena.tasks.benchmarks.cldr_names.concepts import Category, Concept, all_concepts
from polyarena.tasks.languages import Language

# Where CLDR keeps a language under another code than its own.
_FILED_UNDER = {
    "nob_Latn": "no",  # `nb` is an empty child of `no`
    "tgl_Latn": "fil",  # CLDR's alias of `tl`
    "twi_Latn": "ak",  # CLDR's alias of `tw`
}
_SCRIPTS_WITHIN = {"Kore": "Hang"}


def revision() -> str:
    """Return the versions on which the names depend, such as ``cldr-47+babel-2.18.0``."""
    return f"cldr-{get_cldr_version()}+babel-{babel.__version__}"


def locale_of(language: Language) -> str | None:
    """Return the identifier of CLDR's locale of a language in its script, ``None`` if there is none."""
    base = _FILED_UNDER.get(language.code) or language.iso639_1 or language.iso639_3
    likely = str(get_global("likely_subtags").get(base, ""))
    usual = next((_SCRIPTS_WITHIN.get(part, part) for part in likely.split("_") if len(part) == 4), language.script)
    name = base if usual == language.script else f"{base}_{language.script}"
    return name if localedata.exists(name) else None


@cache
def names_in(locale: str) -> Mapping[Concept, str]:
    """Return the name of each concept that the locale itself has; what it would inherit is absent.

    Args:
        locale: As :func:`locale_of` returns it.
    """
    # localedata.load() keeps what it loads, with or without what is inherited, and gives it to whoever asks next.
    with Path(localedata.resolve_locale_filename(locale)).open("rb") as file:
        own = pickle.load(file)
    tables = {
        Category.MONTH: _standing_alone(own.get("months", {})),
        Category.WEEKDAY: {number + 1: name for number, name in _standing_alone(own.get("days", {})).items()},
        Category.TERRITORY: own.get("territories", {}),
        Category.LANGUAGE: own.get("languages", {}),
    }
    named = {concept: tables[concept.category].get(_key(concept)) for concept in all_concepts()}
    return MappingProxyType({concept: name for concept, name in named.items() if isinstance(name, str) and name})


def _key(concept: Concept) -> str | int:
    return int(concept.key) if concept.category in (Category.MONTH, Category.WEEKDAY) else concept.key


def _standing_alone(contexts: Mapping[str, Any]) -> Mapping[int, str]:
    """Return the full names as they stand by themselves (Czech ``leden``), not within a date (``ledna``).

    Where a locale has no such form, CLDR's root takes the one for dates.
    """
    for context in ("stand-alone", "format"):
        names = contexts.get(context, {}).get("wide", {})
        if isinstance(names, Mapping) and names:
            return names
    return {}
