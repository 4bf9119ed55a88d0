"""m-ArenaHard v2.0: 498 prompts of Arena-Hard-Auto v2.0 in 23 languages, the same in each.

The data set is CohereLabs/m-ArenaHard-v2.0, described with Khairi et al. 2025 (arXiv 2506.20544): of the 750 prompts of
Arena-Hard v2.0 those that a classifier took for English were translated by the makers' own system, with repairs to code
and to mixed languages. The data set says ``hard_prompt`` or ``creative_writing`` of each (``category``).
"""

from __future__ import annotations

from polyarena.tasks.benchmarks.m_arenahard import CONFIGS
from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import translated
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import TEXT, RowReader, Subset
from polyarena.tasks.item import Item, Kind

FIELDS = ("question_id", "category", "subcategory", "prompt", "language")


def _item(row: Row) -> Item:
    question_id = row["question_id"]
    fields = {"subcategory": row["subcategory"]}
    return Item(question_id, question_id, row.language, row["prompt"], fields=fields, category=row["category"])


task = OpenEndedTask(
    TaskCard(
        name="m_arenahard_v2",
        version="2.0",
        title="m-ArenaHard v2.0: 498 hard or creative prompts of users in 23 languages",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(
            id="CohereLabs/m-ArenaHard-v2.0",
            revision="24c65eff42cec85e30dd5db99d1a702c7ebaa8ab",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/CohereLabs/m-ArenaHard-v2.0",
        ),
        languages=tuple(sorted(CONFIGS)),
        provenance=translated(CONFIGS, Provenance.MACHINE),
        shared="the 498 prompts",
        generation=GenerationDefaults(max_tokens=2048),
        notes=(
            "English is the original; the rest was translated by the makers' own system and repaired by rules (code, "
            "mixed languages), not edited by people."
        ),
        citation="Khairi et al. 2025, When Life Gives You Samples, arXiv 2506.20544",
    ),
    RowReader({code: Subset(config) for code, config in CONFIGS.items()}, dict.fromkeys(FIELDS, TEXT), _item),
)
