r"""MT-AIME2024: the 30 problems of the American Invitational Mathematics Examination of 2024 in 55 languages.

The data set is amphora/MCLM, config ``MT-AIME2024`` (Son et al. 2025, arXiv 2502.17407): one table with a column for
each language, translated by GPT-4o. The row is the same problem in all. Answers are whole numbers from 0 to 999, and
are compared by value.

Thirty items tell little: the 95% interval of a language is up to 34 points wide. Averages over languages do not help as
much as their number suggests, since the problems are the same.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language, translated
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import NUMBER, UNPINNED, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.math_match import MATH_MATCH, math_match

COLUMNS = by_language(
    "af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it ja kn ko lt lv mk ml mr ne nl no pa pl pt ro "
    "ru sk sl so sq sv sw ta te th tl tr uk ur vi",
    {"zho_Hans": "zh-cn", "zho_Hant": "zh-tw"},
)
"""The column of each language."""


def _item(row: Row) -> Item:
    answer = row["answer"]
    whole = int(answer) if isinstance(answer, float) and answer.is_integer() else answer
    return Item(
        item_id=str(row.number),
        source_id=str(row.number),
        language=row.language,
        prompt=(
            f"Solve the problem below. Think step by step in {find_language(row.language).name}, and put the final "
            f"answer, a whole number, in \\boxed{{}}.\n\n{row.text(COLUMNS[row.language]).strip()}"
        ),
        references=(str(whole).strip(),),
    )


task = GenerativeTask(
    TaskCard(
        name="mt_aime2024",
        version="1.0",
        title=f"MT-AIME2024: 30 problems of a mathematics competition in {len(COLUMNS)} languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="amphora/MCLM",
            revision="main",
            licence="MIT",
            url="https://huggingface.co/datasets/amphora/MCLM",
        ),
        languages=tuple(COLUMNS),
        provenance=translated(COLUMNS, Provenance.MACHINE),
        metrics=(MATH_MATCH,),
        shared="the 30 problems, by row",
        generation=GenerationDefaults(max_tokens=8192),
        notes=(
            "Translated by GPT-4o and not edited. With 30 items, the 95% interval of a language is up to 34 points "
            f"wide. {UNPINNED}"
        ),
        citation="Son et al. 2025, Linguistic Generalizability of Test-Time Scaling, arXiv 2502.17407",
    ),
    RowReader(dict.fromkeys(COLUMNS, Subset("MT-AIME2024")), {"answer": NUMBER}, _item),
    math_match,
)
