"""AfriXNLI: natural language inference in African languages, English and French.

The data set is masakhane/afrixnli (Adelani et al. 2024, arXiv 2406.03368): 600 test pairs of XNLI, translated by
people, in the same order in all languages.

The templates are the English ones of :mod:`~polyarena.tasks.benchmarks.xnli`. The default, ``true_or_false``, is prompt
2 of lm-eval's five; its prompt 5 scores neutral pairs as ``false`` and contradictions as ``inconclusive``.
"""

from __future__ import annotations

from polyarena.tasks.benchmarks.xnli import ENGLISH, LABELS
from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import MultipleChoiceTask, source_from_position

CONFIGS = by_language("amh eng fra hau ibo kin orm sna sot swa twi wol xho yor zul")

OUTSIDE = "Ewe, Lingala and Luganda (ewe, lin, lug) are not in the table of languages."

task = MultipleChoiceTask(
    card=choice_card(
        "afrixnli",
        f"AfriXNLI: natural language inference in {len(CONFIGS)} languages",
        Dataset(
            id="masakhane/afrixnli",
            revision="e3ca06b30f3e7af2a86f6c8609ea76fee326bc56",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/masakhane/afrixnli",
        ),
        translated(CONFIGS, Provenance.HUMAN),
        chance=1 / 3,
        fixed_labels=True,
        shared="the 600 test pairs, by row",
        notes=OUTSIDE,
        citation="Adelani et al. 2024, IrokoBench, arXiv 2406.03368",
    ),
    configs=CONFIGS,
    fields=("premise", "hypothesis", "label"),
    prompts=ENGLISH,
    fixed_labels=frozenset(ENGLISH),
    gold=lambda row: row.gold("label", LABELS),
    source=source_from_position,
)
