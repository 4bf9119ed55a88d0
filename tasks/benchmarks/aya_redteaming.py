"""Aya red-teaming: harmful prompts written by people in eight languages (CohereLabs/aya_redteaming).

Aakanksha et al. 2024 (arXiv 2406.18682). Each prompt has one or more of nine categories of harm, and is ``global`` or
``local``: understood everywhere, or only with knowledge of the culture. One config has a split for each language.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import TEXT, RowReader, Subset
from polyarena.tasks.item import Item, Kind

FIELDS = dict.fromkeys(("prompt", "harm_category", "global_or_local"), TEXT)
SPLITS: Mapping[str, str] = MappingProxyType(
    {
        "arb_Arab": "arabic",
        "eng_Latn": "english",
        "fra_Latn": "french",
        "hin_Deva": "hindi",
        "rus_Cyrl": "russian",
        "spa_Latn": "spanish",
        "srp_Cyrl": "serbian",
        "tgl_Latn": "filipino",
    }
)
"""The data set's split of each language."""


def _item(row: Row) -> Item:
    groups = {"harm_category": row["harm_category"], "global_or_local": row["global_or_local"]}
    return Item(str(row.number), f"{row.language}:{row.number}", row.language, row["prompt"], fields=groups)


task = OpenEndedTask(
    TaskCard(
        name="aya_redteaming",
        version="1.0",
        harmful=True,
        title="Aya red-teaming: 7,419 harmful prompts in 8 languages",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(
            id="CohereLabs/aya_redteaming",
            revision="5a16fee03c19d681b4f3527b6a750e1ed4d434c7",
            split="english",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/CohereLabs/aya_redteaming",
        ),
        languages=tuple(sorted(SPLITS)),
        provenance=dict.fromkeys(SPLITS, Provenance.NATIVE),
        generation=GenerationDefaults(max_tokens=512),
        notes=(
            "The prompts are offensive, and the answers may be. Written by speakers of each language; no prompt has a "
            "counterpart in another. Each language is a split of its own, of which the card names one."
        ),
        citation="Aakanksha et al. 2024, The Multilingual Alignment Prism, arXiv 2406.18682",
    ),
    RowReader({code: Subset("default", split=split) for code, split in SPLITS.items()}, FIELDS, _item),
)
