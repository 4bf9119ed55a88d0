"""Language confusion across languages: English prompts that ask for an answer in another language.

The complex prompts of the cross-lingual part of the Language Confusion Benchmark (Marchisio et al. 2024, arXiv
2406.20052): 99 instructions with several constraints, each of which asks in English for an answer in one of 14
languages. They are the same in all languages. Their Okapi prompts are under a non-commercial licence, and their
ShareGPT prompts come from conversations of unknown rights: both are left out.

The metrics are those of :mod:`polyarena.tasks.metrics.language_confusion`.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.cards import by_language
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import ID, TEXT, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.language_confusion import LINE_PASS, LPR, WORD_PASS, confusion_scores

CONFIGS = by_language("ar de es fr hi id it ja ko pt ru tr vi zh")
CONFIG = "crosslingual-complex_prompts"
FIELDS = {"id": ID, "prompt": TEXT, "language": TEXT}
PLACES = {"Start", "Middle", "End"}


def _item(row: Row) -> Item:
    place = row.values.get("location")
    if place not in PLACES:
        raise DataError(
            f"the location {place!r} is unknown",
            where=row.place,
            why="it says where in the prompt the language is named",
            fix=f"use a copy whose locations are {', '.join(sorted(PLACES))}",
        )
    prompt_id = str(row["id"])
    return Item(
        prompt_id,
        prompt_id,
        row.language,
        row.text("prompt"),
        fields={"answer_language": row.language, "location": place},
    )


task = GenerativeTask(
    TaskCard(
        name="language_confusion_crosslingual",
        version="0.1",
        title="Language confusion: English prompts that ask for an answer in one of 14 languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="for-ai/language-confusion",
            revision="0cfdbb4a64502648938c456b2fa9689968f22298",
            licence="Apache-2.0",
            url="https://github.com/for-ai/language-confusion",
        ),
        languages=tuple(sorted(CONFIGS)),
        provenance=dict.fromkeys(sorted(CONFIGS), Provenance.NATIVE),
        metrics=(LINE_PASS, WORD_PASS, LPR),
        shared="the prompts, by id",
        generation=GenerationDefaults(max_tokens=100),
        notes=(
            "The prompts are in English and name the language of the answer, so that they are native in no other. An "
            "answer in which no line is long enough to tell has no value. The paper's word pass rate looks words up "
            "in an English dictionary; word_pass counts any word in small Latin letters."
        ),
        citation="Marchisio et al. 2024, Language Confusion in LLMs, arXiv 2406.20052",
    ),
    RowReader(
        {code: Subset(CONFIG, label=config) for code, config in CONFIGS.items()},
        FIELDS,
        _item,
        label=lambda values: str(values["language"]),
    ),
    confusion_scores,
    obtain=(
        f"unpack test_sets.zip, write the complex prompts as JSON Lines (id, prompt, location, language) into "
        f"for-ai/language-confusion/{CONFIG}/test.jsonl of a local mirror, and set POLYARENA_DATA or data_root"
    ),
)
