"""PAWS-X: whether two sentences that share most words mean the same, in 7 languages.

The data set is google-research-datasets/paws-x (Yang et al. 2019, arXiv 1908.11828): 2,000 test pairs, translated by
people, the same in all languages by ``id``. Pairs with an empty sentence are not asked.

The prompt is that of XGLM (Lin et al. 2021, arXiv 2112.10668) as lm-eval has it: the first sentence without its final
mark, a word for "right?", then yes or no, and the second sentence. The choices are these whole texts, scored after
nothing, as in lm-eval. Two differences: lm-eval cleans sentences in German, English, French and Spanish only, where we
drop the final mark in all languages; and its cleaning takes away the spaces on both sides of every quotation mark, ours
those between a mark and what it belongs to. All other items are lm-eval's to the character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.card import Dataset, Provenance
from polyarena.tasks.frames.cards import by_language, choice_card, translated
from polyarena.tasks.frames.multiple_choice import MultipleChoiceTask, RenderedPrompt, source_from_fields
from polyarena.tasks.frames.row import Row

CONFIGS = by_language("de en es fr ja ko zh")

WORDS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "deu_Latn": ("richtig", "Nein", "Ja"),
        "eng_Latn": ("right", "No", "Yes"),
        "fra_Latn": ("n'est-ce pas", "Non", "Oui"),
        "jpn_Jpan": ("ですね", "いいえ", "はい"),
        "kor_Hang": ("맞죠", "아니요", "예"),
        "spa_Latn": ("verdad", "No", "Sí"),
        "zho_Hans": ("对吧", "不是", "是"),
    }
)
"""In each language: right?, no, yes."""

_QUOTED = re.compile(r'" ([^"]*?) ?"(?!\w)')
_BEFORE = re.compile(r" (?=n't\b|[)'.,])")
_AFTER = re.compile(r"(?<=\() ")


def cleaned(text: str) -> str:
    """Return a sentence without the spaces that tokenization put around marks."""
    return _QUOTED.sub(r'"\1"', _AFTER.sub("", _BEFORE.sub("", text))).strip()


def native(row: Row) -> RenderedPrompt:
    """Join the sentences by no or yes in the language, as one text for each."""
    first, second = cleaned(row.text("sentence1")), cleaned(row.text("sentence2"))
    right, *words = WORDS[row.language]
    start = first[:-1] if first.endswith((".", ",", ";", "。")) else first
    if row.language.endswith("_Latn"):
        # After the comma a sentence goes on; a Latin name that begins a Korean or Chinese one keeps its capital.
        second = f"{second[0].lower()}{second[1:]}"
    texts = tuple(f"{start}, {right}? {word}, {second}" for word in words)
    return RenderedPrompt("", texts, separator="", whole=True)


task = MultipleChoiceTask(
    card=choice_card(
        "pawsx",
        "PAWS-X: paraphrases in 7 languages",
        Dataset(
            id="google-research-datasets/paws-x",
            revision="4cd8187c404bda33cb1f62b49b001115862acf37",
            licence="LicenseRef-PAWS",
            url="https://huggingface.co/datasets/google-research-datasets/paws-x",
        ),
        translated(CONFIGS, Provenance.HUMAN),
        chance=1 / 2,
        version="0.3",
        shared="the 2,000 test pairs, by id",
        notes="Free for any purpose, with thanks to Google for the data; its licence has no SPDX name.",
        citation="Yang et al. 2019, PAWS-X, arXiv 1908.11828",
    ),
    configs=CONFIGS,
    fields=("id", "sentence1", "sentence2", "label"),
    own_separators=True,
    prompts={"native": native},
    gold=lambda row: row.gold("label", "01"),
    source=source_from_fields("id"),
    asked=lambda row: bool(row.shown("sentence1") and row.shown("sentence2")),
)
