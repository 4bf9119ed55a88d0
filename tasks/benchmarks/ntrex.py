"""NTREX: 1,997 sentences of English news, translated by professionals, in the part that Masakhane put on the hub.

Federmann et al. 2022 (NTREX-128). The whole has 128 languages; ``masakhane/ntrex_african`` has 24 African ones and some
more that are spoken in Africa, each paired with English in one config. Of these, 21 are in our table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyarena.tasks.benchmarks.choosing.cards import by_language
from polyarena.tasks.benchmarks.reading import TEXT, UNPINNED, Part, read_rows
from polyarena.tasks.benchmarks.translating import METRICS, Pair, TranslationTask, translation_task
from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.item import Kind

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource

CONFIGS = by_language(
    "afr_Latn amh_Ethi arb_Arab fra_Latn hau_Latn ibo_Latn nso_Latn nya_Latn sna_Latn som_Latn tam_Taml tel_Telu "
    "tir_Ethi urd_Arab wol_Latn xho_Latn yor_Latn zul_Latn",
    {"plt_Latn": "mlg_Latn", "swh_Latn": "swa_Latn", "zsm_Latn": "msa_Latn"},
)
DATASET = Dataset(
    id="masakhane/ntrex_african",
    revision="main",
    licence="CC-BY-SA-4.0",
    url="https://huggingface.co/datasets/masakhane/ntrex_african",
)


def pairs(language: str, data: DataSource) -> Iterator[Pair]:
    """Yield the sentences of one language with their English counterparts, which stand in the same row.

    Args:
        language: A key of ``CONFIGS``.
        data: Where the data set is read from.

    Raises:
        DataError: The data is missing or lacks a field.
    """
    config = CONFIGS[language]
    fields = {"sentence_eng_Latn": TEXT, f"sentence_{config}": TEXT}
    for number, (_, row) in enumerate(read_rows(DATASET, Part(config), fields, data), start=1):
        yield Pair(str(number), row[f"sentence_{config}"].strip(), row["sentence_eng_Latn"].strip())


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
        shared="the 1,997 sentences",
        generation=GenerationDefaults(max_tokens=512),
        notes=f"The source is always English. Rows are parallel by their order. {UNPINNED}",
        left_out={"gaz_Latn": "the data set says that its Oromo is in Ethiopic letters, the language table has Latin"},
        citation="Federmann et al. 2022, NTREX-128, SUMEval workshop, aclanthology.org/2022.sumeval-1.4",
    )
    return translation_task(card, pairs, into_english=into_english)


from_english = _task(
    "ntrex_from_english", "NTREX: 1,997 sentences of news from English into 21 languages", into_english=False
)
to_english = _task(
    "ntrex_to_english", "NTREX: 1,997 sentences of news from 21 languages into English", into_english=True
)
