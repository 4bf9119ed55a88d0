"""The three open-ended sets of the Aya evaluation suite (CohereLabs/aya_evaluation_suite).

* ``aya_human_annotated``: 250 prompts in each of seven languages, written by its speakers; nothing is parallel.
* ``dolly_human_edited``: 200 prompts of Dolly-15k in six languages, translated by machine and edited by people.
* ``dolly_machine_translated``: the same 200 prompts, translated by NLLB-3.3B, in 119 languages and scripts, of which
  102 are in our table (the rest are further Arabic varieties, second scripts and the like); with the English originals.

Singh et al. 2024 (arXiv 2402.06619). The data card says that ``id`` tells the same prompt across the languages and both
of the Dolly sets, so it is their ``source_id``. What the data calls ``source_id``, the row of Dolly-15k, is not in
every revision and is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import translated
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import ID, TEXT, RowReader, Subset, Values
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import select_languages

FIELDS = {"id": ID, "inputs": TEXT, "targets": TEXT, "language": TEXT, "script": TEXT}
DATASET = Dataset(
    id="CohereLabs/aya_evaluation_suite",
    revision="8a622ea40687244b7849e6cf15c93a8b33fa9575",
    licence="Apache-2.0",
    url="https://huggingface.co/datasets/CohereLabs/aya_evaluation_suite",
)
CITATION = "Singh et al. 2024, Aya Dataset, arXiv 2402.06619; Üstün et al. 2024, Aya Model, arXiv 2402.07827"

HUMAN_ANNOTATED = ("arb_Arab", "eng_Latn", "por_Latn", "tel_Telu", "tur_Latn", "yor_Latn", "zho_Hans")
HUMAN_EDITED = ("arb_Arab", "fra_Latn", "hin_Deva", "rus_Cyrl", "spa_Latn", "srp_Cyrl")
UNTRANSLATED = ("fry_Latn", "lat_Latn", "nya_Latn", "ory_Orya", "pan_Guru", "tgl_Latn", "twi_Latn")
"""Languages of the Aya Model into which Dolly was not translated."""
EXTRA = ("ace_Latn", "bjn_Latn", "kas_Arab", "knc_Latn", "min_Latn", "mni_Beng", "taq_Latn", "zho_Hant")
"""Languages of our table outside of the Aya 101 into which it was."""
MACHINE_TRANSLATED = tuple(
    sorted({*(language.code for language in select_languages("aya101")), *EXTRA}.difference(UNTRANSLATED))
)


def label_of(row: Values) -> str:
    """Return the language of a row of any of the three sets, as ``lang_Script``."""
    return f"{row['language']}_{row['script']}"


def native_item(row: Row) -> Item:
    """Make the item of a prompt that has no counterpart in another language (see :attr:`RowReader.build`)."""
    item_id = str(row["id"])
    return Item(item_id, f"{row.language}:{item_id}", row.language, row["inputs"], references=(row["targets"],))


def translated_item(row: Row) -> Item:
    """Make the item of a prompt of Dolly, which all translations share (see :attr:`RowReader.build`)."""
    item_id = str(row["id"])
    return Item(item_id, item_id, row.language, row["inputs"], references=(row["targets"],))


def _task(
    name: str,
    title: str,
    provenance: dict[str, Provenance],
    build: Callable[[Row], Item],
    notes: str,
    *,
    shared: str = "",
    untranslated: Iterable[str] = (),
) -> OpenEndedTask:
    """Return the task that asks the config of the same name in the languages of ``provenance``."""
    card = TaskCard(
        name=name,
        version="1.0",
        title=f"Aya evaluation suite, {title}",
        kind=Kind.OPEN_ENDED,
        dataset=DATASET,
        languages=tuple(provenance),
        provenance=provenance,
        shared=shared,
        generation=GenerationDefaults(max_tokens=1024),
        notes=notes,
        left_out=dict.fromkeys(untranslated, "the data set has no translation into it"),
        citation=CITATION,
    )
    return OpenEndedTask(
        card, RowReader({code: Subset(name, label=code) for code in provenance}, FIELDS, build, label_of)
    )


human_annotated = _task(
    "aya_human_annotated",
    "human-annotated: 250 prompts in each of 7 languages",
    dict.fromkeys(HUMAN_ANNOTATED, Provenance.NATIVE),
    native_item,
    "Written by speakers of each language for this language; no prompt has a counterpart in another.",
)
dolly_human_edited = _task(
    "dolly_human_edited",
    "Dolly edited by people: 200 prompts in 6 languages",
    dict.fromkeys(HUMAN_EDITED, Provenance.POST_EDITED),
    translated_item,
    "Parallel by the data's own `id`, as its card says; translated by machine and edited by people.",
    shared="the 200 prompts, also those of dolly_machine_translated",
)
dolly_machine_translated = _task(
    "dolly_machine_translated",
    "Dolly translated by machine: 200 prompts in 102 languages",
    translated(MACHINE_TRANSLATED, Provenance.MACHINE),
    translated_item,
    "Parallel by the data's own `id`, as its card says. English is the original; the rest is NLLB-3.3B's, not "
    "edited. The codes of the data are those of FLORES-200, as ours are; 17 of its 119 are not in our table.",
    shared="the 200 prompts, also those of dolly_human_edited",
    untranslated=UNTRANSLATED,
)
