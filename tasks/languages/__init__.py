"""The languages that polyarena knows, and how to ask for them.

A language is written ``lang_Script`` (ISO 639-3 and ISO 15924: ``swh_Latn``), as FLORES-200 writes it. The table
``languages.csv`` holds the 101 languages of the Aya Model and 16 more that occur in an Aya evaluation suite or in
Tiny Aya outside of the 101. Macro-language codes of Aya (``swa``, ``ara``, ``zho``) are mapped to the variety that
FLORES-200 has (``swh_Latn``, ``arb_Arab``, ``zho_Hans``); Western Frisian and Latin are not in FLORES-200 and are
written by the same rule (``fry_Latn``, ``lat_Latn``).

Sources, by column:

* ``tier``, ``aya101`` and ``aya99``: Table 11 and section 4 of the Aya Model paper (arXiv 2402.07827). Extras have no
  tier.
* ``aya23``: the languages of Aya 23 and Aya Expanse (arXiv 2405.15032, 2412.04261).
* ``tiny_aya`` and ``regions``: the 70 languages of Tiny Aya (arXiv 2603.11510), their five regions (``europe``,
  ``west-asia``, ``asia-pacific``, ``south-asia``, ``africa``) and the regional model that is named as the best for each
  (``earth``: Africa and West Asia; ``fire``: South Asia; ``water``: Europe and Asia-Pacific). Languages outside of Tiny
  Aya have no region.
* ``joshi``: the class of the taxonomy of Joshi et al. 2020 (arXiv 2004.09095), 0 (left behind) to 5 (winners); where
  the taxonomy gives two, the lower. Extras are left without.
* ``family``: the top-level family of Glottolog 5.1 (CC BY 4.0).
* ``autonym``: Unicode CLDR through babel, with the case of running text; where CLDR lacks the language, or leaves out
  the word that tells it from a country (Bahasa Indonesia), set by hand.
* ``iso639_1``: the two-letter code in common use, even where it belongs to the macro-language.
* ``aliases``: ISO 639-2/B, macro-language and deprecated codes, the names that data sets use.

The grammar of selectors such as ``aya99 & tier:low, -swa`` is in :mod:`polyarena.tasks.languages.selection`.
"""

from polyarena.tasks.languages.language import Language
from polyarena.tasks.languages.lookup import find_language
from polyarena.tasks.languages.selection import named_languages, select_languages
from polyarena.tasks.languages.table import all_languages

__all__ = ["Language", "all_languages", "find_language", "named_languages", "select_languages"]
