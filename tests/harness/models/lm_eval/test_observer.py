"""Listening to a model for token counts and finish reasons."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.models.lm_eval.observer import Observer, attach_observer, end_tokens

END, PAD = 1, 2


def answer(text: str, reason: str = "stop", index: int = 0) -> dict[str, Any]:
    return {"index": index, "text": text, "finish_reason": reason}


@settings(deadline=None)
@given(st.lists(st.integers(3, 9), max_size=6), st.integers(0, 4))
def test_generated_tokens_are_counted_up_to_the_end_token(tokens: list[int], padding: int) -> None:
    observer = Observer()
    observer.on_decoded([*tokens, END, *[PAD] * padding], "text", {END})
    observer.add_partial("generate_until", ("prompt", {}), "text")
    seen = observer.pop("prompt")
    assert seen is not None
    assert (seen.completion_tokens, seen.ended, seen.text) == (len(tokens) + 1, True, "text")


def test_without_an_end_token_all_are_counted() -> None:
    observer = Observer()
    observer.on_decoded([5, 6, 7], "text", {END})
    observer.add_partial("generate_until", ("prompt", {}), "text")
    seen = observer.pop("prompt")
    assert seen is not None
    assert (seen.completion_tokens, seen.ended) == (3, False)


def test_the_same_prompt_twice_is_answered_in_order() -> None:
    observer = Observer()
    for count in (1, 2):
        observer.on_decoded([5] * count, "", {END})
        observer.add_partial("generate_until", ("prompt", {}), "")
    taken = [observer.pop("prompt") for _ in range(3)]
    assert [one and one.completion_tokens for one in taken] == [1, 2, None]


def test_what_is_not_generation_is_not_noted() -> None:
    observer = Observer()
    observer.on_decoded([5], "", {END})
    observer.add_partial("loglikelihood", ("prompt", "choice"), (-1.0, False))
    assert observer.pop("prompt") is None
    observer.add_partial("generate_until", ("prompt", {}), "")
    observer.clear()
    assert observer.pop("prompt") is None


def test_answers_of_a_server_by_index() -> None:
    observer = Observer()
    observer.on_response(
        {"choices": [answer("b", "length", 1), answer("a", "stop", 0)], "usage": {"completion_tokens": 9}}
    )
    for prompt in ("first", "second"):
        observer.add_partial("generate_until", (prompt, {}), "")
    first, second = observer.pop("first"), observer.pop("second")
    assert first is not None
    assert second is not None
    assert (first.finish_reason, second.finish_reason) == ("stop", "length")
    # The usage is of both together and cannot be split.
    assert (first.completion_tokens, second.completion_tokens) == (None, None)


@every_case("outputs", [None, {}, [{}], {"choices": None}, {"choices": [None]}, {"choices": [{"index": 0}]}])
def test_an_answer_without_choices_is_refused(outputs: Any) -> None:
    with pytest.raises(ValueError, match="no choices"):
        Observer().on_response(outputs)


@every_case(("configured", "expected"), [(None, {1}), (7, {1, 7}), ([7, 8], {1, 7, 8})])
def test_end_tokens_are_those_of_tokenizer_and_settings(configured: Any, expected: set[int]) -> None:
    model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=configured))
    assert end_tokens(SimpleNamespace(model=model, tokenizer=SimpleNamespace(eos_token_id=1))) == expected


def test_a_model_of_neither_family_gets_a_hook_that_caches_nothing() -> None:
    hooks: list[Any] = []
    lm = SimpleNamespace(set_cache_hook=hooks.append)
    observer = attach_observer(lm)
    assert hooks == [observer]
    observer.add_partial("generate_until", ("prompt", {}), "text")
    assert observer.pop("prompt") is None
