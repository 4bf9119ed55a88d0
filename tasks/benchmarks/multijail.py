"""MultiJail: 315 harmful prompts in ten languages, translated by people (DAMO-NLP-SG/MultiJail).

Deng et al. 2024 (arXiv 2310.06474): 300 English prompts of Anthropic's red team and 15 of the GPT-4 report. One table
has a column for each language. Answers are only judged, for harm; this task holds the prompts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import translated
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import ID, TEXT, RowReader, Subset
from polyarena.tasks.item import Item, Kind

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "arb_Arab": "ar",
        "ben_Beng": "bn",
        "eng_Latn": "en",
        "ita_Latn": "it",
        "jav_Latn": "jv",
        "kor_Hang": "ko",
        "swh_Latn": "sw",
        "tha_Thai": "th",
        "vie_Latn": "vi",
        "zho_Hans": "zh",
    }
)
FIELDS = {"id": ID, "source": TEXT, "tags": TEXT} | dict.fromkeys(COLUMNS.values(), TEXT)


def _item(row: Row) -> Item:
    prompt_id = str(row["id"])
    groups = {"source": row["source"], "tags": row["tags"]}
    return Item(prompt_id, prompt_id, row.language, row[COLUMNS[row.language]], fields=groups)


task = OpenEndedTask(
    TaskCard(
        name="multijail",
        version="1.0",
        harmful=True,
        title="MultiJail: 315 harmful prompts in 10 languages",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(
            id="DAMO-NLP-SG/MultiJail",
            revision="93d65c778925d55973b9ff30c7bccc8545494eb6",
            split="train",
            licence="MIT",
            url="https://huggingface.co/datasets/DAMO-NLP-SG/MultiJail",
        ),
        languages=tuple(sorted(COLUMNS)),
        provenance=translated(COLUMNS, Provenance.HUMAN),
        shared="the 315 prompts",
        generation=GenerationDefaults(max_tokens=512),
        notes=(
            "The prompts are offensive, and the answers may be. The Javanese is the colloquial speech of East Java, "
            "which language identifiers hardly know. The one split is called train; nothing is trained."
        ),
        citation="Deng et al. 2024, Multilingual Jailbreak Challenges in Large Language Models, arXiv 2310.06474",
    ),
    RowReader(dict.fromkeys(COLUMNS, Subset("default")), FIELDS, _item),
)
