"""M-HellaSwag (Okapi): which of four sentences goes on from a context, machine-translated, in 30 languages.

The data set is alexandrainst/m_hellaswag, the translations of Okapi (Lai et al. 2023, arXiv 2307.16039) by ChatGPT of
HellaSwag's validation set (Zellers et al. 2019, arXiv 1905.07830), in the split ``val``. Not every row is in every
language; rows are the same by ``ind``.

The prompt is lm-eval's with one difference: lm-eval begins the second half of the context with a capital and puts all
its other letters into lower case, which takes the capitals of names and of German nouns away; here only the first
letter is changed. As in lm-eval, the marks of WikiHow (``[title]``, ``[step]``) are removed.
"""

from __future__ import annotations

import re

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card
from polyarena.tasks.frames.multiple_choice import MultipleChoiceTask, keep_fields, source_from_fields
from polyarena.tasks.frames.row import Row

CONFIGS = by_language(
    "ar bn ca da de es eu fr gu hi hr hu hy id it kn ml mr ne nl pt ro ru sk sv ta te uk vi zh", {"srp_Latn": "sr"}
)
_MARK = re.compile(r"\[[^\[\]]*\]")


def unmarked(text: str) -> str:
    """Return a text without the marks that WikiHow's paragraphs have, with ``. `` for those that begin a title."""
    text = text.strip()
    # Most texts have no marks.
    return (_MARK.sub("", text.replace(" [title]", ". ")) if "[" in text else text).replace("  ", " ")


def context(row: Row) -> tuple[str, tuple[str, ...]]:
    """Give the activity and the context; the endings go on."""
    second = row.shown("ctx_b")
    begun = f"{row.text('activity_label')}: {row.text('ctx_a')} {second[:1].upper()}{second[1:]}"
    return unmarked(begun).strip(), _endings(row)


def _endings(row: Row) -> tuple[str, ...]:
    endings = row.values["endings"]
    if not isinstance(endings, list) or len(endings) != 4:
        raise row.refused("the field 'endings' is not a list of four texts", endings)
    return tuple(unmarked(ending).strip() if isinstance(ending, str) else "" for ending in endings)


task = MultipleChoiceTask(
    card=choice_card(
        "m_hellaswag",
        f"M-HellaSwag: endings of everyday scenes by machine translation in {len(CONFIGS)} languages",
        Dataset(
            id="alexandrainst/m_hellaswag",
            revision="9d31dc982bd6285e081e3e3136332a38b9c1d7b7",
            split="val",
            licence="CC-BY-NC-4.0",
            url="https://huggingface.co/datasets/alexandrainst/m_hellaswag",
        ),
        dict.fromkeys(CONFIGS, Provenance.MACHINE),
        chance=1 / 4,
        shared="most of the 10,042 validation rows, by ind",
        notes=(
            "The translations were not edited. Serbian is in Latin letters, as in M-ARC of the same translators. The "
            "validation set: the answers of the test set are not public."
        ),
        left_out={"srp_Cyrl": "the same translators wrote M-ARC and M-MMLU in Latin letters (srp_Latn)"},
        citation="Lai et al. 2023, Okapi, arXiv 2307.16039; Zellers et al. 2019, HellaSwag, arXiv 1905.07830",
    ),
    configs=CONFIGS,
    fields=("ind", "activity_label", "ctx_a", "endings", "label"),
    prompts={"context": context},
    gold=lambda row: row.gold("label", "0123"),
    source=source_from_fields("ind"),
    details=keep_fields("split_type"),
    asked=lambda row: all(_endings(row)),
)
