"""Global PIQA: common sense about everyday things, written by speakers of each language.

The data sets are mrlbenchmarks/global-piqa-parallel and -nonparallel (Chang et al. 2025, arXiv 2510.24081), by 320
researchers from 65 countries:

* ``global_piqa_nonparallel``: 100 questions with two answers, written in each language for its own culture; nothing is
  parallel.
* ``global_piqa_parallel``: questions with four answers, the same in all languages. They are paired by the number in
  ``example_id``; the order of the answers was shuffled in each language, so the label says nothing across languages.

Regional varieties of a language have configs of their own, of which one is asked. The authors forbid training on the
data.

The default template, ``continuation``, is lm-eval's: the prompt, and the answers as continuations. ``exam`` lists the
answers after letters.
"""

from __future__ import annotations

import re

from polyarena.tasks.card import Culture, Dataset, Provenance
from polyarena.tasks.frames.cards import LOCALISED, by_language, choice_card
from polyarena.tasks.frames.generated_choice import generated_choice
from polyarena.tasks.frames.multiple_choice import (
    MultipleChoiceTask,
    exam_prompt,
    source_per_language,
)
from polyarena.tasks.frames.row import Row

_BOTH = (
    "als_latn amh_ethi arb_arab azj_latn bel_cyrl ben_beng bul_cyrl cat_latn ces_latn cmn_hans cmn_hant dan_latn "
    "deu_latn ekk_latn ell_grek eng_latn eus_latn fin_latn glg_latn guj_gujr hau_latn heb_hebr hin_deva hrv_latn "
    "hun_latn hye_armn ibo_latn ind_latn isl_latn ita_latn jav_latn jpn_jpan kan_knda kat_geor kir_cyrl kor_hang "
    "lit_latn mal_mlym mar_deva mkd_cyrl mni_beng nld_latn nob_latn npi_deva ory_orya pan_guru pcm_latn pes_arab "
    "plt_latn pol_latn ron_latn rus_cyrl sin_sinh slk_latn slv_latn snd_arab srp_cyrl swe_latn swh_latn tam_taml "
    "tel_telu tgl_latn tha_thai tur_latn ukr_cyrl urd_arab uzn_latn vie_latn yor_latn yue_hant zsm_latn zul_latn"
)
_VARIETIES = {"fra_Latn": "fra_latn_fran", "por_Latn": "por_latn_braz", "spa_Latn": "spa_latn_spai"}
CONFIGS = by_language(f"{_BOTH} ceb_latn xho_latn", _VARIETIES)
"""Of the parallel part."""
NONPARALLEL_CONFIGS = by_language(f"{_BOTH} kaz_cyrl sun_latn", _VARIETIES)

_NUMBER = re.compile(r"ex(\d+)_")
_LICENCE = "CC-BY-SA-4.0"
_CITATION = "Chang et al. 2025, Global PIQA, arXiv 2510.24081"
_NOTES = (
    "Written or translated by researchers who speak the language, who forbid training on the data. Where a language "
    "has several regional varieties in the data set, one is asked: French of France, Portuguese of Brazil, Spanish of "
    "Spain, standard Slovak, Slovene and Serbian in Cyrillic letters. Varieties outside of the language table "
    "(dialects of Arabic, romanised Indic texts, small languages) are left out."
)


def _solutions(row: Row) -> tuple[str, ...]:
    names = [f"solution{number}" for number in range(4) if row.values.get(f"solution{number}") is not None]
    return tuple(row.text(name).strip() for name in names)


def continuation(row: Row) -> tuple[str, tuple[str, ...]]:
    """Give the prompt; the answers go on."""
    return row.text("prompt").strip(), _solutions(row)


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """List the answers after letters."""
    return exam_prompt(row.text("prompt"), _solutions(row))


def number(row: Row) -> str:
    """Return the number of a question, which all of its translations share.

    Raises:
        DataError: The field ``example_id`` has none.
    """
    found = _NUMBER.search(row.text("example_id"))
    if found is None:
        raise row.refused("the field 'example_id' has no number of the form ex000001_", row["example_id"])
    return found[1]


def gold(row: Row) -> int:
    """Return the index of the right answer.

    Raises:
        DataError: The label is no index of an answer.
    """
    return row.gold("label", "0123"[: len(_solutions(row))])


def details(row: Row) -> dict[str, str]:
    """Return the data set's own id, and what kind of knowledge a question needs, where the data says it."""
    kept = {name: row.values.get(name) for name in ("example_id", "categories")}
    return {name: str(value) for name, value in kept.items() if value}


_FIELDS = ("prompt", "solution0", "solution1", "label", "example_id")
_PROMPTS = {"continuation": continuation, "exam": exam}

parallel = MultipleChoiceTask(
    card=choice_card(
        "global_piqa_parallel",
        f"Global PIQA, parallel part: common sense in {len(CONFIGS)} languages, four answers",
        Dataset(
            id="mrlbenchmarks/global-piqa-parallel",
            revision="b0b18516a8bc2cb1106bce3dd4db32848ca715ea",
            licence=_LICENCE,
            url="https://huggingface.co/datasets/mrlbenchmarks/global-piqa-parallel",
        ),
        dict.fromkeys(CONFIGS, Provenance.HUMAN),
        chance=1 / 4,
        shared="the questions, by the number in example_id",
        shuffled=True,
        notes=f"Each question was written in one of the languages, not always the same, and translated. {_NOTES}",
        citation=_CITATION,
    ),
    configs=CONFIGS,
    fields=(*_FIELDS, "solution2", "solution3"),
    prompts=_PROMPTS,
    gold=gold,
    source=number,
    details=details,
)
"""The same questions in all languages."""

nonparallel = MultipleChoiceTask(
    card=choice_card(
        "global_piqa_nonparallel",
        f"Global PIQA, non-parallel part: common sense of {len(NONPARALLEL_CONFIGS)} cultures, two answers",
        Dataset(
            id="mrlbenchmarks/global-piqa-nonparallel",
            revision="6777742fa3634c0583cda3b7f8a482ea7b1b0937",
            licence=_LICENCE,
            url="https://huggingface.co/datasets/mrlbenchmarks/global-piqa-nonparallel",
        ),
        dict.fromkeys(NONPARALLEL_CONFIGS, Provenance.NATIVE),
        chance=1 / 2,
        notes=_NOTES,
        culture=Culture.SENSITIVE,
        validity=LOCALISED,
        citation=_CITATION,
    ),
    configs=NONPARALLEL_CONFIGS,
    fields=_FIELDS,
    prompts=_PROMPTS,
    gold=gold,
    source=source_per_language,
    details=details,
)
"""Questions about the culture of each language."""

parallel_generated = generated_choice(parallel, "exam", max_tokens=1024)
"""The parallel part with generated letters, as Tiny Aya and lm-eval's ``global_piqa_generation`` ask it."""
nonparallel_generated = generated_choice(nonparallel, "exam", max_tokens=1024)
"""The non-parallel part with generated letters."""
