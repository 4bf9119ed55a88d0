"""Groups of languages that are averaged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from polyarena.tasks.languages import all_languages, select_languages
from polyarena.tasks.languages.facets import FACETS, facet_values
from polyarena.tasks.suggest import unknown

Groupings = Mapping[str, Mapping[str, Collection[str]]]
"""Level (``tier``) to group (``low``) to language codes; groups are shown in the order given."""

TIERS = ("high", "mid", "low")

RESERVED = frozenset({"macro", "language", "category"})
"""Levels that a grouping cannot have: they mean something else in a table of estimates."""


@dataclass(frozen=True, slots=True)
class Group:
    """Languages that are averaged into one number, each with the same weight.

    Attributes:
        level: ``macro``, ``language`` or a level of the groupings.
        name: ``all``, the language code, or the group's name.
        languages: Codes, sorted.
    """

    level: str
    name: str
    languages: tuple[str, ...]


def tier_groups() -> Groupings:
    """Return the resource tiers ``high``, ``mid`` and ``low`` of the language table.

    Example:
        >>> list(tier_groups()["tier"])
        ['high', 'mid', 'low']
    """
    known = all_languages()
    return {"tier": {tier: tuple(one.code for one in known if one.tier == tier) for tier in TIERS}}


def facet_groups(facets: Iterable[str] = ("tier",)) -> Groupings:
    """Return groups by what the language table says of languages.

    Args:
        facets: Of ``tier``, ``family``, ``script``, ``region``, ``joshi``, ``direction`` and ``set``. A language may be
            in several groups of a facet (regions, sets) and in none.

    Raises:
        UnknownNameError: There is no such facet.

    Example:
        >>> sorted(facet_groups(["direction"])["direction"])
        ['ltr', 'rtl']
    """
    groupings: dict[str, Mapping[str, Collection[str]]] = {}
    for facet in facets:
        if facet not in FACETS:
            raise unknown("grouping", facet, FACETS)
        if facet == "tier":
            groupings |= tier_groups()
        else:
            groupings[facet] = {
                value: tuple(sorted(one.code for one in members)) for value, members in facet_values(facet).items()
            }
    return groupings


def custom_groups(level: str, selectors: Mapping[str, str | Sequence[str]]) -> Groupings:
    """Return groups of one level, each by a selector of languages.

    Args:
        level: What the groups are called together, such as ``market``; not ``macro``, ``language`` or ``category``.
        selectors: By the group's name: a selector as ``polyarena languages`` takes it, or several that add up.

    Raises:
        UnknownNameError: A selector names no language.
        ValueError: The level's name is taken.

    Example:
        >>> custom_groups("market", {"dach": "German", "nordic": "Danish, Swedish"})["market"]["nordic"]
        ('dan_Latn', 'swe_Latn')
    """
    if level in RESERVED:
        raise ValueError(f"a grouping cannot be called {level!r}")
    return {
        level: {
            name: tuple(sorted(one.code for one in select_languages(selector))) for name, selector in selectors.items()
        }
    }


def groups_of(languages: Collection[str], averaged: Collection[str], groupings: Groupings) -> Iterator[Group]:
    """Yield the groups to be estimated: the macro average, the groups of each level, then every language.

    Args:
        languages: Codes that get a row of their own.
        averaged: Those among them that enter averages; there may be none, which leaves the macro average empty.
        groupings: Levels and groups; languages that are not averaged are left out, empty groups too.
    """
    yield Group("macro", "all", tuple(sorted(averaged)))
    for level, groups in groupings.items():
        for name, members in groups.items():
            found = tuple(sorted(set(averaged).intersection(members)))
            if found:
                yield Group(level, name, found)
    for language in sorted(languages):
        yield Group("language", language, (language,))
