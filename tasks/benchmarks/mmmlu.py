"""MMMLU: MMLU, translated by professionals, in 14 languages.

The data set is openai/MMMLU: the 14,042 test questions of MMLU in the same order in all languages, without English.
Some configs hold names of files in ``Subject`` (``college_mathematics_test.csv_sw-KE.csv``); the subject is what stands
before ``_test``. It has no other split, so there is nothing to take examples from.

The prompt is lm-eval's without its description of the subject, which it gives in English.
"""

from __future__ import annotations

from collections.abc import Mapping

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import TRANSLATED, by_language, choice_card
from polyarena.tasks.frames.multiple_choice import LETTERS, MultipleChoiceTask, exam_prompt, source_from_position
from polyarena.tasks.frames.row import Row

CONFIGS = by_language("AR_XY BN_BD DE_DE ES_LA FR_FR HI_IN ID_ID IT_IT JA_JP KO_KR PT_BR SW_KE YO_NG ZH_CN")


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """List the options after letters."""
    return exam_prompt(row.text("Question"), row.all_shown(LETTERS))


def subject(row: Row) -> Mapping[str, str]:
    """Return the subject, without the rest of a file's name."""
    return {"subject": row.text("Subject").partition("_test")[0]}


task = MultipleChoiceTask(
    card=choice_card(
        "mmmlu",
        "MMMLU: MMLU translated by professionals in 14 languages",
        Dataset(
            id="openai/MMMLU",
            revision="325a01dc3e173cac1578df94120499aaca2e2504",
            licence="MIT",
            url="https://huggingface.co/datasets/openai/MMMLU",
        ),
        dict.fromkeys(CONFIGS, Provenance.HUMAN),
        chance=1 / 4,
        shared="the 14,042 test questions, by row",
        left_out={"eng_Latn": "MMMLU has the translations only; see m_mmlu and global_mmlu for English"},
        validity=TRANSLATED,
        citation="OpenAI 2024, https://huggingface.co/datasets/openai/MMMLU; Hendrycks et al. 2021, arXiv 2009.03300",
    ),
    configs=CONFIGS,
    fields=("Question", *LETTERS, "Answer", "Subject"),
    prompts={"exam": exam},
    gold=lambda row: row.gold("Answer", LETTERS),
    source=source_from_position,
    details=subject,
)
