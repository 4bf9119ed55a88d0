"""Rendering without a model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.models.rendering import (
    apply_chat_template,
    choice_separator,
    join_messages,
    prompt_text,
    set_template,
)
from polyarena.tasks.errors import ModelError


class Templated:
    def __init__(self, text: str = "", error: Exception | None = None) -> None:
        self.text, self.error = text, error

    def apply_chat_template(self, chat: list[dict[str, str]], add_generation_prompt: bool) -> Any:
        assert add_generation_prompt
        if self.error:
            raise self.error
        return self.text.format(*[message["content"] for message in chat])


def messages(*texts: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in zip(("system", "user"), texts, strict=False)]


@settings(deadline=None)
@given(st.lists(st.text(alphabet=st.characters()), min_size=1, max_size=2))
def test_plain_prompts_can_always_be_encoded(texts: list[str]) -> None:
    joined = join_messages(messages(*texts))
    joined.encode()
    assert joined.count("\n\n") >= len(texts) - 1
    assert "\x00" not in joined


def test_a_choice_follows_a_template_directly_and_a_bare_prompt_after_a_space() -> None:
    assert [choice_separator(True), choice_separator(False)] == ["", " "]


def test_a_task_may_want_another_separator_which_a_template_makes_needless() -> None:
    assert [choice_separator(True, "\n"), choice_separator(False, "\n"), choice_separator(False, "")] == ["", "\n", ""]


def test_templates_may_trim_but_not_drop() -> None:
    assert apply_chat_template(Templated("<{0}><{1}>"), messages("s", "u"), "") == "<s><u>"
    assert apply_chat_template(Templated("<trimmed>"), messages("  trimmed \n"), "") == "<trimmed>"
    with pytest.raises(ModelError, match="leaves out the user message"):
        apply_chat_template(Templated("<{0}>"), messages("s", "u"), "hf")


def test_any_failure_of_a_template_says_how_to_go_without() -> None:
    for error in (ValueError("no template set"), NotImplementedError(), KeyError("role")):
        with pytest.raises(ModelError, match="chat_template: false") as caught:
            apply_chat_template(Templated(error=error), messages("s"), "hf")
        assert type(error).__name__ in caught.value.why


def test_json_strings_of_messages_pass_as_they_are() -> None:
    wrapped = SimpleNamespace(prompt='[{"role": "user"}]')
    lm = SimpleNamespace(apply_chat_template=lambda chat, add_generation_prompt: wrapped)
    assert apply_chat_template(lm, messages("s"), "") is wrapped
    assert prompt_text(wrapped) == wrapped.prompt
    assert prompt_text("text") == "text"


def test_a_template_is_set_where_the_model_looks_for_it() -> None:
    lm = SimpleNamespace(tokenizer=SimpleNamespace(chat_template="old"), hf_chat_template="old")
    set_template(lm, "new", "vllm")
    assert (lm.tokenizer.chat_template, lm.hf_chat_template) == ("new", "new")
    for without in (SimpleNamespace(), SimpleNamespace(tokenizer=None), SimpleNamespace(tokenizer=object())):
        with pytest.raises(ModelError, match="takes no chat template"):
            set_template(without, "new", "gguf")
