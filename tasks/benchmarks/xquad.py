"""XQuAD: 1,190 questions of SQuAD 1.1 with their passages, translated by professionals into eleven languages.

Artetxe et al. 2020 (arXiv 1910.11856).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import SPANS, translated
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.question_answering import FIELDS, METRICS, question_item, require_answers
from polyarena.tasks.frames.rows import RowReader, Subset
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.question_answering import answer_scores

CONFIGS: Mapping[str, str] = MappingProxyType(
    {
        "arb_Arab": "xquad.ar",
        "deu_Latn": "xquad.de",
        "ell_Grek": "xquad.el",
        "eng_Latn": "xquad.en",
        "hin_Deva": "xquad.hi",
        "ron_Latn": "xquad.ro",
        "rus_Cyrl": "xquad.ru",
        "spa_Latn": "xquad.es",
        "tha_Thai": "xquad.th",
        "tur_Latn": "xquad.tr",
        "vie_Latn": "xquad.vi",
        "zho_Hans": "xquad.zh",
    }
)

task = GenerativeTask(
    TaskCard(
        name="xquad",
        version="1.0",
        title="XQuAD: 1,190 questions about passages of Wikipedia in 12 languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="google/xquad",
            revision="51adfef1c1287aab1d2d91b5bead9bcfb9c68583",
            split="validation",
            licence="CC-BY-SA-4.0",
            url="https://huggingface.co/datasets/google/xquad",
        ),
        languages=tuple(sorted(CONFIGS)),
        provenance=translated(CONFIGS, Provenance.HUMAN),
        metrics=METRICS,
        shared="the 1,190 questions",
        generation=GenerationDefaults(max_tokens=64),
        validity=SPANS,
        citation="Artetxe et al. 2020, On the Cross-lingual Transferability, arXiv 1910.11856",
    ),
    RowReader(
        {code: Subset(config) for code, config in CONFIGS.items()}, FIELDS, question_item, inspect=require_answers
    ),
    answer_scores,
)
