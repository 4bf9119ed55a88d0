"""Digests of data and of items stay the same from version to version: the keys of stored cells are made of them."""

import json

import pytest

from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning.items import read_stats
from polyarena.harness.planning.tasks import select_tasks
from polyarena.tasks.data import DataSource

THAI, ARABIC, EMOJI = "น้ำในแม่น้ำ", "نهر\u200fالنيل", '🙂 "so" \\ \t\x7f é'
OPTIONS = {f"option_{letter}": f"{letter} {THAI}" for letter in "abcd"}


def turns(number):
    for turn in (1, 2, 3):
        yield f"turn_{turn}_prompt", json.dumps({"role": "user", "content": f"{EMOJI} {number} {turn}"})
        yield f"turn_{turn}_instruction_id_list", '["punctuation:no_comma"]'
        yield f"turn_{turn}_kwargs", '["{}"]'


ROWS = {
    "global_mmlu": lambda n: {
        **OPTIONS,
        "option_b": [7, 7.0, 2.5, "\x00", EMOJI][n % 5],
        "sample_id": f"anatomy/test/{n}",
        "subject": "anatomy",
        "cultural_sensitivity_label": ["CS", "CA", "-"][n % 3],
        "question": f" {ARABIC} {n} ",
        "answer": "ABCD"[n % 4],
    },
    "mmlu_prox": lambda n: {
        **{f"option_{place}": f"{THAI} {place}" if place < 4 + n % 6 else None for place in range(10)},
        "question_id": n,
        "question": EMOJI,
        "category": "law",
        "answer": "ABCD"[n % 4],
    },
    "m_hellaswag": lambda n: {
        "ind": n,
        "activity_label": EMOJI,
        "ctx_a": THAI,
        "ctx_b": "éa [title] b",
        "endings": [f"{ARABIC} [step] {n + place}" for place in range(4)],
        "label": str(n % 4),
    },
    "ntrex_to_english": lambda n: {"text": f"{ARABIC} {EMOJI} {n}"},
    "xquad": lambda n: {
        "id": f"q{n}",
        "context": f"{THAI} {n}",
        "question": EMOJI,
        "answers": {"text": [THAI], "answer_start": [0]},
    },
    "multi_if": lambda n: {"key": f"{n}:1:en", "language": ["English", "Thai", "Hindi"][n % 3], **dict(turns(n))},
    "xnli": lambda n: {
        "premise": THAI,
        "hypothesis": f"{EMOJI} {n}",
        "label": n % 3,
        "more": [n / 2, {"a": None, "b": [{}, None, n > 3]}],
    },
}
"""How a row of each task is made; some rows have what JSON writes in more than one way."""

CASES = {
    "global_mmlu": ("ces_Latn", ["cs"]),
    "mmlu_prox": ("tha_Thai", ["th"]),
    "m_hellaswag": ("deu_Latn", ["de"]),
    "ntrex_to_english": ("tha_Thai", ["tha_Thai", "eng_Latn"]),
    "xquad": ("tha_Thai", ["xquad.th"]),
    "multi_if": ("hin_Deva", ["default"]),
    "xnli": ("tha_Thai", ["th"]),
}
"""The language of each task, and the configs that it reads."""

FIXED = {
    "global_mmlu": (
        "1a92750abfc6a685f9dda93181086702816976def5dff58c56e22c54578fa2e8",
        443080,
        ["355bf91c553b22a8c87a9ca1b903ab5cdb2b4d7fb9edca7d3f428d799265208e"],
    ),
    "mmlu_prox": (
        "049679895ce86903df1b31ccba9205f9b65d20beb550bb6c1f9b955f44b098f3",
        1349114,
        ["f1ee6fd18cc9ea6df9276c1f0f7a28bff64bcc6e1411555f800595527390fa71"],
    ),
    "m_hellaswag": (
        "bc3ff10cb3ea854ead59f48efc03bf6b0ba1e7db3d29652bbe04ce7ab5cd0766",
        229172,
        ["3d334ed0435eac3b61ec396e4faa71e5fa42f6cf47094292b103c4e7c5f49a66"],
    ),
    "ntrex_to_english": (
        "8f481780b0ef2d626617cb11a8d3acc25a5db165d28ebfcf86d8d6cd0c8bdbed",
        82490,
        [
            "5556674b4fbd365757cf747222e1184839ff0d16f156aa6f9953b0fba7327dc9",
            "5556674b4fbd365757cf747222e1184839ff0d16f156aa6f9953b0fba7327dc9",
        ],
    ),
    "xquad": (
        "21a311e9ebd22aabe26e2a951d25206298e32913cd361b57ff744a0ba4bf722a",
        140590,
        ["060102eb5fbe9fdd386bb966f529298fdb380688bf323da2b2305ddad20599a5"],
    ),
    "multi_if": (
        "165ef99f5b1e5a40f773de4876abd491d59eb33a80a5b31d19cccfe9292c0a96",
        31938,
        ["0aeaa429d65cf6289b040bdc6d0aebc4da8211ad7992f1ba4957f738691569d2"],
    ),
    "xnli": (
        "836a62ea2bfe5191b73a64067f1c42f4defd1d57416d588622a5a70ad19c691c",
        197070,
        ["e42fedf8eba3ea0e764f019a54fef486855e5d69db25c6ecf3cdc4ee735b077f"],
    ),
}
"""The digest of the items, their size, and the digests of the parts, as first published."""


def stats_of(name, root):
    language, configs = CASES[name]
    entry = {"task": name, "languages": [language]}
    experiment = load_experiment({"name": "x", "systems": [{"name": "a", "model": "dummy"}], "tasks": [entry]})
    (resolved,) = select_tasks(experiment).tasks
    dataset = resolved.card.dataset
    for config in configs:
        path = root / dataset.id / config / f"{dataset.split}.jsonl"
        path.parent.mkdir(parents=True)
        # Every other row escapes what is not ASCII, as some writers do.
        text = "".join(json.dumps(ROWS[name](n), ensure_ascii=n % 2 == 1) + "\n" for n in range(700))
        path.write_text(text, encoding="utf-8")
    data = DataSource(root)
    stats = read_stats(resolved, language, data)
    return stats.digest, stats.size, list(data.digests.values())


@pytest.mark.parametrize("name", CASES)
def test_digests_are_those_of_earlier_versions(name, tmp_path):
    assert stats_of(name, tmp_path) == FIXED[name]
