"""INCLUDE: questions of local exams, each written in its language, in 44 languages, and in 45 further ones.

The data set is CohereLabs/include-base-44 (Romanou et al. 2024, arXiv 2411.19799). The questions are not parallel. Its
schema has changed between revisions: the options are a list ``choices``, or ``option_a`` to ``option_d``, and the
answer is a number from 0 or a letter. Both are read; the field ``options_from`` of an item says which was found.

The prompt is lm-eval's without the English sentence on the domain that it puts before the question, and without a stray
space that its files put before the last option.

``include_v2`` has the further languages of swiss-ai/include-base-new-45, which reports call INCLUDE V2. Its schema is
known from lm-eval's files: a config of each language's English name, ``option_a`` to ``option_d``, and the letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from polyarena.tasks.card import Culture, Dataset, Provenance
from polyarena.tasks.frames.cards import LOCALISED, by_language, choice_card
from polyarena.tasks.frames.multiple_choice import (
    LETTERS,
    OPTION_FIELDS,
    MultipleChoiceTask,
    exam_prompt,
    keep_fields,
    source_per_language,
)
from polyarena.tasks.frames.row import Row

CONFIGS = by_language(
    "Albanian Arabic Armenian Azerbaijani Basque Belarusian Bengali Bulgarian Chinese Croatian Dutch Estonian Finnish "
    "French Georgian German Greek Hebrew Hindi Hungarian Indonesian Italian Japanese Kazakh Korean Lithuanian Malay "
    "Malayalam Nepali Persian Polish Portuguese Russian Serbian Spanish Tagalog Tamil Telugu Turkish Ukrainian Urdu "
    "Uzbek Vietnamese",
    {"mkd_Cyrl": "North Macedonian"},
)

NEW_CONFIGS = by_language(
    "Amharic Assamese Czech Danish Gujarati Hausa Igbo Kannada Kinyarwanda Marathi Nyanja Oriya Oromo Punjabi Sindhi "
    "Sinhala Slovak Somali Swahili Swedish Tigrinya Twi Yoruba"
)
BEYOND = (
    "Dagbani, Dangme, Darija, Dogri, Ekpeye, Embu, Esan, Ewe, Fante, Fula, Ga, Ibibio, Idoma, Igala, Jju, Luo, "
    "Maithili, Makhuwa, Obolo, Sena, Tangale and Tyap"
)
"""Languages of the second set that the table of languages does not have."""

_GROUPING = keep_fields("domain", "subject", "regional_feature", "level", "country")


def options(row: Row) -> tuple[str, list[str]]:
    """Return the fields in which the four options were found, and the options.

    Raises:
        DataError: The row has neither a list of four nor the four fields.
    """
    listed = row.values.get("choices")
    if isinstance(listed, list) and len(listed) == len(LETTERS):
        return "choices", [str(option).strip() for option in listed]
    if listed is None and all(option in row.values for option in OPTION_FIELDS):
        return "option_a-option_d", row.all_shown(OPTION_FIELDS)
    raise row.refused(
        "the row has no four options, neither a list 'choices' nor 'option_a' to 'option_d'",
        sorted(row.values) if listed is None else listed,
    )


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """List the options after letters."""
    return exam_prompt(row.text("question"), options(row)[1])


def details(row: Row) -> Mapping[str, str]:
    """Return what the exam was, and which schema the options were in."""
    return {**_GROUPING(row), "options_from": options(row)[0]}


task = MultipleChoiceTask(
    card=choice_card(
        "include",
        "INCLUDE: local exams in 44 languages",
        Dataset(
            id="CohereLabs/include-base-44",
            revision="d2e1f6015f67a43c02a9a68db98e2298e2d6a660",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/CohereLabs/include-base-44",
        ),
        dict.fromkeys(CONFIGS, Provenance.NATIVE),
        chance=1 / 4,
        notes="Questions differ between languages, and so does their difficulty. Chinese is taken for simplified.",
        culture=Culture.SENSITIVE,
        validity=LOCALISED,
        citation="Romanou et al. 2024, INCLUDE, arXiv 2411.19799",
    ),
    configs=CONFIGS,
    fields=("question", "answer"),
    prompts={"exam": exam},
    gold=lambda row: row.gold("answer", "0123", LETTERS),
    source=source_per_language,
    details=details,
)

v2 = replace(
    task,
    card=choice_card(
        "include_v2",
        f"INCLUDE V2: local exams in {len(NEW_CONFIGS)} of its 45 further languages",
        Dataset(
            id="swiss-ai/include-base-new-45",
            revision="main",
            licence="LicenseRef-not-stated",
            url="https://huggingface.co/datasets/swiss-ai/include-base-new-45",
        ),
        dict.fromkeys(NEW_CONFIGS, Provenance.NATIVE),
        chance=1 / 4,
        notes=(
            "Questions differ between languages, and so does their difficulty. The data set may not be open to all; "
            "its schema is known from lm-eval's files, and its licence was not read. The table of languages lacks "
            f"{BEYOND}, which the set has as well."
        ),
        culture=Culture.SENSITIVE,
        validity=LOCALISED,
        citation="Romanou et al. 2024, INCLUDE, arXiv 2411.19799",
    ),
    configs=NEW_CONFIGS,
    fields=("question", "answer", *OPTION_FIELDS),
    details=lambda row: {"options_from": options(row)[0]},
)
"""The further languages."""
