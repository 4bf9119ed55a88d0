"""M-ARC (Okapi): the challenge questions of ARC, machine-translated, in 30 languages.

The data set is alexandrainst/m_arc, the translations of Okapi (Lai et al. 2023, arXiv 2307.16039) by ChatGPT of the
hard half of ARC (Clark et al. 2018, arXiv 1803.05457). Not every question is in every language; they are the same by
``id``. Most questions have four options, some three or five; the options of a few were lost in translation, and such a
question is left out of its language.

The default template, ``question``, is that of lm-eval: the question, and the texts of the options as continuations.
lm-eval also deletes whatever stands in square brackets, a rule for HellaSwag; here the texts are left as they are.
``exam`` lists the options after letters. ``twenty_five_shot`` shows 25 solved questions of the split ``train`` first,
the number with which ARC is reported most.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.errors import DataError
from polyarena.tasks.frames.cards import by_language, choice_card
from polyarena.tasks.frames.multiple_choice import (
    OPTION_FIELDS,
    FewShot,
    MultipleChoiceTask,
    exam_prompt,
    filled_options,
    source_from_fields,
)
from polyarena.tasks.frames.row import Row

CONFIGS = by_language(
    "ar bn ca da de es eu fr gu hi hr hu hy id it kn ml mr ne nl pt ro ru sk sv ta te uk vi zh", {"srp_Latn": "sr"}
)
OPTIONS = (*OPTION_FIELDS, "option_e")


def question(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask the question; the options are the answers."""
    return f"Question: {row.text('instruction').strip()}\nAnswer:", filled_options(row, OPTIONS)


def exam(row: Row) -> tuple[str, tuple[str, ...]]:
    """List the options after letters."""
    return exam_prompt(row.text("instruction"), filled_options(row, OPTIONS))


def complete(row: Row) -> bool:
    """Return whether no option was lost, and the right answer is one of them."""
    try:
        return row.gold("answer", "ABCDE") < len(filled_options(row, OPTIONS))
    except DataError:
        # A field that is gone altogether is another revision of the data, not a lost option.
        for name in OPTIONS:
            row.shown(name)
        row.gold("answer", "ABCDE")
        return False


task = MultipleChoiceTask(
    card=choice_card(
        "m_arc",
        f"M-ARC: science questions of ARC-Challenge by machine translation in {len(CONFIGS)} languages",
        Dataset(
            id="alexandrainst/m_arc",
            revision="main",
            licence="CC-BY-NC-4.0",
            url="https://huggingface.co/datasets/alexandrainst/m_arc",
        ),
        dict.fromkeys(CONFIGS, Provenance.MACHINE),
        chance=1 / 4,
        shared="most of the 1,172 test questions, by id",
        notes=(
            "The translations were not edited. A few questions have three or five options, so chance is about a "
            "quarter. Questions that lost an option are left out. The makers' own repository licenses the data as "
            "ODC-By-1.0; what counts is the licence of the copy on the hub."
        ),
        left_out={"srp_Cyrl": "the data set has Serbian in Latin letters (srp_Latn)"},
        citation="Lai et al. 2023, Okapi, arXiv 2307.16039; Clark et al. 2018, ARC, arXiv 1803.05457",
    ),
    configs=CONFIGS,
    fields=("id", "instruction", "answer"),
    prompts={"question": question, "exam": exam},
    shots={"twenty_five_shot": FewShot(question, split="train", count=25)},
    gold=lambda row: row.gold("answer", "ABCDE"),
    other_splits=("validation",),
    source=source_from_fields("id"),
    asked=complete,
)
