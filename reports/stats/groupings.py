"""Groups of languages that are averaged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from polyarena.tasks.languages import all_languages

Groupings = Mapping[str, Mapping[str, Collection[str]]]
"""Level (``tier``) to group (``low``) to language codes; groups are shown in the order given."""

TIERS = ("high", "mid", "low")


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
    """Return the resource tiers ``high``, ``mid`` and ``low`` of the language table."""
    known = all_languages()
    return {"tier": {tier: tuple(one.code for one in known if one.tier == tier) for tier in TIERS}}


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
