"""Tokenizers that merge across the boundary, have no BOS, or pad on the left: as lm-eval treats them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="the [hf] extra is not installed")

Build = Callable[..., Any]
PAIRS = [("xa", "bcx"), ("xa", "bca"), ("x", "c"), ("xa", "abc"), ("xaaaa", "ab"), ("x ", "ab"), ("cab", "cab")]


def merging(**settings: Any) -> Any:
    """A tokenizer of letters that joins ``ab``, ``aa`` and ``abc``."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    words = ["<s>", "</s>", "<pad>", "a", "b", "c", "x", " ", "ab", "aa", "abc"]
    vocabulary = {word: place for place, word in enumerate(words)}
    model = Tokenizer(BPE(vocabulary, [("a", "b"), ("a", "a"), ("ab", "c")]))
    names = {"eos_token": "</s>", "pad_token": "<pad>", "bos_token": "<s>", **settings}
    return PreTrainedTokenizerFast(tokenizer_object=model, **names)


def test_choices_whose_beginning_merges_with_the_context(build: Build, agree: Callable[..., None]) -> None:
    lm = build("llama", tokenizer=merging())
    assert lm.tok_encode("xabc") == [6, 10]  # the context `xa` has two tokens of its own
    agree(lm, PAIRS)


def test_a_choice_that_merges_away_is_refused(build: Build, scores: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="the choice 'b' has no token of its own after 'xa'"):
        scores(build("llama", tokenizer=merging()), [("xa", "b")])


def test_models_without_a_bos_score_whole_texts_after_their_end_token(build: Build, agree: Callable[..., None]) -> None:
    lm = build("llama", tokenizer=merging(bos_token=None))
    assert lm.prefix_token_id == 1
    agree(lm, [("", "abc"), ("", "x"), *PAIRS])


@pytest.mark.parametrize("deterministic", [False, True])
def test_a_tokenizer_that_pads_on_the_left(deterministic: bool, build: Build, agree: Callable[..., None]) -> None:
    lm = build("llama", tokenizer=merging(padding_side="left"), deterministic=deterministic)
    agree(lm, [("x" * length, choice) for length in (1, 30, 7) for choice in ("abc", "c")])
