"""Tiny models of random weights in float32, one a family, behind lm-eval's class with the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

SMALL = {
    "vocab_size": 259,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.4,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 2,
}
WINDOWED = {"sliding_window": 8, "num_hidden_layers": 3}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "gemma": {"head_dim": 8},
    "cohere": {"logit_scale": 0.5},
    "olmo2": {},
    "gpt_neox": {},
    "mistral": WINDOWED,
    "gemma2": {"head_dim": 8, "query_pre_attn_scalar": 8, "final_logit_softcapping": 5.0, **WINDOWED},
    "gemma3_text": {"head_dim": 8, "query_pre_attn_scalar": 8, **WINDOWED},
    "cohere2": {"logit_scale": 0.5, **WINDOWED},
}
"""Model types of ``transformers``; those with a window have layers that do not see the whole text."""


@pytest.fixture(scope="session")
def tokenizer(tiny_llama: Path) -> Any:
    """Bytes as tokens, with a BOS in front."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_llama)


@pytest.fixture(scope="session")
def build(tokenizer: Any) -> Callable[..., Any]:
    """``build("llama", max_length=64, ...)``: a new model; the arguments are those of lm-eval's class."""
    torch = pytest.importorskip("torch", reason="the [hf] extra is not installed")
    from transformers import AutoConfig, AutoModelForCausalLM

    from polyarena.harness.models.hf_tree.lm import TreeLM

    def built(family: str, *, settings: dict[str, Any] | None = None, **arguments: Any) -> Any:
        config = AutoConfig.for_model(family, **{**SMALL, **FAMILIES[family], **(settings or {})})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = AutoModelForCausalLM.from_config(config, attn_implementation=arguments.pop("attention", "sdpa"))
        dtype = arguments.pop("dtype", torch.float32)
        model = model.eval().to(dtype)
        return TreeLM(pretrained=model, **{"tokenizer": tokenizer, "device": "cpu", "batch_size": 4, **arguments})

    return built


@pytest.fixture(scope="session")
def llama(build: Callable[..., Any]) -> Any:
    return build("llama")


@pytest.fixture(scope="session")
def scores() -> Callable[..., list[tuple[float, bool]]]:
    """``scores(lm, pairs)`` by the engine; ``scores(lm, pairs, peer=True)`` by lm-eval's own code on the same model."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    def scored(lm: Any, pairs: Sequence[tuple[str, str]], peer: bool = False) -> list[tuple[float, bool]]:
        requests = [Instance("loglikelihood", {}, pair, place) for place, pair in enumerate(pairs)]
        method = HFLM.loglikelihood if peer else type(lm).loglikelihood
        answers: list[tuple[float, bool]] = method(lm, requests, disable_tqdm=True)
        return answers

    return scored


@pytest.fixture(scope="session")
def agree(scores: Callable[..., list[tuple[float, bool]]]) -> Callable[..., None]:
    """Hold the engine to lm-eval's numbers: 1e-4 a log-likelihood, the same greedy flags."""

    def compare(lm: Any, pairs: Sequence[tuple[str, str]]) -> None:
        assert lm.unfit == ""
        ours, theirs = scores(lm, pairs), scores(lm, pairs, peer=True)
        assert [value for value, _ in ours] == pytest.approx([value for value, _ in theirs], abs=1e-4, rel=0)
        assert [greedy for _, greedy in ours] == [greedy for _, greedy in theirs]

    return compare
