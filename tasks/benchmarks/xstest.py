"""XSTest: 250 harmless prompts that sound harmful, and 200 harmful ones beside them, in English.

Röttger et al. 2024 (arXiv 2308.01263). Of the copies on the hub this is the author's own (Paul/XSTest): walledai/XSTest
is gated, and natolambert/xstest-v2-copy lacks the labels. Refusing a ``safe`` prompt is as wrong as answering an
``unsafe`` one; which it was is for a judge to say.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.open_ended import OpenEndedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import ID, TEXT, UNPINNED, RowReader, Subset
from polyarena.tasks.item import Item, Kind

FIELDS = {"id": ID, "prompt": TEXT, "type": TEXT, "label": TEXT, "focus": TEXT}
LABELS = ("safe", "unsafe")


def _item(row: Row) -> Item:
    if row["label"] not in LABELS:
        raise DataError(
            f"the label {row['label']!r} is unknown",
            where=row.place,
            why="it is what tells a right refusal from a wrong one",
            fix=f"use a copy whose labels are {' and '.join(LABELS)}",
        )
    prompt_id = str(row["id"])
    groups = {"label": row["label"], "type": row["type"], "focus": row["focus"]}
    return Item(prompt_id, prompt_id, row.language, row["prompt"], fields=groups)


task = OpenEndedTask(
    TaskCard(
        name="xstest",
        version="2.0",
        title="XSTest: 250 harmless prompts that sound harmful, 200 harmful ones, in English",
        kind=Kind.OPEN_ENDED,
        dataset=Dataset(
            id="Paul/XSTest",
            revision="main",
            split="train",
            licence="CC-BY-4.0",
            url="https://huggingface.co/datasets/Paul/XSTest",
        ),
        languages=("eng_Latn",),
        provenance={"eng_Latn": Provenance.NATIVE},
        generation=GenerationDefaults(max_tokens=512),
        notes=f"The one split is called train; nothing is trained. {UNPINNED}",
        citation="Röttger et al. 2024, XSTest, arXiv 2308.01263",
    ),
    RowReader({"eng_Latn": Subset("default")}, FIELDS, _item),
)
