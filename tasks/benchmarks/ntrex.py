"""NTREX-128: 1,997 sentences of English news, translated by professionals.

Federmann et al. 2022. The copy davidstap/NTREX has a config for each language, English among them, with the sentences
in the same order in all: a sentence and its translation have the same row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.cards import by_language
from polyarena.tasks.frames.rows import TEXT, UNPINNED, Subset, read_rows
from polyarena.tasks.frames.translation import ENGLISH, METRICS, Pair, TranslationTask, translation_task
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import select_languages

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource

CONFIGS = by_language(
    "afr_Latn amh_Ethi arb_Arab bel_Cyrl ben_Beng bul_Cyrl cat_Latn ces_Latn cym_Latn dan_Latn deu_Latn ell_Grek "
    "est_Latn eus_Latn fin_Latn fra_Latn gle_Latn glg_Latn guj_Gujr hau_Latn heb_Hebr hin_Deva hrv_Latn hun_Latn "
    "hye_Armn "
    "ibo_Latn ind_Latn isl_Latn ita_Latn jpn_Jpan kan_Knda kat_Geor kaz_Cyrl khm_Khmr kir_Cyrl kmr_Latn kor_Hang "
    "lao_Laoo lit_Latn ltz_Latn mal_Mlym mar_Deva mkd_Cyrl mlt_Latn mri_Latn mya_Mymr nld_Latn nob_Latn nso_Latn "
    "nya_Latn pan_Guru pol_Latn por_Latn ron_Latn rus_Cyrl sin_Sinh slk_Latn slv_Latn smo_Latn sna_Latn snd_Arab "
    "som_Latn spa_Latn srp_Cyrl swe_Latn tam_Taml tel_Telu tgk_Cyrl tha_Thai tir_Ethi tur_Latn ukr_Cyrl urd_Arab "
    "vie_Latn wol_Latn xho_Latn yor_Latn yue_Hant zho_Hans zho_Hant zul_Latn",
    {
        "als_Latn": "sqi_Latn",
        "azj_Latn": "aze_Latn",
        # The names of these two configs claim scripts that their texts are not written in.
        "gaz_Latn": "orm_Ethi",
        "khk_Cyrl": "mon_Mong",
        "lvs_Latn": "lav_Latn",
        "npi_Deva": "nep_Deva",
        "pbt_Arab": "pus_Arab",
        "pes_Arab": "fas_Arab",
        "plt_Latn": "mlg_Latn",
        "swh_Latn": "swa_Latn",
        "tgl_Latn": "fil_Latn",
        "uzn_Latn": "uzb_Latn",
        "zsm_Latn": "msa_Latn",
    },
)
LEFT_OUT = {
    language.code: "the copy on the hub does not have it"
    for language in select_languages("aya99,-eng_Latn")
    if language.code not in CONFIGS
}
DATASET = Dataset(
    id="davidstap/NTREX",
    revision="refs/convert/parquet",
    licence="CC-BY-SA-4.0",
    url="https://huggingface.co/datasets/davidstap/NTREX",
)
FIELDS = {"text": TEXT}


def pairs(language: str, data: DataSource) -> Iterator[Pair]:
    """Yield the sentences of one language with their English counterparts, which stand in the same row.

    Args:
        language: A key of ``CONFIGS``.
        data: Where the data set is read from.

    Raises:
        DataError: The data is missing or lacks a field, or English has another number of sentences.
    """
    config = CONFIGS[language]
    english = list(read_rows(DATASET, Subset("eng_Latn"), ENGLISH, FIELDS, data))
    other = list(read_rows(DATASET, Subset(config), language, FIELDS, data))
    if len(english) != len(other):
        raise DataError(
            f"the language has {len(other):,} sentences, and English {len(english):,}",
            where=f"{DATASET.id}, config {config!r}",
            why="sentences and their translations are found by their rows",
            fix="copy or download both languages again, at the same revision",
        )
    for row, source in zip(other, english, strict=True):
        yield Pair(str(row.number), row["text"].strip(), source["text"].strip())


def _task(name: str, title: str, *, into_english: bool) -> TranslationTask:
    card = TaskCard(
        name=name,
        version="2.1",
        title=title,
        kind=Kind.GENERATIVE,
        dataset=DATASET,
        languages=tuple(CONFIGS),
        provenance=dict.fromkeys(CONFIGS, Provenance.HUMAN),
        metrics=METRICS,
        shared="the 1,997 sentences",
        generation=GenerationDefaults(max_tokens=512),
        notes=(
            "The source is always English. Rows are parallel by their order. The configs `orm_Ethi` and `mon_Mong` are "
            f"Oromo in Latin and Mongolian in Cyrillic letters. {UNPINNED}"
        ),
        left_out=LEFT_OUT,
        citation="Federmann et al. 2022, NTREX-128, SUMEval workshop, aclanthology.org/2022.sumeval-1.4",
    )
    return translation_task(card, pairs, into_english=into_english)


from_english = _task(
    "ntrex_from_english",
    f"NTREX: 1,997 sentences of news from English into {len(CONFIGS)} languages",
    into_english=False,
)
to_english = _task(
    "ntrex_to_english", f"NTREX: 1,997 sentences of news from {len(CONFIGS)} languages into English", into_english=True
)
