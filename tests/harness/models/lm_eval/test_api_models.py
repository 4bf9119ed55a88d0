"""lm-eval's API types against a scripted server, and the ``dummy`` type, which needs no torch."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest

from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, Model, ModelContext
from polyarena.tasks.errors import ModelError

Asking = Callable[..., list[GenerateRequest]]
Choosing = Callable[..., ChoiceRequest]


@pytest.fixture
def chat(chat_server: Any, context: ModelContext) -> Model:
    for module in ("aiohttp", "requests", "tenacity"):
        pytest.importorskip(module, reason="lm-eval's [api] extra is not installed")
    return load(chat_server.url, context)


def load(url: str, context: ModelContext, **args: Any) -> Model:
    found = find_model_type("local-chat-completions")
    arguments = {"model": "scripted", "base_url": url, "max_retries": 1, **args}
    found.check(arguments, context, "systems.one")
    return found.load(arguments, True, context)


def test_messages_go_out_as_messages(chat: Model, chat_server: Any, asking: Asking) -> None:
    answers = chat.generate(asking("Habari?", "Wie geht's?", system="Answer in the language.", max_tokens=77))
    assert [answer.text for answer in answers] == ["HABARI?", "WIE GEHT'S?"]
    sent = {request["messages"][-1]["content"]: request for request in chat_server.requests}
    assert sent["Habari?"]["messages"][0] == {"role": "system", "content": "Answer in the language."}
    assert sent["Habari?"]["max_tokens"] == 77
    assert sent["Habari?"]["temperature"] == 0
    assert sent["Habari?"]["stop"] == []
    assert json.loads(answers[0].prompt) == sent["Habari?"]["messages"]


def test_usage_and_finish_reason_are_the_servers(chat: Model, asking: Asking) -> None:
    answer = chat.generate(asking("four"))[0]
    assert (answer.finish_reason, answer.prompt_tokens, answer.completion_tokens) == ("stop", 11, 4)


@pytest.mark.parametrize("concurrent", [1, 3])
def test_each_answer_keeps_its_own_counts(
    concurrent: int, chat_server: Any, context: ModelContext, asking: Asking
) -> None:
    pytest.importorskip("tenacity", reason="lm-eval's [api] extra is not installed")
    model = load(chat_server.url, context, num_concurrent=concurrent)
    texts = ["a", "bbb", "cc", "dddddd", "eeee"]
    answers = model.generate(asking(*texts))
    assert [(answer.text, answer.completion_tokens) for answer in answers] == [(t.upper(), len(t)) for t in texts]


def test_sampled_answers_carry_their_seed(chat: Model, chat_server: Any, asking: Asking) -> None:
    chat.generate(asking("one", temperature=0.5, top_p=0.9, seed=5, stop=("\n",)))
    chat.generate(asking("one", temperature=0.5, seed=5, sample_index=2))
    first, second = chat_server.requests
    assert (first["temperature"], first["top_p"], first["seed"], first["stop"]) == (0.5, 0.9, 5, ["\n"])
    assert (second["seed"], "top_p" in second, "top_k" in second) == (7, False, False)


def test_an_empty_answer_is_an_answer(chat: Model, chat_server: Any, asking: Asking) -> None:
    choice = {"index": 0, "message": {"content": None}, "finish_reason": "content_filter"}
    chat_server.reply = lambda request: (200, json.dumps({"choices": [choice]}))
    answer = chat.generate(asking("one"))[0]
    assert (answer.text, answer.finish_reason, answer.completion_tokens) == ("", "content_filter", None)


@pytest.mark.parametrize(
    "body", ['{"error": {"message": "overloaded"}}', '{"choices": []}', '{"choices": [{"index": 0}]}', "[]", '{"choi']
)
def test_a_broken_answer_is_no_empty_answer(body: str, chat: Model, chat_server: Any, asking: Asking) -> None:
    chat_server.reply = lambda request: (200, body)
    with pytest.raises(ModelError, match="did not answer"):
        chat.generate(asking("one"))


@pytest.mark.parametrize(("status", "fix"), [(401, "key"), (404, "name of the model")])
def test_refusals_name_what_to_do(status: int, fix: str, chat: Model, chat_server: Any, asking: Asking) -> None:
    chat_server.reply = lambda request: (status, "{}")
    with pytest.raises(ModelError, match="did not answer") as caught:
        chat.generate(asking("one"))
    assert fix in caught.value.fix


def test_a_server_that_is_not_there(context: ModelContext, asking: Asking) -> None:
    pytest.importorskip("tenacity", reason="lm-eval's [api] extra is not installed")
    model = load("http://127.0.0.1:9/v1/chat/completions", context)
    with pytest.raises(ModelError, match="did not answer") as caught:
        model.generate(asking("one"))
    assert "start the server" in caught.value.fix


def test_chat_types_cannot_score_choices(chat: Model, choosing: Choosing) -> None:
    with pytest.raises(ModelError) as caught:
        chat.choose([choosing("one", "a", "b")])
    assert "local-completions" in caught.value.fix


@pytest.mark.parametrize("template", [False, "{{ messages }}"])
def test_chat_types_render_on_the_server(template: bool | str, chat_server: Any, context: ModelContext) -> None:
    arguments = {"model": "scripted", "base_url": chat_server.url}
    with pytest.raises(ModelError, match="chat_template: true"):
        find_model_type("local-chat-completions").load(arguments, template, context)


def test_the_lock_says_that_the_server_renders(chat: Model) -> None:
    assert chat.provenance["chat_template"] == "server"


def test_api_bars_are_silent(chat: Model, asking: Asking, capfd: pytest.CaptureFixture[str]) -> None:
    chat.generate(asking("one", "two"))
    assert tuple(capfd.readouterr()) == ("", "")


def test_dummy_needs_neither_torch_nor_a_tokenizer(context: ModelContext, asking: Asking, choosing: Choosing) -> None:
    model = find_model_type("dummy").load({}, False, context)
    answer = model.generate(asking("one"))[0]
    assert (answer.prompt, answer.text, answer.finish_reason) == ("one", "lol", None)
    assert (answer.prompt_tokens, answer.completion_tokens) == (None, None)
    chosen = model.choose([choosing("one", "a", "b", "c"), choosing("two", "d")])
    assert [len(one.loglikelihoods) for one in chosen] == [3, 1]
    assert chosen[0].completion_tokens is None
    assert model.provenance["chat_template"] == "none"
    model.close()


def test_a_type_that_takes_no_template(context: ModelContext, monkeypatch: pytest.MonkeyPatch) -> None:
    from lm_eval.models.dummy import DummyLM

    monkeypatch.setattr(DummyLM, "tokenizer", None)
    with pytest.raises(ModelError, match="takes no chat template"):
        find_model_type("dummy").load({}, "{{ messages }}", context)


@pytest.mark.parametrize(("before", "after"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_of_a_local_model_do_not_spin_unless_told_to(
    before: str | None, after: str, context: ModelContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", before or "")
    if before is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    find_model_type("dummy").load({}, False, context)
    assert os.environ["OMP_WAIT_POLICY"] == after
