"""Global MGSM: the 250 problems of MGSM in 41 languages, with instructions in each (CohereLabs/global-mgsm).

The data set gathers MGSM, AfriMGSM and translations by others; its rows do not say which language comes from where.
Each row has an ``instruction`` in the language of the problem, which also says how to end: the prompt is that
instruction and the problem.
"""

from __future__ import annotations

from polyarena.tasks.benchmarks.afrimgsm import CONFIGS as AFRICAN
from polyarena.tasks.benchmarks.grade_school_maths import METRICS, numbered
from polyarena.tasks.benchmarks.mgsm import WORDS as FIRST
from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language, translated
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import NUMBER, TEXT, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.numbers import numeric_match

FIELDS = {"instruction": TEXT, "question": TEXT, "answer_prefix": TEXT, "answer": NUMBER}
CONFIGS = by_language(
    "am ar bn ca cs cy de el en es eu fr gl gu ha hu ja km kn ko ky my ne ru si sn sr st sw ta te th ur uz vi wo xh yo "
    "zh zu"
)
"""The data set's configs but one: Luganda (``lg``) is not in our table."""
PROVENANCE = translated(CONFIGS, Provenance.MACHINE) | {
    code: Provenance.HUMAN for code in CONFIGS if code != "eng_Latn" and (code in FIRST or code in AFRICAN)
}


def _item(row: Row) -> Item:
    return numbered(row, f"{row['instruction'].strip()}\n\n{row['question'].strip()}", row["answer"])


task = GenerativeTask(
    TaskCard(
        name="global_mgsm",
        version="1.0",
        title="Global MGSM: 250 word problems in 40 languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="CohereLabs/global-mgsm",
            revision="29087245a1a9788d4e0413f4927e994d49633bbb",
            licence="LicenseRef-mixed",
            url="https://huggingface.co/datasets/CohereLabs/global-mgsm",
        ),
        languages=tuple(sorted(CONFIGS)),
        provenance=PROVENANCE,
        metrics=METRICS,
        shared="the 250 problems",
        generation=GenerationDefaults(max_tokens=1024),
        notes=(
            "Rows are parallel by their order. The languages of MGSM and AfriMGSM were translated by people; for the "
            "others the data set does not say it in its rows, and they count as machine-translated, to be cautious. "
            "The config lg (Luganda) is left out, as the language table lacks it."
        ),
        citation="Shi et al. 2023, arXiv 2210.03057; Adelani et al. 2025, IrokoBench, arXiv 2406.03368",
    ),
    RowReader({language: Subset(config) for language, config in CONFIGS.items()}, FIELDS, _item),
    numeric_match,
)
