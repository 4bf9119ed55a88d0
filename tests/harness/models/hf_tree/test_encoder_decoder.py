"""Encoder-decoders: lm-eval's numbers, with one pass of the encoder for each context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PAIRS = [
    *(
        (f"Question {number}?" * number, choice)
        for number in (1, 2, 3)
        for choice in ("yes", "no", "perhaps, who knows")
    ),
    ("", "nothing before it"),
]


@pytest.fixture(scope="module")
def t5(tokenizer: Any) -> Any:
    torch = pytest.importorskip("torch")
    from transformers import MT5Config, MT5ForConditionalGeneration

    from polyarena.harness.models.hf_tree.lm import TreeLM

    config = MT5Config(
        vocab_size=259,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=2,
        pad_token_id=2,
        eos_token_id=1,
        initializer_factor=0.5,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MT5ForConditionalGeneration(config).eval()
    return TreeLM(pretrained=model, tokenizer=tokenizer, device="cpu", batch_size=4, backend="seq2seq", max_length=64)


@pytest.mark.parametrize("budget", [1, 30, 1000])
def test_numbers_are_those_of_lm_eval(t5: Any, agree: Callable[..., None], budget: int) -> None:
    t5.scorer.budget = budget
    agree(t5, PAIRS)


def test_each_context_is_encoded_once(t5: Any, scores: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, seen = t5.model.get_encoder(), []
    forward = encoder.forward

    def counted(*args: Any, **kwargs: Any) -> Any:
        seen.append(int(kwargs["attention_mask"].sum()))
        return forward(*args, **kwargs)

    monkeypatch.setattr(encoder, "forward", counted)
    t5.scorer.budget = 1
    scores(t5, PAIRS)
    contexts = {context for context, _ in PAIRS}
    assert len(seen) == len(contexts)


def test_memory_that_is_short_halves_the_batch(
    t5: Any, scores: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    t5.scorer.budget = 1000
    expected = scores(t5, PAIRS)
    encoder = t5.model.get_encoder()
    forward = encoder.forward

    def limited(*args: Any, **kwargs: Any) -> Any:
        if kwargs["input_ids"].shape[0] > 1:
            raise RuntimeError("out of memory")
        return forward(*args, **kwargs)

    monkeypatch.setattr(encoder, "forward", limited)
    before = t5.scorer.counts.splits
    values = [value for value, _ in scores(t5, PAIRS)]
    assert values == pytest.approx([value for value, _ in expected], abs=1e-4)
    assert t5.scorer.counts.splits > before


def test_memory_that_one_context_exceeds_is_an_error(
    t5: Any, scores: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(t5.model.get_encoder(), "forward", refuse)
    with pytest.raises(RuntimeError, match=r"no memory for a single text of \d+ tokens on cpu"):
        scores(t5, PAIRS)
