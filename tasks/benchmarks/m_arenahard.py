"""m-ArenaHard: 500 prompts of Arena-Hard-Auto v0.1, machine-translated into 22 languages, the same in each.

The data set is CohereLabs/m-ArenaHard, described with Aya Expanse (arXiv 2412.04261). The translations are Google
Translate's and were not edited: most line breaks are lost, some code is translated, and HTML entities (``&#39;``) stand
in 56 (German) to 355 (French) of the 500 prompts of a language. Systems get the prompts as they are, so that results
compare with published ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import translated
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import TEXT, RowReader, Subset
from polyarena.tasks.item import Item, Kind

CONFIGS: Mapping[str, str] = MappingProxyType(
    {
        "arb_Arab": "ar",
        "ces_Latn": "cs",
        "deu_Latn": "de",
        "ell_Grek": "el",
        "eng_Latn": "en",
        "fra_Latn": "fr",
        "heb_Hebr": "he",
        "hin_Deva": "hi",
        "ind_Latn": "id",
        "ita_Latn": "it",
        "jpn_Jpan": "ja",
        "kor_Hang": "ko",
        "nld_Latn": "nl",
        "pes_Arab": "fa",
        "pol_Latn": "pl",
        "por_Latn": "pt",
        "ron_Latn": "ro",
        "rus_Cyrl": "ru",
        "spa_Latn": "es",
        "tur_Latn": "tr",
        "ukr_Cyrl": "uk",
        "vie_Latn": "vi",
        "zho_Hans": "zh",
    }
)
"""The data set's config of each language."""

FIELDS = ("question_id", "cluster", "category", "prompt")


def _item(row: Row) -> Item:
    question_id = row["question_id"]
    return Item(question_id, question_id, row.language, row["prompt"], fields={"cluster": row["cluster"]})


task = OpenEndedTask(
    TaskCard(
        name="m_arenahard",
        version="0.1",
        title="m-ArenaHard: 500 hard prompts of users in 23 languages",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(
            id="CohereLabs/m-ArenaHard",
            revision="ab393a96cd0b",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/CohereLabs/m-ArenaHard",
        ),
        languages=tuple(sorted(CONFIGS)),
        provenance=translated(CONFIGS, Provenance.MACHINE),
        shared="the 500 prompts",
        generation=GenerationDefaults(max_tokens=2048),
        notes=(
            "English is the original; the rest is Google Translate's, not edited: most line breaks are lost, some "
            "code is translated, and HTML entities stand in 56 (German) to 355 (French) of the 500 prompts of a "
            "language. The prompts are used as they are."
        ),
        citation="Dang et al. 2024, Aya Expanse, arXiv 2412.04261; Li et al. 2024, Arena-Hard, arXiv 2406.11939",
    ),
    RowReader({code: Subset(config) for code, config in CONFIGS.items()}, dict.fromkeys(FIELDS, TEXT), _item),
)
