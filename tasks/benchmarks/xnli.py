"""XNLI: whether a premise entails, leaves open or contradicts a hypothesis, in 15 languages.

The data set is facebook/xnli (Conneau et al. 2018, arXiv 1809.05053): the 2,490 validation pairs, translated by people,
in the same order in all languages. Validation is what lm-eval and the Aya Model paper report.

The default template, ``native``, is that of XGLM (Lin et al. 2021, arXiv 2112.10668) as lm-eval has it: premise, a word
for "right?", one of three words, hypothesis, all in the language. The choices are these whole texts, scored after
nothing and with a space in front, so that model and tokenizer see what they see in lm-eval. One word differs: lm-eval's
Arabic for "no" is the noun "number"; ours is the word for "no".

The other templates ask in English, in the manner of P3 (Sanh et al. 2022, arXiv 2110.08207).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import (
    MultipleChoiceTask,
    PromptTemplate,
    RenderedPrompt,
    source_from_position,
)
from polyarena.tasks.frames.row import Row

CONFIGS = by_language("ar bg de el en es fr hi ru sw th tr ur vi zh")

WORDS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "arb_Arab": ("صحيح", "نعم", "لذا", "لا"),
        "bul_Cyrl": ("правилно", "да", "така", "не"),
        "deu_Latn": ("richtig", "Ja", "Auch", "Nein"),
        "ell_Grek": ("σωστός", "Ναί", "Έτσι", "όχι"),
        "eng_Latn": ("right", "Yes", "Also", "No"),
        "fra_Latn": ("correct", "Oui", "Aussi", "Non"),
        "hin_Deva": ("सही", "हाँ", "इसलिए", "नहीं"),
        "rus_Cyrl": ("правильно", "Да", "Так", "Нет"),
        "spa_Latn": ("correcto", "Sí", "Asi que", "No"),
        "swh_Latn": ("sahihi", "Ndiyo", "Hivyo", "Hapana"),
        "tha_Thai": ("ถูกต้อง", "ใช่", "ดังนั้น", "ไม่"),
        "tur_Latn": ("doğru", "Evet", "Böylece", "Hayır"),
        "urd_Arab": ("صحیح", "جی ہاں", "اس لئے", "نہیں"),
        "vie_Latn": ("đúng", "Vâng", "Vì vậy", "Không"),
        "zho_Hans": ("正确", "是的", "所以", "不是的"),
    }
)
"""In each language: right?, and what joins a hypothesis that is entailed, neutral, contradicted."""


def native(row: Row) -> RenderedPrompt:
    """Join premise and hypothesis by a word in the language, as one text for each word."""
    right, *words = WORDS[row.language]
    start = f"{row.text('premise')}, {right}?"
    return RenderedPrompt("", tuple(f"{start} {word}, {row.text('hypothesis')}" for word in words), whole=True)


def true_or_false(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask for true, neither or false, as GPT-3 was asked (Brown et al. 2020, arXiv 2005.14165, appendix G)."""
    question = f"Question: {row.text('hypothesis')} True, False, or Neither?"
    return f"{row.text('premise')}\n{question}\nAnswer:", ("True", "Neither", "False")


def follows(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask whether the hypothesis follows."""
    premise, hypothesis = row.text("premise"), row.text("hypothesis")
    return f'"{premise}" Does it follow that "{hypothesis}"? Yes, no, or maybe?\nAnswer:', ("Yes", "Maybe", "No")


def supposing(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask whether the hypothesis is true if the premise is."""
    asked = f'Suppose it is true that "{row.text("premise")}" Is it then true that "{row.text("hypothesis")}"?'
    return f"{asked} Always, sometimes, or never?\nAnswer:", ("Always", "Sometimes", "Never")


def claim(row: Row) -> tuple[str, tuple[str, ...]]:
    """Ask whether a claim is right, given what is known."""
    known = f"Known: {row.text('premise')}\nClaim: {row.text('hypothesis')}"
    return f"{known}\nIs the claim right, wrong, or undecided?\nAnswer:", ("Right", "Undecided", "Wrong")


ENGLISH: Mapping[str, PromptTemplate] = MappingProxyType(
    {"true_or_false": true_or_false, "follows": follows, "supposing": supposing, "claim": claim}
)
"""The templates that suit any language; their choices are labels, scored by ``acc`` alone."""

LABELS = "012"
"""Entailment, neutral, contradiction: the order of the choices in every template."""

task = MultipleChoiceTask(
    card=choice_card(
        "xnli",
        "XNLI: natural language inference in 15 languages",
        Dataset(
            id="facebook/xnli",
            revision="b8dd5d7af51114dbda02c0e3f6133f332186418e",
            split="validation",
            licence="CC-BY-NC-4.0",
            url="https://huggingface.co/datasets/facebook/xnli",
        ),
        translated(CONFIGS, Provenance.HUMAN),
        chance=1 / 3,
        version="0.2",
        shared="the 2,490 validation pairs, by row",
        citation="Conneau et al. 2018, XNLI, arXiv 1809.05053",
    ),
    configs=CONFIGS,
    fields=("premise", "hypothesis", "label"),
    prompts={"native": native, **ENGLISH},
    fixed_labels=frozenset(ENGLISH),
    gold=lambda row: row.gold("label", LABELS),
    other_splits=("test",),
    source=source_from_position,
)
