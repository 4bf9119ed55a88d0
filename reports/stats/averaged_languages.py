"""Which languages enter the averages of systems that are shown side by side.

Averages over different languages cannot be compared: a system asked in two easy languages would be ranked above one
that is just as good in these and was also asked in a hard one. So systems of one task and metric are averaged over the
languages that all of them have. Where that would leave fewer than half of all languages (one system supports 2 of 101;
votes are spread over many pairs), each keeps its own, and the averages over fewer than all languages are flagged.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from polyarena.reports.labels import language_label

Key = TypeVar("Key", bound=Hashable)

SMALLEST_SHARE = 0.5
"""Share of all languages that the common ones must be for averages to be over the common ones alone."""

MOST_NAMED = 5
"""Languages that a flag or note names; more are counted."""


@dataclass(frozen=True, slots=True)
class AveragedLanguages:
    """The languages that enter one system's averages.

    Attributes:
        languages: Codes.
        note: Which of its languages are left out, and why; empty if none is.
        flag: Why its averages cannot be compared with those of other systems; empty if they can.
    """

    languages: frozenset[str]
    note: str = ""
    flag: str = ""


def averaged_languages(languages: Mapping[Key, Collection[str]]) -> dict[Key, AveragedLanguages]:
    """Return the languages that are averaged of systems that stand side by side.

    Args:
        languages: By system: the codes in which it has a value.

    Example:
        >>> found = averaged_languages({"a": ["deu_Latn", "fra_Latn", "spa_Latn"], "b": ["deu_Latn", "fra_Latn"]})
        >>> sorted(found["a"].languages), found["a"].note
        (['deu_Latn', 'fra_Latn'], 'not averaged, as another system lacks them: Spanish')
    """
    every = frozenset().union(*languages.values())
    common = every.intersection(*languages.values()) if languages else every
    if common and len(common) >= SMALLEST_SHARE * len(every):
        return {
            key: AveragedLanguages(
                common, _left_out(frozenset(own) - common, "not averaged, as another system lacks them")
            )
            for key, own in languages.items()
        }
    return {
        key: AveragedLanguages(
            frozenset(own),
            flag=f"averaged over {len(set(own))} of {len(every)} languages, not the same for all systems"
            if set(own) != every
            else "",
        )
        for key, own in languages.items()
    }


def _left_out(codes: frozenset[str], why: str) -> str:
    if not codes:
        return ""
    return f"{why}: {language_names(codes)}"


def language_names(codes: Collection[str]) -> str:
    """Return the names of languages, sorted; of many the first are named and the others counted."""
    names = sorted(language_label(code).name for code in codes)
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
