"""When the engine scores, how it is switched off, and what the lock and the cell key say of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from polyarena.harness.models import find_model_type, precision
from polyarena.harness.models.hf_tree.token_budget import LARGEST, SMALLEST, from_memory
from polyarena.harness.models.protocol import ChoiceRequest, ModelContext
from polyarena.tasks.errors import ExperimentError, ModelError, UnknownNameError

Build = Callable[..., Any]
Scores = Callable[..., list[tuple[float, bool]]]


def load(folder: Path, **args: Any) -> Any:
    context = ModelContext(base=str(folder.parent))
    return find_model_type("hf").load({"pretrained": folder.name, "device": "cpu", **args}, True, context)


def identity(folder: Path, **args: Any) -> dict[str, str]:
    context = ModelContext(base=str(folder.parent))
    return dict(find_model_type("hf").identity({"pretrained": folder.name, **args}, context, "eng_Latn"))


def test_hf_is_scored_by_the_engine_and_says_so(
    tiny_llama: Path, choosing: Callable[..., ChoiceRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    from polyarena.harness.models.hf_tree.engine import Engine

    sizes = []
    score = Engine.score
    monkeypatch.setattr(
        Engine, "score", lambda self, requests, *rest: (sizes.append(len(requests)), score(self, requests, *rest))[1]
    )
    model = load(tiny_llama, dtype="float32")
    sizes.clear()  # of the self-test
    by_engine = model.choose([choosing("Which?", "one", "two")])
    assert sizes == [2]
    assert (model.provenance["engine"], model.provenance["token_budget"]) == ("hf-tree@1", "1024")
    other = load(tiny_llama, dtype="float32", engine="lm-eval")
    sizes.clear()
    by_lm_eval = other.choose([choosing("Which?", "one", "two")])
    assert sizes == []
    assert other.provenance["engine"] == "lm-eval (switched off by `engine: lm-eval`)"
    assert by_engine[0].loglikelihoods == pytest.approx(by_lm_eval[0].loglikelihoods, abs=1e-4)


@pytest.mark.parametrize(
    ("flags", "dtype", "warned"),
    [("avx2", "bfloat16", True), ("avx512_bf16", "bfloat16", False), ("avx2", "float32", False)],
)
def test_bfloat16_on_a_processor_without_it_is_said(
    tiny_llama: Path,
    flags: str,
    dtype: str,
    warned: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(precision, "_flags", lambda: frozenset({flags}))
    load(tiny_llama, dtype=dtype)
    assert ("`dtype: float32`" in caplog.text) is warned


def test_the_cell_key_names_the_engine_where_it_can_change_a_number(tiny_llama: Path) -> None:
    exact = identity(tiny_llama, dtype="float32")
    assert "engine" not in exact
    assert identity(tiny_llama, dtype="float32", engine="lm-eval", token_budget=64) == exact
    half = identity(tiny_llama, dtype="bfloat16")
    assert half["engine"] == identity(tiny_llama)["engine"] == "hf-tree@1"
    assert identity(tiny_llama, dtype="bfloat16", engine="lm-eval")["engine"] == "lm-eval"
    assert "engine" not in json.loads(half["args"])
    assert identity(tiny_llama, dtype="bfloat16", token_budget=64) == half


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ({"engine": "hf_tree"}, UnknownNameError, "unknown engine 'hf_tree'"),
        ({"token_budget": 0}, ExperimentError, "`token_budget` must be a number of tokens"),
        ({"token_budget": "many"}, ExperimentError, "`token_budget` must be a number of tokens"),
    ],
)
def test_arguments_that_cannot_work(
    tiny_llama: Path, args: dict[str, Any], error: type[Exception], message: str
) -> None:
    context = ModelContext(base=str(tiny_llama.parent))
    with pytest.raises(error, match=message):
        find_model_type("hf").check({"pretrained": tiny_llama.name, **args}, context, "systems.a.args")


def test_a_model_that_ignores_the_mask_is_left_to_lm_eval(build: Build, scores: Scores) -> None:
    from polyarena.harness.models.hf_tree.self_test import find_decoder

    lm = build("llama")
    body = lm.model.base_model
    forward = body.forward
    body.forward = lambda *args, **kwargs: forward(*args, **{**kwargs, "attention_mask": None})
    assert "differs from plain passes by" in find_decoder(lm)[1]


def test_a_model_whose_code_refuses_is_left_to_lm_eval(build: Build) -> None:
    from polyarena.harness.models.hf_tree.self_test import find_decoder

    lm = build("llama")

    def refuse(*_: Any, **__: Any) -> None:
        raise TypeError("no such argument")

    lm.model.base_model.forward = refuse
    assert find_decoder(lm)[1] == "its code refuses a tree: TypeError: no such argument"


@pytest.mark.parametrize(
    ("family", "settings", "reason"),
    [
        ("bloom", {}, "BloomForCausalLM takes no position_ids"),
        ("mamba", {"state_size": 4}, "MambaForCausalLM takes no"),
    ],
)
def test_families_that_are_left_to_lm_eval(
    family: str, settings: dict[str, Any], reason: str, tokenizer: Any, scores: Scores
) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    from polyarena.harness.models.hf_tree.lm import TreeLM

    config = AutoConfig.for_model(family, vocab_size=259, hidden_size=32, num_hidden_layers=1, n_head=4, **settings)
    model = AutoModelForCausalLM.from_config(config).eval()
    lm = TreeLM(pretrained=model, tokenizer=tokenizer, device="cpu", batch_size=2, max_length=64)
    assert lm.unfit.startswith(reason)
    assert scores(lm, [("Say", " a")]) == scores(lm, [("Say", " a")], peer=True)
    with pytest.raises(ValueError, match="the engine 'hf-tree' cannot score this model: "):
        TreeLM(pretrained=model, tokenizer=tokenizer, device="cpu", max_length=64, engine="hf-tree")


def test_memory_that_is_short_halves_the_batch_and_is_counted(build: Build, scores: Scores) -> None:
    lm = build("llama", token_budget=2048)
    pairs = [(f"{place} " * 40, " yes") for place in range(12)]
    expected = scores(lm, pairs)
    body = lm.model.base_model
    forward = body.forward

    def limited(*args: Any, **kwargs: Any) -> Any:
        if kwargs["input_ids"].numel() > 300:
            raise RuntimeError("CUDA out of memory")
        return forward(*args, **kwargs)

    body.forward = limited
    values = [value for value, _ in scores(lm, pairs)]
    assert values == pytest.approx([value for value, _ in expected], abs=1e-4)
    assert lm.scorer.counts.splits > 0
    assert lm.scorer.budget < 2048
    body.forward = lambda *_, **__: (_ for _ in ()).throw(RuntimeError("out of memory"))
    with pytest.raises(RuntimeError, match="no memory for a single text of"):
        scores(lm, pairs)


def test_too_long_a_choice_reaches_the_user_as_an_error(
    tiny_llama: Path, choosing: Callable[..., ChoiceRequest]
) -> None:
    model = load(tiny_llama, dtype="float32", max_length=40)
    with pytest.raises(ModelError, match="longer than the model's maximum sequence length"):
        model.choose([choosing("Which?", "one" * 30, "two")])


def test_the_budget_follows_the_memory() -> None:
    llama_8b = SimpleNamespace(
        hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8
    )
    config = SimpleNamespace(get_text_config=lambda decoder: llama_8b)
    budgets = [from_memory(config, gib << 30, 2) for gib in (0, 2, 4, 8, 64, 1000)]
    assert budgets == sorted(budgets)
    assert (budgets[0], budgets[-1]) == (SMALLEST, LARGEST)
    assert all(budget & (budget - 1) == 0 for budget in budgets)


def test_the_recorded_budget_is_used_again_on_such_a_device(tiny_llama: Path) -> None:
    def budget(recorded: dict[str, str], **args: Any) -> str:
        context = ModelContext(base=str(tiny_llama.parent), recorded=recorded)
        given = {"pretrained": tiny_llama.name, "device": "cpu", "dtype": "float32", **args}
        model = find_model_type("hf").load(given, True, context)
        return model.provenance["token_budget"]

    assert budget({"device": "cpu", "token_budget": "128"}) == "128"
    assert budget({"device": "cpu", "token_budget": "128"}, token_budget=256) == "256"
    assert budget({"device": "cuda:0", "token_budget": "8192"}) == "1024"
    assert budget({"device": "cpu", "engine": "lm-eval (...)"}) == "1024"


def test_what_happened_while_scoring_is_told(tiny_llama: Path, choosing: Callable[..., ChoiceRequest]) -> None:
    model = load(tiny_llama, dtype="float32", max_length=40)
    assert "truncated_requests" not in model.provenance
    model.choose([choosing("Which of these many things?" * 3, "one", "two"), choosing("a", "b", "c")])
    assert model.provenance["truncated_requests"] == "2"


def test_batches_are_halved_for_a_while(tiny_llama: Path, choosing: Callable[..., ChoiceRequest]) -> None:
    model = load(tiny_llama, dtype="float32", token_budget=512)
    with model.halved_batches() as possible:
        assert possible
        assert model.provenance["token_budget"] == "256"
        model._lm.truncated += 1
    assert model.provenance["token_budget"] == "512"
    assert "truncated_requests" not in model.provenance
    other = load(tiny_llama, dtype="float32", engine="lm-eval", batch_size=8)
    with other.halved_batches() as possible:
        assert possible
        assert other._lm.batch_size == 4
        model.choose([choosing("Which?", "one", "two")])
    assert other._lm.batch_size == 8
    single = load(tiny_llama, dtype="float32", engine="lm-eval", batch_size=1)
    with single.halved_batches() as possible:
        assert not possible


def test_batches_of_texts_have_a_size_of_their_own(tiny_llama: Path) -> None:
    model = load(tiny_llama, dtype="float32", token_budget=512, batch_size=6)
    with model.halved_batches(texts=True) as possible:
        assert possible
        assert model._lm.batch_size == 3
        assert model.provenance["token_budget"] == "512"
    assert model._lm.batch_size == 6
    single = load(tiny_llama, dtype="float32", token_budget=512, batch_size=1)
    with single.halved_batches(texts=True) as possible:
        assert not possible


def test_a_batch_that_was_divided_meanwhile_stays_small(tiny_llama: Path) -> None:
    model = load(tiny_llama, dtype="float32", token_budget=512)
    with model.halved_batches():
        model._lm.scorer.budget = 100
    assert model.provenance["token_budget"] == "100"
