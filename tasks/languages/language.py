"""One language, as the table describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Language:
    """A language in one script.

    Attributes:
        code: ``lang_Script``, such as ``swh_Latn``; the identity.
        iso639_1: The two-letter code in common use, or ``""``.
        iso639_3: The three-letter code; the first part of ``code``.
        script: ISO 15924; the second part of ``code``.
        name: In English.
        autonym: In the language itself, with the case of running text.
        direction: Of writing.
        family: Top-level family of Glottolog, or ``Constructed``.
        tier: Resource tier of the Aya Model, or ``""`` for languages outside of its 101.
        joshi: Class of Joshi et al. 2020, ``"0"`` to ``"5"``, or ``""`` where not known.
        regions: Tiny Aya's region, then its best regional model; empty outside of Tiny Aya.
        sets: Names of the sets it belongs to: ``aya101``, ``aya99``, ``aya23``, ``tiny_aya``, ``extra``.
        aliases: More codes and names by which :func:`polyarena.tasks.languages.find_language` knows it.
    """

    code: str
    iso639_1: str
    iso639_3: str
    script: str
    name: str
    autonym: str
    direction: Literal["ltr", "rtl"]
    family: str
    tier: Literal["high", "mid", "low", ""]
    joshi: str
    regions: tuple[str, ...]
    sets: frozenset[str]
    aliases: tuple[str, ...]

    def __str__(self) -> str:
        """Return the code."""
        return self.code
