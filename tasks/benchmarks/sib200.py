"""SIB-200: which of seven topics a sentence is about, in the languages of FLORES-200.

The data set is Davlan/sib200 (Adelani et al. 2024, arXiv 2309.07445): sentences of FLORES-200, translated by people,
with the topic that annotators gave to the English original. Sentences are the same in all languages, by ``index_id``.

lm-eval has the 54 African configs (in AfroBench), with prompts that end in line breaks; ours ends where the label
begins. Labels are English in all languages and differ in length. Under ``acc_bytes`` a small model takes
the longest of them, ``science/technology``, whatever the sentence, so only ``acc`` is reported.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import MultipleChoiceTask, source_from_fields
from polyarena.tasks.frames.row import Row
from polyarena.tasks.languages import all_languages

LABELS = ("science/technology", "travel", "politics", "sports", "health", "entertainment", "geography")

LEFT_OUT = dict.fromkeys(
    ("fry_Latn", "lat_Latn", "pcm_Latn", "srp_Latn"), "FLORES-200, and so SIB-200, does not have it"
)

CONFIGS = by_language(" ".join(language.code for language in all_languages() if language.code not in LEFT_OUT))
"""Configs are called as our languages are."""


def topic(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask for the topic, with the seven labels named."""
    listed = f"{', '.join(LABELS[:-1])} or {LABELS[-1]}"
    return f"Which topic is the text about: {listed}?\nText: {row.text('text').strip()}\nTopic:", LABELS


task = MultipleChoiceTask(
    card=choice_card(
        "sib200",
        f"SIB-200: topic classification in {len(CONFIGS)} languages",
        Dataset(
            id="Davlan/sib200",
            revision="38977a667f6fc264d5c26ec57a01e16db040b358",
            licence="CC-BY-SA-4.0",
            url="https://huggingface.co/datasets/Davlan/sib200",
        ),
        translated(CONFIGS, Provenance.HUMAN),
        chance=1 / len(LABELS),
        fixed_labels=True,
        shared="the 204 test sentences, by index_id",
        notes="The question and the labels are in English, the text in the language.",
        left_out=LEFT_OUT,
        citation="Adelani et al. 2024, SIB-200, arXiv 2309.07445",
    ),
    configs=CONFIGS,
    fields=("index_id", "category", "text"),
    prompts={"topic": topic},
    fixed_labels=frozenset({"topic"}),
    gold=lambda row: row.gold("category", LABELS),
    source=source_from_fields("index_id"),
    details=lambda row: {"topic": row.text("category")},
)
