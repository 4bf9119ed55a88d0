"""Whether a text is in the language that was wanted, as far as can be told."""

from __future__ import annotations

from enum import StrEnum

from polyarena.tasks.identify.identified import Identified
from polyarena.tasks.identify.identifier import known_languages, too_close

MIN_PROBABILITY = 0.7
"""Probability from which an identified language counts.

Single sentences of the SIB-200 languages that can be identified are taken for another one in 0.2% of cases at this
threshold (mean over languages), passages of three sentences in none; at 0.5 in 1.0% and 0.05%.
"""


class Agreement(StrEnum):
    """The relation of a text to the language that was wanted."""

    SAME = "same"
    """It is in that language."""
    OTHER_LANGUAGE = "other language"
    """It is in another language, in the same script."""
    OTHER_SCRIPT = "other script"
    """Most of its letters are in another script, and it was not recognised as the language all the same."""
    UNKNOWN = "unknown"
    """It is in the right script and no more can be said, or there is too little of it."""


def agreement(found: Identified, wanted: str, min_probability: float = MIN_PROBABILITY) -> Agreement:
    """Compare what was identified with what was wanted.

    A text counts as being in another language only if the identifier knows the wanted one, is confident, and does not
    confuse the two; a wanted language that it does not know is compared by script alone.

    Args:
        found: Of the text.
        wanted: The code of a language, ``lang_Script``.
        min_probability: From which on the identified language counts.
    """
    if found.language is None or found.script is None:
        return Agreement.UNKNOWN
    confident = found.probability >= min_probability
    # First, because answers full of names and terms in Latin letters are still in their language.
    if confident and found.language == wanted:
        return Agreement.SAME
    if found.script != wanted.rpartition("_")[2]:
        return Agreement.OTHER_SCRIPT
    if not confident or wanted not in known_languages():
        return Agreement.UNKNOWN
    return Agreement.SAME if too_close(found.language, wanted) else Agreement.OTHER_LANGUAGE
