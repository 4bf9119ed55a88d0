"""MGSM: 250 problems of GSM8K, translated by people into ten languages, with one number as the answer of each.

Shi et al. 2023 (arXiv 2210.03057). Two templates: ``reasoned`` asks to think step by step in the language of the
problem, without examples; ``direct`` gives question and answer labels alone, in the words of lm-eval 0.4.13's
``mgsm_direct_*``, so that both can be compared item by item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polyarena.tasks.benchmarks.grade_school_maths import FIELDS, METRICS, maths_item, numbered
from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import translated
from polyarena.tasks.frames.generative import GenerativeTask, TemplatedTask
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.rows import UNPINNED, RowReader, Subset
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.metrics.numbers import numeric_match


@dataclass(frozen=True)
class Words:
    """How the direct template marks question and answer in one language.

    Attributes:
        config: The data set's name of the language.
        question: Stands before the problem.
        answer: Stands after it; English in half of the languages, as in lm-eval.
    """

    config: str
    question: str
    answer: str = "Answer:"


WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "ben_Beng": Words("bn", "প্রশ্ন:"),
        "deu_Latn": Words("de", "Frage:", "Antwort:"),
        "eng_Latn": Words("en", "Question:"),
        "fra_Latn": Words("fr", "Question :", "Réponse :"),
        "jpn_Jpan": Words("ja", "問題："),
        "rus_Cyrl": Words("ru", "Задача:"),
        "spa_Latn": Words("es", "Pregunta:", "Respuesta:"),
        "swh_Latn": Words("sw", "Swali:"),
        "tel_Telu": Words("te", "ప్రశ్న:"),
        "tha_Thai": Words("th", "โจทย์:"),
        "zho_Hans": Words("zh", "问题："),
    }
)
"""By language, as in the configuration files of lm-eval."""


def _direct(row: Row) -> Item:
    words = WORDS[row.language]
    prompt = f"{words.question} {row['question']}\n{words.answer}"
    return numbered(row, prompt, row["answer_number"])


def _card(name: str, template: str, generation: GenerationDefaults) -> TaskCard:
    return TaskCard(
        name=name,
        version="1.0",
        title=f"MGSM: 250 word problems in 11 languages, {template}",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="juletxara/mgsm",
            revision="refs/convert/parquet",
            licence="CC-BY-SA-4.0",
            url="https://huggingface.co/datasets/juletxara/mgsm",
        ),
        languages=tuple(sorted(WORDS)),
        provenance=translated(WORDS, Provenance.HUMAN),
        metrics=METRICS,
        shared="the 250 problems",
        generation=generation,
        notes=f"No examples are shown. Rows are parallel by their order. {UNPINNED}",
        citation="Shi et al. 2023, Language Models are Multilingual Chain-of-Thought Reasoners, arXiv 2210.03057",
    )


_PARTS = {code: Subset(words.config) for code, words in WORDS.items()}
_STOPS = (*dict.fromkeys(words.question for words in WORDS.values()), "</s>", "<|im_end|>")
"""lm-eval stops at the label of the item's own language; a card has one list for all."""

task = TemplatedTask(
    {
        "reasoned": GenerativeTask(
            _card("mgsm", "reasoned step by step", GenerationDefaults(max_tokens=1024)),
            RowReader(_PARTS, FIELDS, maths_item),
            numeric_match,
        ),
        "direct": GenerativeTask(
            _card("mgsm.direct", "answered at once", GenerationDefaults(max_tokens=256, stop=_STOPS)),
            RowReader(_PARTS, FIELDS, _direct),
            numeric_match,
        ),
    }
)
