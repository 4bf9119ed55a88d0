"""Belebele: questions on short passages, with four answers, in the languages of our table that it has.

The data set is facebook/belebele (Bandarkar et al. 2024, arXiv 2308.16884): 900 questions on passages of FLORES-200,
translated by people, the same in all of its 122 language variants. A question is known by the link of its passage and
its number; passages of both parts of FLORES may share a link, so the second question with the same key gets ``:2``.

The prompt is lm-eval's: the answers stand after letters, and the letters are the choices.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import LETTERS, MultipleChoiceTask, source_from_fields
from polyarena.tasks.frames.row import Row
from polyarena.tasks.languages import select_languages

ANSWERS = ("mc_answer1", "mc_answer2", "mc_answer3", "mc_answer4")

CONFIGS = by_language(
    "asm_Beng kin_Latn "
    "afr_Latn als_Latn amh_Ethi arb_Arab azj_Latn ben_Beng bul_Cyrl cat_Latn ceb_Latn ces_Latn dan_Latn deu_Latn "
    "ell_Grek eng_Latn est_Latn eus_Latn fin_Latn fra_Latn gaz_Latn guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva "
    "hrv_Latn hun_Latn hye_Armn ibo_Latn ind_Latn isl_Latn ita_Latn jav_Latn jpn_Jpan kan_Knda kat_Geor kaz_Cyrl "
    "khk_Cyrl khm_Khmr kir_Cyrl kor_Hang lao_Laoo lit_Latn lvs_Latn mal_Mlym mar_Deva mkd_Cyrl mlt_Latn mri_Latn "
    "mya_Mymr nld_Latn nob_Latn npi_Deva nso_Latn nya_Latn ory_Orya pan_Guru pbt_Arab pes_Arab plt_Latn pol_Latn "
    "por_Latn ron_Latn rus_Cyrl sin_Sinh slk_Latn slv_Latn sna_Latn snd_Arab som_Latn sot_Latn spa_Latn srp_Cyrl "
    "sun_Latn swe_Latn swh_Latn tam_Taml tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi tur_Latn ukr_Cyrl urd_Arab "
    "uzn_Latn vie_Latn wol_Latn xho_Latn yor_Latn zho_Hans zho_Hant zsm_Latn zul_Latn"
)
"""Configs are called as our languages are."""


def passage(row: Row) -> tuple[str, tuple[str, ...]]:
    """Give the passage, the question and the answers after letters."""
    answers = "\n".join(f"{letter}: {row.text(answer)}" for letter, answer in zip(LETTERS, ANSWERS, strict=True))
    asked = f"P: {row.text('flores_passage')}\nQ: {row.text('question').strip()}\n{answers}\nAnswer:"
    return asked, LETTERS


task = MultipleChoiceTask(
    card=choice_card(
        "belebele",
        f"Belebele: reading comprehension in {len(CONFIGS)} languages",
        Dataset(
            id="facebook/belebele",
            revision="7899cdfa4e1e0d733fd77c848e2c273cb1d32be2",
            licence="CC-BY-SA-4.0",
            url="https://huggingface.co/datasets/facebook/belebele",
        ),
        translated(CONFIGS, Provenance.HUMAN),
        chance=1 / 4,
        shared="the 900 questions, by link and question_number",
        notes="Of its 122 variants, 29 are not in the table of languages: dialects of Arabic, romanised text, others.",
        left_out={
            language.code: "Belebele does not have it"
            for language in select_languages("aya101")
            if language.code not in CONFIGS
        },
        citation="Bandarkar et al. 2024, Belebele, arXiv 2308.16884",
    ),
    configs=CONFIGS,
    fields=("link", "question_number", "flores_passage", "question", *ANSWERS, "correct_answer_num"),
    prompts={"passage": passage},
    gold=lambda row: row.gold("correct_answer_num", "1234"),
    source=source_from_fields("link", "question_number"),
    repeats=True,
)
