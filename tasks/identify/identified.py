"""What identification says of a text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identified:
    """The language and script of a text.

    Attributes:
        language: ``lang_Script``; the identifier's own code for a language outside our table; ``None`` if there was
            too little prose to tell.
        probability: Of the language, between 0 and 1; 0 if there is none.
        script: ISO 15924 code of the script of most letters, as language codes name it; ``None`` without letters.
    """

    language: str | None
    probability: float
    script: str | None
