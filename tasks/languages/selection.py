"""Selectors: expressions that select languages, accepted wherever a list of languages is expected.

::

    selector = part { ("," | "+") part }        a YAML list is its members joined by ","
    part     = term { "&" term }                what all of its terms have in common
    term     = [ "-" ] ( set | facet | name )   "-" in front: all languages but these
    set      = "all" | "aya101" | "aya99" | "aya23" | "tiny_aya" | "extra"
    facet    = ( "tier" | "script" | "family" | "region" | "joshi" | "direction" | "set" ) ":" value
    name     = any code or name that find_language knows

Parts add up, in any order. A part with only excluding terms is subtracted from the sum, or from ``all`` if there is no
other part. Only a ``-`` at the start of a term excludes: ``zh-Hans`` and ``Atlantic-Congo`` are plain names. Upper and
lower case, and ``_`` and ``-`` within a name, are equivalent.

Examples: ``aya23,-eng_Latn``; ``aya99 & tier:low, -swa``; ``script:Deva + script:Beng``; ``region:africa & -tier:mid``;
``-English``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from polyarena.tasks.errors import ExperimentError, UnknownNameError
from polyarena.tasks.languages.facets import FACETS, facet_members, facet_values
from polyarena.tasks.languages.language import Language
from polyarena.tasks.languages.lookup import LISTING, lookup, suggestions
from polyarena.tasks.languages.table import all_languages
from polyarena.tasks.suggest import unknown

_OTHER_MINUS = ("!", "^", "~", "\u2212", "\u2013")
"""What means "without" in other programs, and what editors make of a minus."""


def select_languages(selector: str | Sequence[str], *, where: str = "") -> tuple[Language, ...]:
    """Return the languages that a selector means, sorted by code, each once.

    Args:
        selector: One selector, or a list of them, which add up; for the grammar see the module.
        where: The place of the selector in the user's file, for messages.

    Raises:
        UnknownNameError: A set, facet, value or language that does not exist; the message has a did-you-mean.
        ExperimentError: The selector is malformed or selects nothing.
    """
    written = selector if isinstance(selector, Sequence) and not isinstance(selector, str) else [selector]
    if not written:
        raise ExperimentError(
            "the list of languages is empty", where=where, fix="name at least one; `all` is every one"
        )
    texts = [_text(each, where) for each in written]
    everything = allowed = frozenset(all_languages())
    added: list[frozenset[Language]] = []
    for part in (part for text in texts for part in re.split("[,+]", text)):
        terms = [term.strip() for term in part.split("&")]
        common = everything.intersection(*(_members(term, where) for term in terms))
        if all(term.startswith("-") for term in terms):
            allowed &= common
        else:
            added.append(common)
    chosen = (frozenset().union(*added) if added else everything) & allowed
    if not chosen:
        raise ExperimentError(
            f"{', '.join(texts)!r} selects no language",
            where=where,
            why="no language has all of these properties",
            fix=f"ask for less at once (`{LISTING}` shows what each language belongs to)",
        )
    return tuple(sorted(chosen, key=lambda language: language.code))


def named_languages(selector: str | Sequence[str]) -> tuple[Language, ...]:
    """Return the languages that a selector calls by their own code or name, in its order.

    Whoever writes ``aya99`` means those of them that there are; whoever writes ``swh_Latn`` means Swahili.

    Args:
        selector: One that :func:`select_languages` takes.
    """
    texts = [selector] if isinstance(selector, str) else list(selector)
    parts = (part.strip() for text in texts for part in re.split("[,+]", text))
    plain = (part for part in parts if not set("&:") & set(part) and not part.startswith("-"))
    found = (lookup(part) for part in plain if facet_members("set", part) is None)
    return tuple(language for language in found if language is not None)


def _text(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    why = f"it was read as {type(value).__name__}, not as text"
    if value is False:
        why += "; YAML reads a bare `no` so"
    raise ExperimentError(
        f"{value!r} is not a language", where=where, why=why, fix="put it in quotes, or use the full code"
    )


def _members(term: str, where: str) -> frozenset[Language]:
    if term.startswith("-"):
        return frozenset(all_languages()) - _named(term[1:].strip(), where)
    return _named(term, where)


def _named(word: str, where: str) -> frozenset[Language]:
    facet, colon, value = (piece.strip() for piece in word.partition(":"))
    if not facet or (colon and not value):
        raise ExperimentError(
            f"{word!r} is incomplete" if word else "there is an empty term in the list of languages",
            where=where,
            fix="write codes, names, sets such as aya23, or facets such as tier:low between the commas",
        )
    if colon:
        return _having(facet.casefold(), value, where)
    found = facet_members("set", word)
    if found is not None:
        return found
    language = lookup(word)
    if language is None and word.startswith(_OTHER_MINUS) and lookup(word[1:].strip()) is not None:
        fix = f"leave a language out with a minus: -{word[1:].strip()}"
        raise UnknownNameError(f"unknown language or set {word!r}", where=where, fix=fix)
    if language is None:
        raise unknown("language or set", word, [*facet_values("set"), *suggestions(word)], where=where, listing=LISTING)
    return frozenset({language})


def _having(facet: str, value: str, where: str) -> frozenset[Language]:
    if facet not in FACETS:
        raise unknown("language facet", facet, FACETS, where=where, listing=LISTING)
    found = facet_members(facet, value)
    if found is None:
        raise unknown(f"{facet} of languages", value, facet_values(facet), where=where, listing=LISTING)
    return found
