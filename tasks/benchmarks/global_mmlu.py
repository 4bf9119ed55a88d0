"""Global-MMLU: MMLU in 42 languages, with annotations of what hangs on a culture; and its Lite version in 16.

The data sets are CohereLabs/Global-MMLU and CohereLabs/Global-MMLU-Lite (Singh et al. 2024, arXiv 2412.03304).
Questions are the same in all languages by ``sample_id``. ``cultural_sensitivity_label`` is ``CS`` (culturally
sensitive) or ``CA`` (culturally agnostic); in the full version it is ``-`` for the questions that were not annotated
(2,850 of 14,042 were). It is the category of an item, and so of its scores, so that both parts can be reported apart.

``five_shot`` shows the five questions of the same subject in the split ``dev`` first, solved, as MMLU does.

The prompt is lm-eval's; lm-eval splits each language by subject, we do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.card import Culture, Dataset, Provenance, TaskCard
from polyarena.tasks.frames.cards import TRANSLATED, by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import (
    LETTERS,
    OPTION_FIELDS,
    FewShot,
    MultipleChoiceTask,
    exam_prompt,
    keep_fields,
    source_from_fields,
)
from polyarena.tasks.frames.row import Row

CONFIGS = by_language(
    "am ar bn cs de el en es fa fil fr ha he hi id ig it ja ko ky lt mg ms ne nl ny pl pt ro ru si sn so sr sv sw te "
    "tr uk vi yo zh"
)
_HUMAN = by_language("ar bn de en es fr hi id it ja ko pt sw yo zh")
"""The languages whose questions were translated by people."""
LITE_CONFIGS = by_language(f"{' '.join(_HUMAN.values())} my")
"""Burmese is in the Lite version alone."""

_EDITED = by_language("am cs fa ms ro ru si te tr uk vi")
"""Machine-translated and in part edited by volunteers."""

CATEGORIES: Mapping[str, str] = MappingProxyType({"CS": "culturally_sensitive", "CA": "culturally_agnostic"})
"""Of the questions that were annotated, by their label."""
_LABELS = frozenset({*CATEGORIES, "-", ""})

FIELDS = ("sample_id", "subject", "question", *OPTION_FIELDS, "answer", "cultural_sensitivity_label")
_CITATION = "Singh et al. 2024, Global MMLU, arXiv 2412.03304"


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """List the options after letters."""
    return exam_prompt(row.text("question"), row.all_shown(OPTION_FIELDS))


def culture(row: Row) -> str | None:
    """Return the category of a question; ``None`` where it was not annotated.

    Raises:
        DataError: The label is unknown.
    """
    label = str(row.values["cultural_sensitivity_label"]).strip()
    if label not in _LABELS:
        raise row.refused("the field 'cultural_sensitivity_label' is neither CS nor CA", label)
    return CATEGORIES.get(label)


def _how(code: str) -> Provenance:
    if code in _HUMAN:
        return Provenance.HUMAN
    return Provenance.POST_EDITED if code in _EDITED else Provenance.MACHINE


def _task(card: TaskCard, configs: Mapping[str, str]) -> MultipleChoiceTask:
    return MultipleChoiceTask(
        card=card,
        configs=configs,
        fields=FIELDS,
        prompts={"exam": exam},
        shots={"five_shot": FewShot(exam, split="dev", group=lambda row: row.text("subject"))},
        gold=lambda row: row.gold("answer", LETTERS),
        source=source_from_fields("sample_id"),
        details=keep_fields("subject", "subject_category", "cultural_sensitivity_label"),
        category=culture,
    )


task = _task(
    choice_card(
        "global_mmlu",
        "Global-MMLU: MMLU in 42 languages, culturally sensitive questions marked",
        Dataset(
            id="CohereLabs/Global-MMLU",
            revision="0e619dbeb34206cd48705a1a0ea7fb21cae09993",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/CohereLabs/Global-MMLU",
        ),
        {**{code: _how(code) for code in CONFIGS}, "eng_Latn": Provenance.NATIVE},
        chance=1 / 4,
        shared="the 14,042 test questions, by sample_id",
        notes=(
            "Translated by people in 14 languages; machine-translated and in part edited by volunteers in 11; "
            "machine-translated in 16. cultural_sensitivity_label is `-` where a question was not annotated."
        ),
        validity=TRANSLATED,
        culture=Culture.MIXED,
        citation=_CITATION,
    ),
    CONFIGS,
)
"""All of Global-MMLU."""

lite = _task(
    choice_card(
        "global_mmlu_lite",
        "Global-MMLU-Lite: 200 culturally sensitive and 200 agnostic questions in 16 languages",
        Dataset(
            id="CohereLabs/Global-MMLU-Lite",
            revision="main",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/CohereLabs/Global-MMLU-Lite",
        ),
        translated(LITE_CONFIGS, Provenance.HUMAN),
        chance=1 / 4,
        shared="the 400 test questions, by sample_id",
        notes="Burmese was added to the data set after the paper.",
        validity=TRANSLATED,
        culture=Culture.MIXED,
        citation=_CITATION,
    ),
    LITE_CONFIGS,
)
"""Its Lite version."""
