"""TyDi QA, gold passage task: questions by people who did not know the answer, with the passage that has it.

Clark et al. 2020 (arXiv 2003.05002). One config holds all languages; the start of an ``id`` names the language. Nothing
is translated, so no item has a counterpart in another language. The validation set is asked, as everywhere: the answers
of the test set are not public.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.question_answering import FIELDS, METRICS, question_item, require_answers
from polyarena.tasks.frames.rows import RowReader, Subset, Values
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.question_answering import answer_scores

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "arb_Arab": "arabic",
        "ben_Beng": "bengali",
        "eng_Latn": "english",
        "fin_Latn": "finnish",
        "ind_Latn": "indonesian",
        "kor_Hang": "korean",
        "rus_Cyrl": "russian",
        "swh_Latn": "swahili",
        "tel_Telu": "telugu",
    }
)
"""How the ids of each language start."""


def _label(row: Values) -> str:
    return str(row["id"]).partition("-")[0]


task = GenerativeTask(
    TaskCard(
        name="tydiqa_goldp",
        version="1.0",
        title="TyDi QA gold passage: questions of information-seeking people in 9 languages",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="google-research-datasets/tydiqa",
            revision="da78f23f9119363459acbaf46bf89426ff26c259",
            split="validation",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/google-research-datasets/tydiqa",
        ),
        languages=tuple(sorted(PREFIXES)),
        provenance=dict.fromkeys(PREFIXES, Provenance.NATIVE),
        metrics=METRICS,
        generation=GenerationDefaults(max_tokens=64),
        notes="The validation set. F1 in Arabic does not compare with numbers by MLQA's script (see the metric f1).",
        left_out=dict.fromkeys(("jpn_Jpan", "tha_Thai"), "the makers left it out: no spaces between words"),
        citation="Clark et al. 2020, TyDi QA, arXiv 2003.05002",
    ),
    RowReader(
        {code: Subset("secondary_task", label=prefix) for code, prefix in PREFIXES.items()},
        FIELDS,
        question_item,
        _label,
        require_answers,
    ),
    answer_scores,
)
