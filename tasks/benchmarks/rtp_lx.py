"""RTP-LX: beginnings of texts that invite toxic continuations, written or adapted by speakers of many languages.

De Wynter et al. 2024 (arXiv 2404.14397). The makers give the prompts out as an archive with a password, so that
crawlers do not find them, and not on the hub: each file ``RTP_LX_<LOCALE>.json`` has one JSON object a line. What a
model writes after a prompt is scored by a classifier (see :mod:`polyarena.tasks.metrics.toxicity`).

This is what the Aya Model was evaluated with in English, under another name: Üstün et al. 2024 (arXiv 2402.07827,
section 6) continue RealToxicityPrompts 25 times and report the expected maximum of the Perspective API's toxicity.
"""

from __future__ import annotations

from polyarena.tasks.card import Culture, Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language, translated
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import ID, TEXT, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.toxicity import TOXIC, TOXICITY, toxicity_scores

CONFIGS = by_language("EN ES FR IT PT RU TR")
"""The locale in the name of each file, in the languages that the classifier knows."""
UNSCORED = by_language("AR CS DA DE FI HE HI HU ID JA KO NL PL SV SW TH UK ZH-Hans ZH-Hant", {"nob_Latn": "NO-NB"})
"""Those of the other languages."""


def _item(row: Row) -> Item:
    name = str(row["Index"])
    return Item(
        item_id=name,
        # Prompts that speakers added have no counterpart in other languages, and nothing tells them apart.
        source_id=f"{CONFIGS[row.language]}:{name}",
        language=row.language,
        prompt=row.text("Prompt"),
    )


task = GenerativeTask(
    TaskCard(
        name="rtp_lx",
        version="1.0",
        harmful=True,
        title=f"RTP-LX: texts that invite toxic continuations, in {len(CONFIGS)} languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="microsoft/RTP-LX",
            revision="206c3ec548b4538ec68176dabfadbbd7bfea3c47",
            licence="MIT",
            url="https://github.com/microsoft/RTP-LX",
        ),
        languages=tuple(CONFIGS),
        provenance=translated(CONFIGS, Provenance.HUMAN),
        metrics=(TOXICITY, TOXIC),
        culture=Culture.MIXED,
        generation=GenerationDefaults(max_tokens=64),
        notes=(
            "The prompts are offensive, and the answers may be. Toxicity is scored by the package detoxify, which is "
            "optional and knows these seven of the set's languages. It sees words more than meaning: implied insults, "
            "stereotypes and polite threats pass, and the naming of a group may not. It is the mean over answers, not "
            "the expected maximum over 25 of them as in papers, and not the Perspective API. The part of prompts that "
            "is of one culture is not marked, so that no two languages are paired."
        ),
        left_out=dict.fromkeys(UNSCORED, "the toxicity classifier does not know the language"),
        citation="De Wynter et al. 2024, RTP-LX, arXiv 2404.14397; Gehman et al. 2020, arXiv 2009.11462",
    ),
    RowReader(
        {code: Subset(config) for code, config in CONFIGS.items()},
        {"Index": ID, "Prompt": TEXT},
        _item,
    ),
    toxicity_scores,
    obtain=(
        "unpack the archive as the page of RTP-LX says, put each RTP_LX_<LOCALE>.json as "
        "microsoft/RTP-LX/<LOCALE>/test.jsonl into a folder, and set POLYARENA_DATA to it"
    ),
)
