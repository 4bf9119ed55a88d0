"""Groups of languages by their properties: ``tier:low``, ``script:Deva``, ``set:aya23``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType

from polyarena.tasks.languages.language import Language
from polyarena.tasks.languages.table import all_languages

FACETS: Mapping[str, Callable[[Language], Iterable[str]]] = MappingProxyType(
    {
        "direction": lambda language: [language.direction],
        "family": lambda language: [language.family],
        "joshi": lambda language: [language.joshi],
        "region": lambda language: language.regions,
        "script": lambda language: [language.script],
        "set": lambda language: [*language.sets, "all"],
        "tier": lambda language: [language.tier],
    }
)


@cache
def facet_values(facet: str) -> Mapping[str, frozenset[Language]]:
    """Return the languages of each value of one facet.

    Args:
        facet: A key of ``FACETS``.
    """
    members: dict[str, set[Language]] = {}
    for language in all_languages():
        for value in FACETS[facet](language):
            if value:
                members.setdefault(value, set()).add(language)
    return MappingProxyType({value: frozenset(members[value]) for value in sorted(members)})


def facet_members(facet: str, value: str) -> frozenset[Language] | None:
    """Return the languages that have this value, or ``None`` when no language has it.

    Args:
        facet: A key of ``FACETS``.
        value: Compared without regard to case and to ``_``, ``-`` or space.
    """
    return next(
        (members for known, members in facet_values(facet).items() if _slug(known) == _slug(value)),
        None,
    )


def _slug(value: str) -> str:
    return re.sub(r"[-_\s]+", "-", value.strip().casefold())
