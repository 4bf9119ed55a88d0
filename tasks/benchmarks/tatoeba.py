"""Tatoeba: short sentences that volunteers translated, between English and languages that few benchmarks have.

The data set is Helsinki-NLP/tatoeba_mt, the test sets of the Tatoeba Translation Challenge (Tiedemann 2020, arXiv
2010.06354). A config is a pair of languages in alphabetical order, so that English is the source or the target; a
sentence may have several translations, each a row of its own. Sentences differ between languages: nothing is parallel
across them. They are short and simple, and much of Tatoeba is in training data of translation.

Asked are languages of the table whose pair with English is known to exist, Western Frisian and Latin among them, which
FLORES lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language
from polyarena.tasks.frames.rows import TEXT, UNPINNED, Subset, read_rows
from polyarena.tasks.frames.translation import METRICS, Pair, TranslationTask, translation_task
from polyarena.tasks.item import Kind

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource

CONFIGS = by_language(
    "",
    {
        "afr_Latn": "afr-eng",
        "als_Latn": "eng-sqi",
        "bel_Cyrl": "bel-eng",
        "bul_Cyrl": "bul-eng",
        "cat_Latn": "cat-eng",
        "ces_Latn": "ces-eng",
        "cym_Latn": "cym-eng",
        "dan_Latn": "dan-eng",
        "deu_Latn": "deu-eng",
        "ell_Grek": "ell-eng",
        "epo_Latn": "eng-epo",
        "est_Latn": "eng-est",
        "eus_Latn": "eng-eus",
        "fin_Latn": "eng-fin",
        "fra_Latn": "eng-fra",
        "fry_Latn": "eng-fry",
        "gla_Latn": "eng-gla",
        "gle_Latn": "eng-gle",
        "glg_Latn": "eng-glg",
        "hrv_Latn": "eng-hrv",
        "hun_Latn": "eng-hun",
        "hye_Armn": "eng-hye",
        "isl_Latn": "eng-isl",
        "ita_Latn": "eng-ita",
        "lat_Latn": "eng-lat",
        "lit_Latn": "eng-lit",
        "ltz_Latn": "eng-ltz",
        "lvs_Latn": "eng-lav",
        "mkd_Cyrl": "eng-mkd",
        "mlt_Latn": "eng-mlt",
        "nld_Latn": "eng-nld",
        "nob_Latn": "eng-nob",
        "pol_Latn": "eng-pol",
        "por_Latn": "eng-por",
        "ron_Latn": "eng-ron",
        "rus_Cyrl": "eng-rus",
        "slv_Latn": "eng-slv",
        "spa_Latn": "eng-spa",
        "srp_Cyrl": "eng-srp_Cyrl",
        "swe_Latn": "eng-swe",
        "tur_Latn": "eng-tur",
        "ukr_Cyrl": "eng-ukr",
        "ydd_Hebr": "eng-yid",
    },
)
FIELDS = {"sourceString": TEXT, "targetString": TEXT}
DATASET = Dataset(
    id="Helsinki-NLP/tatoeba_mt",
    revision="refs/convert/parquet",
    licence="CC-BY-2.0",
    url="https://huggingface.co/datasets/Helsinki-NLP/tatoeba_mt",
)


def pairs(language: str, data: DataSource) -> Iterator[Pair]:
    """Yield the pairs of one language in the order of its file.

    Args:
        language: A key of ``CONFIGS``.
        data: Where the data set is read from.

    Raises:
        DataError: The data is missing or lacks a field.
    """
    config = CONFIGS[language]
    for row in read_rows(DATASET, Subset(config), language, FIELDS, data):
        texts = (row.text("sourceString").strip(), row.text("targetString").strip())
        english, other = texts if config.startswith("eng-") else texts[::-1]
        yield Pair(f"{language}:{row.number}", other, english)


def _task(name: str, title: str, *, into_english: bool) -> TranslationTask:
    card = TaskCard(
        name=name,
        version="1.0",
        title=title,
        kind=Kind.GENERATIVE,
        dataset=DATASET,
        languages=tuple(CONFIGS),
        provenance=dict.fromkeys(CONFIGS, Provenance.HUMAN),
        metrics=METRICS,
        generation=GenerationDefaults(max_tokens=256),
        notes=(
            "Sentences of volunteers: which side is the original is not said. Much of Tatoeba is in training data. The "
            f"number of sentences differs by orders of magnitude between languages: set a limit. {UNPINNED}"
        ),
        citation="Tiedemann 2020, The Tatoeba Translation Challenge, arXiv 2010.06354",
    )
    return translation_task(card, pairs, into_english=into_english)


from_english = _task(
    "tatoeba_from_english", f"Tatoeba: short sentences from English into {len(CONFIGS)} languages", into_english=False
)
to_english = _task(
    "tatoeba_to_english", f"Tatoeba: short sentences from {len(CONFIGS)} languages into English", into_english=True
)
