"""Language confusion: whether an answer is in the language of its prompt, line by line and word by word.

Marchisio et al. 2024 (arXiv 2406.20052) ask prompts in one language and expect the answer in it. Two of the sources of
their monolingual part are asked here, whole where they drew 100 of each: the human-annotated prompts of the Aya
evaluation suite, and Dolly edited by people. Their Okapi and native prompts are left out. The complex prompts of their
cross-lingual part are :mod:`polyarena.tasks.benchmarks.language_confusion_crosslingual`.

The metrics are those of :mod:`polyarena.tasks.metrics.language_confusion`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.tasks.benchmarks.aya_evaluation_suite import (
    CITATION,
    DATASET,
    FIELDS,
    HUMAN_ANNOTATED,
    HUMAN_EDITED,
    label_of,
    native_item,
    translated_item,
)
from polyarena.tasks.card import GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import RowReader, Subset
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.language_confusion import LINE_PASS, LPR, WORD_PASS, confusion_scores

if TYPE_CHECKING:
    from polyarena.tasks.item import Item

UNIDENTIFIABLE = "yor_Latn"

PARTS = {code: Subset("aya_human_annotated", label=code) for code in HUMAN_ANNOTATED if code != UNIDENTIFIABLE} | {
    code: Subset("dolly_human_edited", label=code) for code in HUMAN_EDITED if code not in HUMAN_ANNOTATED
}


def _item(row: Row) -> Item:
    build = native_item if row.language in HUMAN_ANNOTATED else translated_item
    return build(row)


task = GenerativeTask(
    TaskCard(
        name="language_confusion",
        version="1.1",
        title="Language confusion: answers in the language of the prompt, in 11 languages",
        kind=Kind.GENERATIVE,
        dataset=DATASET,
        languages=tuple(sorted(PARTS)),
        provenance={
            code: Provenance.NATIVE if code in HUMAN_ANNOTATED else Provenance.POST_EDITED for code in sorted(PARTS)
        },
        metrics=(LINE_PASS, WORD_PASS, LPR),
        shared="the 200 prompts of Dolly, in French, Hindi, Russian, Serbian and Spanish",
        generation=GenerationDefaults(max_tokens=100),
        notes=(
            "In the manner of the Language Confusion Benchmark, with two of its monolingual sources, whole instead of "
            "100 prompts of each: numbers do not compare with published ones, though lpr follows the rule of the "
            "paper's script. An answer in which no line is long enough to tell has no value; word_pass is for scripts "
            "other than Latin and counts any word in small Latin letters, not only English ones."
        ),
        left_out={UNIDENTIFIABLE: "the language identifier does not know Yoruba, so nothing can be told of an answer"},
        citation=f"Marchisio et al. 2024, Language Confusion in LLMs, arXiv 2406.20052; {CITATION}",
    ),
    RowReader(PARTS, FIELDS, _item, label_of),
    confusion_scores,
)
