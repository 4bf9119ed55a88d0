"""The engine gives lm-eval's numbers: tiny models of several families, random trees, and the odd cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import FAMILIES

Agree = Callable[..., None]
Build = Callable[..., Any]
Scores = Callable[..., list[tuple[float, bool]]]

LONG = "The quick brown fox jumps over the lazy dog. "
PAIRS = [
    *((f"{LONG}{question}", choice) for question in ("One?", "Two?") for choice in (" yes", " no", " yes, of course")),
    *((f"{LONG}{LONG}{place}", letter) for place in range(12) for letter in ("A", "B", "C")),
    ("", "Nothing before it"),
    ("short", " a"),
]


@pytest.mark.parametrize("family", FAMILIES)
def test_families(family: str, build: Build, agree: Agree) -> None:
    lm = build(family, attention="eager" if family == "gemma2" else "sdpa")
    agree(lm, PAIRS)
    assert lm.scorer.counts.computed < lm.scorer.counts.tokens


@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3_text"])
def test_eager_attention(family: str, build: Build, agree: Agree) -> None:
    agree(build(family, attention="eager"), PAIRS)


PARTS = ["ab", LONG, "c ", "aab", LONG[:30]]
WORD = st.text("ab ", min_size=1, max_size=6).filter(str.strip)


@given(
    contexts=st.lists(
        st.lists(st.sampled_from(["ab", LONG, "c ", "aab", LONG[:30]]), max_size=5), min_size=1, max_size=6
    ),
    choices=st.lists(WORD, min_size=1, max_size=4),
    budget=st.sampled_from([1, 40, 700]),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_trees(llama: Any, agree: Agree, contexts: list[list[str]], choices: list[str], budget: int) -> None:
    llama.scorer.budget = budget
    agree(llama, [("".join(context), choice) for context in contexts for choice in choices])


def test_choices_that_begin_each_other(llama: Any, agree: Agree) -> None:
    agree(llama, [("Say", choice) for choice in (" a", " ab", " abc", " abc", " b")])


def test_spaces_at_the_end_of_a_context_belong_to_the_choice(llama: Any, agree: Agree) -> None:
    agree(llama, [("Say  ", "it"), ("Say", "  it"), ("Say ", " it")])


def test_equal_requests_get_equal_scores(llama: Any, scores: Scores) -> None:
    first, other, again = scores(llama, [("Say", " a"), ("Say", " b"), ("Say", " a")])
    assert first == again != other


def test_a_beginning_that_is_the_prefix_token_is_its_own_context(llama: Any, agree: Agree) -> None:
    agree(llama, [("", "<s>abc"), ("", "abc"), ("<s>x", "abc")])


def test_contexts_longer_than_the_model_lose_their_beginning(build: Build, agree: Agree) -> None:
    lm = build("llama", max_length=20)
    agree(lm, [(LONG, " yes"), (LONG[:30], " no"), ("ok", " yes"), ("", LONG[:20])])
    assert lm.truncated == 2  # the last has 20 tokens behind the prefix token: the model reads 20 of the 21


def test_a_choice_longer_than_the_model_is_refused(build: Build, scores: Scores) -> None:
    with pytest.raises(ValueError, match="choice of 45 tokens is longer than the model's maximum sequence length, 20"):
        scores(build("llama", max_length=20), [("a", LONG)])


def test_an_empty_choice_is_refused(llama: Any, scores: Scores) -> None:
    with pytest.raises(ValueError, match="an empty choice cannot be scored"):
        scores(llama, [("Say", "")])


def test_no_requests_are_no_scores(llama: Any, scores: Scores) -> None:
    assert scores(llama, []) == []


def test_kept_prefixes_change_no_bit(build: Build, scores: Scores) -> None:
    pairs = [(f"{LONG * 4}{place} and a question of its own {place}", " yes") for place in range(12)]
    lm = build("llama")
    first = scores(lm, pairs)
    computed = lm.scorer.counts.computed
    assert scores(lm, pairs) == first
    assert lm.scorer.counts.computed - computed < computed
    lm.scorer.clear()
    assert scores(lm, pairs) == first


def test_the_order_of_requests_changes_no_bit(llama: Any, scores: Scores) -> None:
    assert scores(llama, PAIRS[::-1]) == scores(llama, PAIRS)[::-1]


def test_greedy_flags_are_true_where_the_model_would_say_it(llama: Any, agree: Agree, scores: Scores) -> None:
    letters = [chr(code) for code in range(33, 127)]
    flags = [greedy for _, greedy in scores(llama, [(LONG, letter) for letter in letters])]
    assert sum(flags) <= 1
    agree(llama, [(LONG, letter) for letter in letters])


def test_half_precision_stays_within_its_rounding(build: Build, scores: Scores) -> None:
    torch = pytest.importorskip("torch")
    lm = build("llama", dtype=torch.bfloat16)
    assert lm.unfit == ""
    ours, theirs = (scores(lm, PAIRS, peer=peer) for peer in (False, True))
    worst = max(abs(one[0] - other[0]) / len(pair[1]) for one, other, pair in zip(ours, theirs, PAIRS, strict=True))
    assert worst < 0.25


def test_logits_that_are_no_numbers_are_refused(build: Build, scores: Scores) -> None:
    torch = pytest.importorskip("torch")
    lm = build("llama")
    with torch.no_grad():
        lm.model.lm_head.weight[5] = float("nan")
    with pytest.raises(FloatingPointError, match="not numbers"):
        scores(lm, PAIRS[:2])
