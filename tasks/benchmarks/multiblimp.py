"""MultiBLiMP: a sentence and the same with one wrong form, in the languages of our table that it has.

The data set is jumelet/multiblimp (Jumelet et al. 2025, arXiv 2504.02768): sentences of Universal Dependencies
treebanks and a form of another number, person or gender from UniMorph in place of the right one. Some languages have
few pairs (7 in Gujarati, 21 in Bengali), and none are parallel. The hub keeps all pairs in the split ``train``.

The choices are the two sentences, scored whole after nothing, as lm-eval does.
"""

from __future__ import annotations

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card
from polyarena.tasks.frames.multiple_choice import MultipleChoiceTask, RenderedPrompt, keep_fields, source_per_language
from polyarena.tasks.frames.row import Row

CONFIGS = by_language(
    "amh arb bel ben bul cat ces cym dan deu ell eng est eus fas fin fra gla gle glg guj heb hin hun hye isl ita kat "
    "kaz kir kmr lat lav lit mar mkd nld pcm pol por ron rus slk slv spa sqi swe tam tur ukr urd uzb wol"
)


def sentences(row: Row) -> RenderedPrompt:
    """Give the right sentence, then the wrong one."""
    return RenderedPrompt("", (row.text("sen").strip(), row.text("wrong_sen").strip()), separator="", whole=True)


task = MultipleChoiceTask(
    card=choice_card(
        "multiblimp",
        f"MultiBLiMP: minimal pairs of agreement in {len(CONFIGS)} languages",
        Dataset(
            id="jumelet/multiblimp",
            revision="main",
            split="train",
            licence="CC-BY-4.0",
            url="https://huggingface.co/datasets/jumelet/multiblimp",
        ),
        dict.fromkeys(CONFIGS, Provenance.NATIVE),
        chance=1 / 2,
        version="0.2",
        notes=(
            "The right sentences were written in the language; the wrong ones were made of them by rule. Of its 101 "
            "languages, 48 are not in the table of languages, most of them ancient or very small."
        ),
        left_out=dict.fromkeys(
            ("hrv_Latn", "srp_Cyrl"), "MultiBLiMP has Croatian and Serbian as one language, hbs, in Latin script"
        ),
        citation="Jumelet et al. 2025, MultiBLiMP 1.0, arXiv 2504.02768",
    ),
    configs=CONFIGS,
    fields=("sen", "wrong_sen"),
    own_separators=True,
    prompts={"sentences": sentences},
    gold=lambda row: 0,  # noqa: ARG005
    source=source_per_language,
    details=keep_fields("phenomenon"),
)
