"""Finds a language by any common code or name.

Case, ``_`` against ``-``, and Unicode composition are ignored. In this order:

1. A code, name, autonym or alias in the table. Where two languages claim a word, the one of the Aya 101 gets it: ``zh``
   and ``zho`` are ``zho_Hans``, and ``zh-Hant`` is the other. No other word of the table is claimed twice.
2. A tag in the manner of BCP 47, ``lang[-Script][-REGION]``: the language by its code as above, in the named script if
   there is one. A region is ignored (``pt-BR`` is ``por_Latn``) unless the table lists it (``zh-TW``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from polyarena.tasks.languages.language import Language
from polyarena.tasks.languages.table import all_languages
from polyarena.tasks.suggest import unknown

LISTING = "polyarena languages"
_TAG = re.compile(r"(?P<lang>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?")


def find_language(text: str, *, where: str = "") -> Language:
    """Return the language of this code or name.

    Args:
        text: ``sw``, ``swa``, ``swh``, ``swh_Latn``, ``swh-Latn``, ``Swahili``, ``Kiswahili``, ``sw-KE``, ...
        where: The place of the name in the user's file, for the message.

    Raises:
        UnknownNameError: The table has no such language; the message has a did-you-mean.
    """
    found = lookup(text)
    if found is None:
        raise unknown("language", text, suggestions(text), where=where, listing=LISTING)
    return found


@lru_cache(maxsize=1024)
def lookup(text: str) -> Language | None:
    """Return the language of this code or name, or ``None``."""
    key = _normal(text)
    if key in _index():
        return _index()[key]
    tag = _TAG.fullmatch(key)
    written = _scripts(tag["lang"]) if tag else {}
    if tag is None or not written:
        return None
    return written.get(tag["script"]) if tag["script"] else _index()[tag["lang"]]


def suggestions(text: str) -> tuple[str, ...]:
    """Return what may have been meant: the language in other scripts if the table has it, else every name there is."""
    tag = _TAG.fullmatch(_normal(text))
    written = _scripts(tag["lang"]) if tag else {}
    return tuple(language.code for language in written.values()) or _known_names()


@cache
def _known_names() -> tuple[str, ...]:
    return tuple(sorted({word for language in all_languages() for word in _words(language)}))


@cache
def _index() -> Mapping[str, Language]:
    entries: dict[str, Language] = {}
    # The languages outside of the Aya 101 come last and take only what is left.
    for language in sorted(all_languages(), key=lambda each: "aya101" not in each.sets):
        for word in _words(language):
            entries.setdefault(_normal(word), language)
    return MappingProxyType(entries)


def _scripts(spoken: str) -> dict[str, Language]:
    """Return a language in each script that the table has it in, by the script in lower case."""
    default = _index().get(spoken)
    if default is None:
        return {}
    return {each.script.casefold(): each for each in all_languages() if each.iso639_3 == default.iso639_3}


def _words(language: Language) -> list[str]:
    own = [language.code, language.iso639_1, language.iso639_3, language.name, language.autonym, *language.aliases]
    return [word for word in own if word]


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().replace("_", "-").split())
