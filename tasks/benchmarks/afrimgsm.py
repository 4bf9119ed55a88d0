"""AfriMGSM: 250 problems of GSM8K, translated by people into African languages; part of IrokoBench.

Adelani et al. 2025 (arXiv 2406.03368). French is the translation of MGSM.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from polyarena.tasks.benchmarks.grade_school_maths import FIELDS, METRICS, maths_item
from polyarena.tasks.card import Dataset, GenerationDefaults, Provenance, TaskCard
from polyarena.tasks.frames.cards import translated
from polyarena.tasks.frames.generative import GenerativeTask
from polyarena.tasks.frames.rows import RowReader, Subset
from polyarena.tasks.item import Kind
from polyarena.tasks.metrics.numbers import numeric_match

CONFIGS: Mapping[str, str] = MappingProxyType(
    {
        "amh_Ethi": "amh",
        "eng_Latn": "eng",
        "fra_Latn": "fra",
        "gaz_Latn": "orm",
        "hau_Latn": "hau",
        "kin_Latn": "kin",
        "ibo_Latn": "ibo",
        "sna_Latn": "sna",
        "sot_Latn": "sot",
        "swh_Latn": "swa",
        "twi_Latn": "twi",
        "wol_Latn": "wol",
        "xho_Latn": "xho",
        "yor_Latn": "yor",
        "zul_Latn": "zul",
    }
)
"""The configs whose language is in our table; Ewe, Kinyarwanda, Lingala, Luganda and Vai are not."""

task = GenerativeTask(
    TaskCard(
        name="afrimgsm",
        version="1.0",
        title="AfriMGSM: 250 word problems in 12 African languages, English and French",
        kind=Kind.GENERATIVE,
        dataset=Dataset(
            id="masakhane/afrimgsm",
            revision="8e4268d2b94941f18f63f694cf48e4ae26fbec65",
            licence="Apache-2.0",
            url="https://huggingface.co/datasets/masakhane/afrimgsm",
        ),
        languages=tuple(sorted(CONFIGS)),
        provenance=translated(CONFIGS, Provenance.HUMAN),
        metrics=METRICS,
        shared="the 250 problems",
        generation=GenerationDefaults(max_tokens=1024),
        notes=(
            "No examples are shown. Rows are parallel by their order. Four configs are left out, as the language table "
            "lacks their languages: ewe, lin, lug, vai."
        ),
        citation="Adelani et al. 2025, IrokoBench, arXiv 2406.03368",
    ),
    RowReader({code: Subset(config) for code, config in CONFIGS.items()}, FIELDS, maths_item),
    numeric_match,
)
