"""Reasoning models behind lm-eval: marks survive decoding, thoughts are closed before choices, APIs give thoughts."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from every_case import every_case

from polyarena.harness.models import find_model_type
from polyarena.harness.models.lm_eval.generation import generation_arguments
from polyarena.harness.models.lm_eval.observer import Observer, attach_observer
from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, ModelContext
from polyarena.harness.models.rendering import apply_chat_template, close_before_choices, thinking_arguments
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.sampling import Sampling
from polyarena.tasks.thinking import AUTO, OFF, Detection, ThinkingRule

OPENS = (
    "{% for message in messages %}[{{ message['role'] }}]{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% if enable_thinking is not defined or enable_thinking %}<think>\n"
    "{% else %}<think>\n\n</think>\n\n{% endif %}{{ reasoning_effort | default('') }}{% endif %}"
)
USER = ({"role": "user", "content": "six?"},)


def load(folder: Path, template: bool | str = OPENS, **args: Any) -> Any:
    given = {"pretrained": folder.name, "dtype": "float32", "device": "cpu", **args}
    return find_model_type("hf").load(given, template, ModelContext(base=str(folder.parent)))


@pytest.fixture(scope="module")
def thinker(tiny_llama: Path) -> Any:
    loaded = load(tiny_llama)
    yield loaded
    loaded.close()


def ask(**fields: Any) -> GenerateRequest:
    return GenerateRequest("eng_Latn", "1", USER, Sampling(**{"max_tokens": 4, "stop": ("\n",)} | fields))


def test_a_template_that_opens_a_thought_is_told(thinker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert thinker.provenance["thought_opened_by"] == "<think>"
    asked = []
    monkeypatch.setattr(
        thinker._lm, "generate_until", lambda requests, **_: asked.extend(requests) or ["6 is </think>six\nmore"]
    )
    [answer] = thinker.generate([ask()])
    assert answer.opened == "<think>"
    assert answer.text == "6 is </think>six\nmore"
    assert answer.completion_tokens - answer.thought_tokens == len("six\nmore")
    assert "until" not in asked[0].args[1]


def test_the_budget_of_the_thought_is_beside_that_of_the_answer(thinker: Any) -> None:
    [short] = thinker.generate([ask()])
    [long] = thinker.generate([ask(thinking_budget=20)])
    assert (short.completion_tokens, short.finish_reason) == (4, "length")
    assert (long.completion_tokens, long.finish_reason) == (24, "length")
    assert short.thought_tokens == 4


def test_choices_are_scored_behind_a_closed_thought(thinker: Any) -> None:
    [result] = thinker.choose([ChoiceRequest("eng_Latn", "1", USER, ("6", "7"))])
    assert result.prompt == "[user]six?\n[assistant]<think>\n</think>\n\n"
    assert len(set(result.loglikelihoods)) == 2


def test_choices_are_never_scored_inside_a_thought_in_silence(thinker: Any) -> None:
    with pytest.raises(ModelError, match="inside a thought") as caught:
        thinker.choose([ChoiceRequest("eng_Latn", "1", USER, ("6", "7"), thinking=OFF)])
    assert "enable_thinking: false" in caught.value.fix


@every_case(
    ("rule", "prompt", "closed"),
    [
        (AUTO, "a<think>\n", "a<think>\n</think>\n\n"),
        (AUTO, "a", "a"),
        (OFF, "a", "a"),
        (ThinkingRule(Detection.MARKS, "<t>", "</t>"), "a<t>", "a<t>\n</t>\n\n"),
        (ThinkingRule(Detection.MARKS, "<t>", "</t>"), "a<think>", "a<think>\n</think>\n\n"),
        (ThinkingRule(Detection.MARKS, None, "</t>", opened=True), "a", "a\n</t>\n\n"),
    ],
)
def test_how_thoughts_are_closed(rule: ThinkingRule, prompt: str, closed: str) -> None:
    assert close_before_choices(prompt, rule, "m") == closed


def test_a_thought_opened_by_an_unknown_mark_is_refused() -> None:
    with pytest.raises(ModelError, match="inside a thought") as caught:
        close_before_choices("a", ThinkingRule(opened=True), "m")
    assert "`end`" in caught.value.fix


def test_enable_thinking_reaches_the_template_and_multiple_choice_stays(tiny_llama: Path) -> None:
    model = load(tiny_llama, enable_thinking=False)
    [result] = model.choose([ChoiceRequest("eng_Latn", "1", USER, ("6", "7"))])
    assert result.prompt == "[user]six?\n[assistant]<think>\n\n</think>\n\n"
    assert "thought_opened_by" not in model.provenance
    [answer] = model.generate([ask(reasoning_effort="low")])
    assert answer.prompt.endswith("</think>\n\nlow")
    model.close()


def test_effort_none_switches_a_local_model_off(thinker: Any) -> None:
    [answer] = thinker.generate([ask(reasoning_effort="none")])
    assert answer.opened is None
    assert thinker._lm.chat_template_args == {}


def test_what_templates_are_given() -> None:
    assert thinking_arguments(None) == {}
    assert thinking_arguments("high") == {"reasoning_effort": "high"}
    assert thinking_arguments("none", True) == {"reasoning_effort": "none", "enable_thinking": False, "thinking": False}


def test_a_model_without_template_arguments_cannot_be_told() -> None:
    lm = SimpleNamespace(apply_chat_template=lambda chat, add_generation_prompt: "six?")
    with pytest.raises(ModelError, match="how hard to think"):
        apply_chat_template(lm, USER, "m", {"reasoning_effort": "low"})


class VLLM:
    """As lm-eval's class: the template is given ``enable_thinking`` by the class itself."""

    def __init__(self) -> None:
        self.chat_template_args: dict[str, Any] = {}
        self.enable_thinking: bool | None = None

    def apply_chat_template(self, chat: Any, add_generation_prompt: bool) -> str:
        return f"six? {dict(enable_thinking=self.enable_thinking, **self.chat_template_args)}"


def test_vllm_is_told_once() -> None:
    lm = VLLM()
    assert apply_chat_template(lm, USER, "m", {"enable_thinking": False}) == "six? {'enable_thinking': False}"
    assert (lm.enable_thinking, lm.chat_template_args) == (None, {})


def test_think_end_token_is_refused_with_the_key_that_does_it(tiny_llama: Path) -> None:
    args = {"pretrained": str(tiny_llama), "think_end_token": "</think>"}
    with pytest.raises(ExperimentError, match="think_end_token") as caught:
        find_model_type("hf").check(args, ModelContext(), "systems.one")
    assert "thinking" in caught.value.fix


class HFLM:
    """Decodes like a tokenizer whose marks are special tokens."""

    words = ("[THINK]", "six", "[/THINK]", "seven", "</s>", "<pad>")

    def __init__(self) -> None:
        self.model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=4))
        special = ["[THINK]", "[/THINK]", "</s>", "<pad>"]
        self.tokenizer = SimpleNamespace(eos_token_id=4, all_special_tokens=special)

    def _model_generate(self) -> None:
        """Generates nothing."""

    def tok_decode(self, tokens: list[int], skip_special_tokens: bool = True) -> str:
        special = self.tokenizer.all_special_tokens if skip_special_tokens else ()
        return "".join(self.words[token] for token in tokens if self.words[token] not in special)

    def set_cache_hook(self, hook: Observer) -> None:
        pass


def test_marks_that_are_special_tokens_survive_decoding() -> None:
    lm = HFLM()
    attach_observer(lm)
    assert lm.tok_decode([0, 1, 2, 3, 4, 5, 5]) == "[THINK]six[/THINK]seven"
    assert lm.tok_decode([5, 1, 3]) == "sixseven"


def test_marks_set_by_hand_survive_decoding_too() -> None:
    lm = HFLM()
    lm.tokenizer.all_special_tokens = ["six", "seven", "</s>"]
    observer = attach_observer(lm)
    assert lm.tok_decode([0, 1, 3]) == "[THINK]"
    observer.thinking = ThinkingRule(Detection.MARKS, None, "six")
    assert lm.tok_decode([0, 1, 3]) == "[THINK]six"


class TemplateAPI:
    pass


def test_apis_are_sent_the_effort() -> None:
    sampling = Sampling(max_tokens=5, stop=("x",), thinking_budget=10, reasoning_effort="low")
    sent = generation_arguments(TemplateAPI(), sampling, 0)
    assert (sent["max_gen_toks"], sent["reasoning_effort"]) == (15, "low")
    assert "until" not in sent
    assert "reasoning_effort" not in generation_arguments(object(), sampling, 0)


@pytest.mark.parametrize(
    "message",
    [
        {"content": "six", "reasoning_content": "I think"},
        {"content": [{"type": "thinking", "thinking": "I think"}, {"type": "text", "text": "six"}]},
    ],
)
def test_apis_give_thoughts_apart(chat_server: Any, context: ModelContext, message: dict[str, Any]) -> None:
    pytest.importorskip("tenacity", reason="lm-eval's [api] extra is not installed")
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    usage = {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}
    chat_server.reply = lambda request: (200, json.dumps({"choices": [choice], "usage": usage}))
    arguments = {"model": "scripted", "base_url": chat_server.url, "max_retries": 1}
    model = find_model_type("local-chat-completions").load(arguments, True, context)
    [answer] = model.generate([ask(reasoning_effort="low", thinking_budget=10)])
    assert (answer.text, answer.thought, answer.thought_tokens, answer.completion_tokens) == ("six", "I think", 7, 9)
    assert chat_server.requests[0]["reasoning_effort"] == "low"
    assert chat_server.requests[0]["max_tokens"] == 14
