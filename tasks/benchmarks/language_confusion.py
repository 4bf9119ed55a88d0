"""Language confusion: whether an answer is in the language of its prompt, line by line and word by word.

Marchisio et al. 2024 (arXiv 2406.20052) ask prompts in one language and expect the answer in it. Two of the sources of
their monolingual part are asked here, whole where they drew 100 of each: the human-annotated prompts of the Aya
evaluation suite, and Dolly edited by people. Their Okapi and native prompts and their cross-lingual part are left out.

* ``line_pass``: no line is in another language. Lines of fewer than five words are not looked at, nor is code; a line
  whose language cannot be told is no failure. An answer without any line to look at has no value, as in the paper.
* ``word_pass``, in languages that are not written in Latin letters, for answers whose lines pass: no word of four or
  more small Latin letters. The paper looks words up in an English dictionary; this is stricter and needs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
from polyarena.tasks.identify import IDENTIFIER, Agreement, agreement, identify
from polyarena.tasks.identify.prose import prose
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.answered import answer_and_references
from polyarena.tasks.metrics.segmentation import words

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

LINE_PASS = "line_pass"
WORD_PASS = "word_pass"
FEWEST_WORDS = 5
UNIDENTIFIABLE = "yor_Latn"

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SMALL_LATIN = re.compile(r"(?<![A-Za-z0-9])[a-z]{4,}(?![A-Za-z0-9])")

PARTS = {code: Subset("aya_human_annotated", label=code) for code in HUMAN_ANNOTATED if code != UNIDENTIFIABLE} | {
    code: Subset("dolly_human_edited", label=code) for code in HUMAN_EDITED if code not in HUMAN_ANNOTATED
}


def confusion_scores(item: Item, completion: Completion) -> Mapping[str, float]:
    """Return ``line_pass`` and ``word_pass`` of one answer, 0 or 1; one that does not apply is left out.

    Raises:
        DataError: The completion has no text.
    """
    text, _ = answer_and_references(item, completion)
    found = [agreement(identify(line), item.language) for line in _lines(text)]
    told = [each for each in found if each is not Agreement.UNKNOWN]
    if not told:
        return {}
    passed = all(each is Agreement.SAME for each in told)
    scores = {LINE_PASS: float(passed)}
    if passed and not item.language.endswith("_Latn"):
        scores[WORD_PASS] = float(not _SMALL_LATIN.search(prose(text)))
    return scores


def _lines(text: str) -> Iterator[str]:
    for line in _FENCED.sub("\n", text).splitlines():
        if len(words(prose(line))) >= FEWEST_WORDS:
            yield line


def _item(row: Row) -> Item:
    build = native_item if row.language in HUMAN_ANNOTATED else translated_item
    return build(row)


task = GenerativeTask(
    TaskCard(
        name="language_confusion",
        version="1.0",
        title="Language confusion: answers in the language of the prompt, in 11 languages",
        kind=Kind.GENERATIVE,
        dataset=DATASET,
        languages=tuple(sorted(PARTS)),
        provenance={
            code: Provenance.NATIVE if code in HUMAN_ANNOTATED else Provenance.POST_EDITED for code in sorted(PARTS)
        },
        metrics=(LINE_PASS, WORD_PASS),
        shared="the 200 prompts of Dolly, in French, Hindi, Russian, Serbian and Spanish",
        generation=GenerationDefaults(max_tokens=100),
        notes=(
            "In the manner of the Language Confusion Benchmark, with two of its monolingual sources, whole instead of "
            "100 prompts of each: numbers do not compare with published ones. An answer in which no line is long "
            "enough to tell has no value; word_pass is for scripts other than Latin and counts any word in small "
            "Latin letters, not only English ones."
        ),
        left_out={UNIDENTIFIABLE: "the language identifier does not know Yoruba, so nothing can be told of an answer"},
        citation=f"Marchisio et al. 2024, Language Confusion in LLMs, arXiv 2406.20052; {CITATION}",
    ),
    RowReader(PARTS, FIELDS, _item, label_of),
    confusion_scores,
    {metric: f"metric:{metric}|words:{FEWEST_WORDS}|lid:{IDENTIFIER}" for metric in (LINE_PASS, WORD_PASS)},
)
