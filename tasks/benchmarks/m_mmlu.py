"""M-MMLU (Okapi): MMLU, machine-translated, in 34 languages.

The data set is alexandrainst/m_mmlu, the translations of Okapi (Lai et al. 2023, arXiv 2307.16039) by ChatGPT with
English, Icelandic and Norwegian added. Not every question is in every language; they are the same by ``id``, such as
``virology/test/7``.

The prompt is lm-eval's. ``m_mmlu.five_shot`` shows up to five solved questions of the same subject first, from the
split ``train``; lm-eval would show the first five of that split, whatever their subject.
"""

from __future__ import annotations

from collections.abc import Mapping

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import TRANSLATED, by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import (
    LETTERS,
    OPTION_FIELDS,
    FewShot,
    MultipleChoiceTask,
    exam_prompt,
    source_from_fields,
)
from polyarena.tasks.frames.row import Row

CONFIGS = by_language(
    "ar bn ca da de en es eu fr gu hi hr hu hy id is it kn ml mr nb ne nl pt ro ru sk sv ta te uk vi zh",
    {"srp_Latn": "sr"},
)


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """List the options after letters."""
    return exam_prompt(row.text("instruction"), row.all_shown(OPTION_FIELDS))


def subject(row: Row) -> Mapping[str, str]:
    """Return the subject, which is the first part of the id."""
    return {"subject": row.text("id").partition("/")[0]}


task = MultipleChoiceTask(
    card=choice_card(
        "m_mmlu",
        "M-MMLU: MMLU by machine translation (Okapi) in 34 languages",
        Dataset(
            id="alexandrainst/m_mmlu",
            revision="main",
            licence="CC-BY-NC-4.0",
            url="https://huggingface.co/datasets/alexandrainst/m_mmlu",
        ),
        translated(CONFIGS, Provenance.MACHINE),
        chance=1 / 4,
        shared="most of the 13,062 test questions, by id",
        notes="The translations were not edited. Serbian is in Latin letters.",
        validity=TRANSLATED,
        left_out={"srp_Cyrl": "the data set has Serbian in Latin letters (srp_Latn)"},
        citation="Lai et al. 2023, Okapi, arXiv 2307.16039; Hendrycks et al. 2021, MMLU, arXiv 2009.03300",
    ),
    configs=CONFIGS,
    fields=("id", "instruction", "answer"),
    prompts={"exam": exam},
    shots={"five_shot": FewShot(exam, split="train", group=lambda row: subject(row)["subject"])},
    gold=lambda row: row.gold("answer", LETTERS),
    source=source_from_fields("id"),
    details=subject,
)
