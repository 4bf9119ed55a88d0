"""FLORES+: sentences of Wikimedia translated by professionals, to and from English, for all of the Aya 99 but English.

NLLB Team 2022 (arXiv 2207.04672); kept by the Open Language Data Initiative. The devtest part has 1,012 sentences, the
same in each language, and pairs are made by the data's own ``id``. The hub spells four of our languages otherwise than
FLORES-200 did; a local mirror may use either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.rows import ID, TEXT, UNPINNED, Subset, read_rows, refuse_repeat
from polyarena.tasks.frames.translation import ENGLISH, METRICS, Pair, TranslationTask, translation_task
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import select_languages

if TYPE_CHECKING:
    from polyarena.tasks.data import DataSource

FIELDS = {"id": ID, "text": TEXT}
RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "est_Latn": "ekk_Latn",
        "tgl_Latn": "fil_Latn",
        "twi_Latn": "twi_Latn_akua1239",
        "zho_Hans": "cmn_Hans",
    }
)
"""The hub's name of a language where it is not ours, which is that of FLORES-200."""
LANGUAGES = tuple(language.code for language in select_languages("aya99,-eng_Latn"))


DATASET = Dataset(
    id="openlanguagedata/flores_plus",
    revision="main",
    split="devtest",
    licence="CC-BY-SA-4.0",
    url="https://huggingface.co/datasets/openlanguagedata/flores_plus",
)


def config_of(language: str, data: DataSource) -> str:
    """Return the name of a language's config: the hub's, unless a local mirror has the one of FLORES-200 instead.

    Args:
        language: Our code.
        data: Where the data set is read from.
    """
    if data.root is not None and (data.root / DATASET.id / language).is_dir():
        return language
    return RENAMED.get(language, language)


def pairs(language: str, data: DataSource) -> Iterator[Pair]:
    """Yield the sentences of one language in the order of its file, with their English counterparts.

    Args:
        language: One of ``LANGUAGES``.
        data: Where the data set is read from.

    Raises:
        DataError: The data is missing, lacks a field, has an id twice, or a sentence has no counterpart.
    """
    english = _sentences(ENGLISH, data)
    for sentence_id, text in _sentences(language, data).items():
        if sentence_id not in english:
            raise DataError(
                f"the sentence {sentence_id!r} has no English counterpart",
                where=f"{DATASET.id}, config {config_of(language, data)!r}",
                why=f"English has {len(english)} sentences with other ids",
                fix="copy or download both languages again, at the same revision",
            )
        yield Pair(sentence_id, text, english[sentence_id])


def _sentences(language: str, data: DataSource) -> dict[str, str]:
    """Return the sentences of a language by id, in the order of its file."""
    sentences: dict[str, str] = {}
    seen: dict[str, str] = {}
    for row in read_rows(DATASET, Subset(config_of(language, data)), language, FIELDS, data):
        refuse_repeat(str(row["id"]), seen, row.place)
        sentences[str(row["id"])] = row["text"].strip()
    return sentences


def _task(name: str, title: str, *, into_english: bool) -> TranslationTask:
    card = TaskCard(
        name=name,
        version="1.0",
        title=title,
        kind=Kind.GENERATIVE,
        dataset=DATASET,
        languages=LANGUAGES,
        provenance=dict.fromkeys(LANGUAGES, Provenance.HUMAN),
        metrics=METRICS,
        shared="the 1,012 sentences of devtest",
        generation=GenerationDefaults(max_tokens=512),
        notes=f"Twi is the Akuapem variety. On the hub the data set is gated. {UNPINNED}",
        left_out={"fry_Latn": "FLORES+ has no Western Frisian", "lat_Latn": "FLORES+ has no Latin"},
        citation="NLLB Team 2022, No Language Left Behind, arXiv 2207.04672",
    )
    return translation_task(card, pairs, into_english=into_english)


from_english = _task(
    "flores_from_english", "FLORES+: 1,012 sentences from English into 98 languages", into_english=False
)
to_english = _task("flores_to_english", "FLORES+: 1,012 sentences from 98 languages into English", into_english=True)
