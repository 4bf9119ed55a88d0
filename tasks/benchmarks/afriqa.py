"""AfriQA: questions by speakers of African languages, answered without a passage.

The data set is masakhane/afriqa (Ogundepo et al. 2023, arXiv 2305.06897): questions that speakers asked without knowing
the answer, with the answer in their language and, translated by people, in English or French, the languages of the
encyclopaedias that it was found in. The paper gives a system passages; here it must know the answer. Both the answer in
the language and its translation count. Nothing is parallel.
"""

from __future__ import annotations

import ast

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import by_language
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.question_answering import METRICS
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import ANY, TEXT, UNPINNED, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.languages import find_language
from polyarena.tasks.metrics.question_answering import answer_scores

CONFIGS = by_language("bem fon hau ibo kin swa twi wol yor zul")


def texts(row: Row, field: str) -> tuple[str, ...]:
    """Return the answers of a field, which is a list, or a list written as text.

    Some of these texts have an apostrophe within an answer, and are no list to a parser: ``['Girls' School']``.

    Raises:
        DataError: It is neither.
    """
    written = row.values[field]
    try:
        listed = ast.literal_eval(written) if isinstance(written, str) else written
    except (SyntaxError, ValueError):
        listed = written.removeprefix("['").removesuffix("']").split("', '")
    if isinstance(listed, str):
        listed = [listed]
    if not isinstance(listed, list | tuple):
        raise row.refused(f"the field {field!r} is not a list of answers", written)
    return tuple(str(text).strip() for text in listed if str(text).strip())


def _item(row: Row) -> Item:
    return Item(
        item_id=str(row.number),
        source_id=f"{row.language}:{row.number}",
        language=row.language,
        prompt=(
            f"Answer the question in {find_language(row.language).name} with a few words and nothing else.\n\n"
            f"Question: {row['question'].strip()}\n\nAnswer:"
        ),
        references=tuple(dict.fromkeys(texts(row, "answers") + texts(row, "translated_answer"))),
    )


task = GenerativeTask(
    TaskCard(
        name="afriqa",
        version="1.0",
        title=f"AfriQA: questions of information-seeking people in {len(CONFIGS)} African languages, without passages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="masakhane/afriqa",
            revision="refs/convert/parquet",
            licence="CC-BY-4.0",
            url="https://huggingface.co/datasets/masakhane/afriqa",
        ),
        languages=tuple(CONFIGS),
        provenance=dict.fromkeys(CONFIGS, Provenance.NATIVE),
        metrics=METRICS,
        generation=GenerationDefaults(max_tokens=64),
        notes=(
            "Answers in the language of the question count, and their translations into English or French. No passage "
            "is shown, so that numbers do not compare with the paper's. "
            f"{UNPINNED}"
        ),
        citation="Ogundepo et al. 2023, AfriQA, arXiv 2305.06897",
    ),
    RowReader(
        {code: Subset(config) for code, config in CONFIGS.items()},
        {"question": TEXT, "answers": ANY, "translated_answer": ANY},
        _item,
        asked=lambda row: bool(texts(row, "answers") or texts(row, "translated_answer")),
    ),
    answer_scores,
)
