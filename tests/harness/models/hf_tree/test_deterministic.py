"""`deterministic: true`: the same bits whatever is asked beside a question, and in whatever batches."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, ModelContext
from polyarena.harness.store import read_shard
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.records import Completion

torch = pytest.importorskip("torch", reason="the [hf] extra is not installed")

CODE = "import sys; from polyarena.harness.cli import main; sys.exit(main())"
Build = Callable[..., Any]
Question = list[tuple[str, str]]

FEW_SHOT = "Question: What is the capital of Kenya? Answer: Nairobi. " * 3


def questions() -> list[Question]:
    """Questions behind a shared prefix, without one, whole texts, choices that begin alike, and two equal contexts."""
    drawn = random.Random(0)

    def text(length: int) -> str:
        return "".join(drawn.choice("abc de") for _ in range(length))

    contexts = [
        (FEW_SHOT if place % 2 else "") + text(length) + "x" for place, length in enumerate((1, 5, 30, 60, 9, 3))
    ]
    found = [[(context, choice) for choice in (" yes", " yes, of course", " no")] for context in contexts]
    found.append([("", "whole text one"), ("", "whole text two, and longer")])
    found.append([("", "whole")])
    found.append([(contexts[0], " never"), (contexts[0], " no")])
    return found


def score(lm: Any, asked: list[Question]) -> list[list[tuple[float, bool]]]:
    from lm_eval.api.instance import Instance

    requests = [Instance("loglikelihood", {}, pair, place) for each in asked for place, pair in enumerate(each)]
    scores = iter(lm.loglikelihood(requests, disable_tqdm=True))
    return [[next(scores) for _ in each] for each in asked]


@pytest.mark.parametrize(
    ("family", "dtype"),
    [("llama", torch.float32), ("llama", torch.bfloat16), ("gemma2", torch.float32), ("mistral", torch.float32)],
)
def test_no_bit_depends_on_what_is_asked_beside_a_question(family: str, dtype: Any, build: Build) -> None:
    attention = "eager" if family == "gemma2" else "sdpa"
    lm = build(family, deterministic=True, dtype=dtype, attention=attention)
    asked = questions()
    together = score(lm, asked)
    assert score(lm, asked) == together  # with prefixes that are kept
    lm.scorer.clear()
    assert score(lm, asked[::-1]) == together[::-1]
    for budget in (1, 4000):
        lm.scorer.budget = budget
        lm.scorer.clear()
        assert score(lm, asked) == together
    lm.scorer.clear()
    assert [score(lm, [question])[0] for question in asked] == together
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if threads > 1 else 2)
    try:
        lm.scorer.clear()
        assert score(lm, asked) == together
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma3_text", "cohere2"])
def test_the_numbers_are_those_of_lm_eval(family: str, build: Build, agree: Callable[..., None]) -> None:
    lm = build(family, deterministic=True, attention="sdpa")
    agree(lm, [pair for question in questions() for pair in question])


def test_contexts_that_are_cut_from_the_left(build: Build, agree: Callable[..., None]) -> None:
    lm = build("llama", deterministic=True, max_length=40)
    asked = [pair for question in questions() for pair in question]
    agree(lm, asked)
    assert lm.truncated


def test_the_default_packs_questions_together_and_so_may_differ(build: Build) -> None:
    lm = build("llama")
    asked = questions()
    together, alone = score(lm, asked), [score(lm, [question])[0] for question in asked]
    assert together != alone  # in the last bits: else the tests above could not fail
    assert [value for each in together for value, _ in each] == pytest.approx(
        [value for each in alone for value, _ in each], abs=1e-4
    )


def test_a_device_whose_sums_depend_on_the_batch_is_refused(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    from polyarena.harness.models.hf_tree.forward import Decoder

    logits = Decoder.logits

    def dependent(self: Any, output: Any, rows: Any, places: Any) -> Any:
        for part in logits(self, output, rows, places):
            yield part * (1 + 1e-6 * len(output.last_hidden_state))

    monkeypatch.setattr(Decoder, "logits", dependent)
    with pytest.raises(ValueError, match=r"cannot be kept on cpu in torch\.float32"):
        build("llama", deterministic=True)


def load(folder: Path, **args: Any) -> Any:
    arguments = {"pretrained": folder.name, "device": "cpu", "dtype": "float32", **args}
    return find_model_type("hf").load(arguments, True, ModelContext(base=str(folder.parent)))


def test_a_system_with_the_argument(
    tiny_llama: Path, choosing: Callable[..., ChoiceRequest], asking: Callable[..., list[GenerateRequest]]
) -> None:
    model = load(tiny_llama, deterministic=True, batch_size=4)
    assert model.provenance["deterministic"] == "true"
    asked = [choosing("Which?", "one", "two"), choosing("Which?", "two", "three"), choosing("And?", "a", "b")]
    together = [each.loglikelihoods for each in model.choose(asked)]
    assert [model.choose([each])[0].loglikelihoods for each in asked] == together
    texts = asking("Say one.", "Say something quite different, and longer.", "Go on.")
    assert [model.generate([each])[0].text for each in texts] == [each.text for each in model.generate(texts)]


def test_it_is_part_of_the_key_and_refused_without_the_engine(tiny_llama: Path) -> None:
    context = ModelContext(base=str(tiny_llama.parent))
    found = find_model_type("hf")
    args = {"pretrained": tiny_llama.name, "dtype": "float32"}
    with_it = found.identity({**args, "deterministic": True}, context, "eng_Latn")
    assert with_it != found.identity(args, context, "eng_Latn")
    with pytest.raises(ExperimentError, match="needs the engine"):
        found.check({**args, "deterministic": True, "engine": "lm-eval"}, context, "systems.a.args")
    with pytest.raises(ExperimentError, match="must be true or false"):
        found.check({**args, "deterministic": "yes"}, context, "systems.a.args")


def test_a_model_that_the_engine_cannot_score_is_refused(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyarena.harness.models.hf_tree.lm.find_decoder", lambda lm: (None, "it ignores the mask"))
    with pytest.raises(ModelError, match="needs the engine 'hf-tree', which cannot score this model"):
        load(tiny_llama, deterministic=True)


@pytest.mark.slow
def test_any_number_of_processes_stores_the_same_numbers(tiny_llama: Path, tmp_path: Path) -> None:
    """In this process, in one worker, and in two with a smaller token budget: not a bit differs."""

    def stored(name: str, *arguments: str, **args: Any) -> dict[str, list[Completion]]:
        systems = [
            {
                "name": f"templated-{template}",
                "model": "hf",
                "chat_template": template,
                "sampling": {"max_tokens": 4},
                "args": {"pretrained": str(tiny_llama), "device": "cpu", "dtype": "float32", "deterministic": True},
            }
            for template in (True, False)
        ]
        for system in systems:
            system["args"] |= args
        experiment = {
            "name": "deterministic",
            "systems": systems,
            "languages": ["deu_Latn", "eng_Latn", "hin_Deva"],
            "tasks": [{"task": "cldr_names", "limit": 4}, {"task": "polyarena_mini", "limit": 2}],
            "statistics": {"rounds": 200},
        }
        home = tmp_path / name
        home.mkdir()
        (home / "experiment.yaml").write_text(json.dumps(experiment))
        command = ["run", "experiment.yaml", "--output", "run", "--quiet", *arguments]
        subprocess.run([sys.executable, "-c", CODE, *command], cwd=home, check=True)
        cells = home / "run" / "cells"
        return {
            str(path.relative_to(cells)): [replace(each, latency_s=None) for each in read_shard(path, Completion)]
            for path in sorted(cells.rglob("*.parquet"))
        }

    here = stored("here", "--executor", "local")
    assert len(here) == 10  # `cldr_names` has no English
    assert stored("one", "--executor", "processes:1") == here
    assert stored("two", "--executor", "processes:2", token_budget=64, batch_size=3) == here
