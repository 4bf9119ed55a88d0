"""The model type ``endpoint`` around any :data:`Ask`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest

from polyarena.harness.models.endpoint import build
from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, ModelContext, ModelType
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.item import Kind

Asking = Callable[..., list[GenerateRequest]]
ARGS = {"base_url": "http://localhost:9/v1", "model": "m"}


def opening(reply: Callable[[Call], Reply], seen: list[Call] | None = None) -> ModelContext:
    def open_endpoint(args: Mapping[str, Any]) -> Callable[[Iterable[Call]], Iterator[Reply]]:
        assert args == ARGS

        def ask(calls: Iterable[Call]) -> Iterator[Reply]:
            for call in calls:
                if seen is not None:
                    seen.append(call)
                yield reply(call)

        return ask

    return ModelContext(open_endpoint=open_endpoint)


def test_it_is_a_model_type_without_multiple_choice(choosing: Callable[..., ChoiceRequest]) -> None:
    assert isinstance(build, ModelType)
    assert build.supports(Kind.OPEN_ENDED)
    assert build.supports(Kind.GENERATIVE)
    assert not build.supports(Kind.MULTIPLE_CHOICE)
    model = build.load(ARGS, True, opening(lambda call: Reply("")))
    with pytest.raises(ModelError, match="cannot score choices"):
        model.choose([choosing("q", "a")])


def test_messages_sampling_and_index_reach_the_endpoint(asking: Asking) -> None:
    seen: list[Call] = []
    reply = Reply("jibu", "stop", 5, 2, 0.1)
    model = build.load(ARGS, True, opening(lambda call: reply, seen))
    request = asking("Habari?", system="Jibu.", temperature=0.3, sample_index=4)[0]
    answer = model.generate([request])[0]
    assert (seen[0].messages, seen[0].sampling, seen[0].sample_index) == (request.messages, request.sampling, 4)
    assert (answer.text, answer.finish_reason, answer.prompt_tokens, answer.completion_tokens) == ("jibu", "stop", 5, 2)
    assert json.loads(answer.prompt) == list(request.messages)
    assert answer.prompt == '[{"content":"Jibu.","role":"system"},{"content":"Habari?","role":"user"}]'
    model.close()


def test_an_empty_answer_is_kept(asking: Asking) -> None:
    model = build.load(ARGS, True, opening(lambda call: Reply("", "length")))
    assert model.generate(asking("one"))[0].text == ""


def test_a_failed_call_fails_the_cell_after_all_others_ended(asking: Asking) -> None:
    seen: list[Call] = []

    def reply(call: Call) -> Reply:
        failed = "two" in call.messages[-1]["content"]
        return Reply("", error="500 for ever") if failed else Reply("answer")

    model = build.load(ARGS, True, opening(reply, seen))
    with pytest.raises(ModelError) as caught:
        model.generate(asking("one", "two", "three", "also two"))
    assert len(seen) == 4
    assert caught.value.what == "2 of 4 calls got no answer"
    assert caught.value.why == "500 for ever"
    assert "again" in caught.value.fix


def test_an_endpoint_that_ends_early_is_noticed(asking: Asking) -> None:
    model = build.load(ARGS, True, ModelContext(open_endpoint=lambda args: lambda calls: iter([Reply("only one")])))
    with pytest.raises(ModelError, match="2 of 3 calls"):
        model.generate(asking("one", "two", "three"))


@pytest.mark.parametrize("template", [False, "{{ messages }}"])
def test_a_chat_template_is_the_servers(template: bool | str) -> None:
    with pytest.raises(ModelError, match="chat_template: true"):
        build.load(ARGS, template, opening(lambda call: Reply("")))


def test_nothing_is_opened_while_planning() -> None:
    with pytest.raises(ModelError, match="planning"):
        build.load(ARGS, True, ModelContext())


def test_wrong_settings_are_named_with_their_place() -> None:
    with pytest.raises(ExperimentError, match=r"^experiment.yaml:7: .*concurency") as caught:
        build.check({**ARGS, "concurency": 3}, ModelContext(), "experiment.yaml:7")
    assert caught.value.fix == "did you mean 'concurrency'?"
    assert caught.value.what.startswith("unknown argument of `endpoint` '")

    with pytest.raises(ExperimentError, match="model"):
        build.check({"base_url": "http://localhost/v1"}, ModelContext(), "")
    with pytest.raises(ExperimentError, match="base_url: must be an address such as"):
        build.check({**ARGS, "base_url": "localhost:8000"}, ModelContext(), "")


def test_identity_is_who_is_asked_and_not_how_fast() -> None:
    def of(**more: Any) -> Mapping[str, str]:
        return build.identity({**ARGS, **more}, ModelContext(), "deu_Latn")

    plain = of()
    assert of(concurrency=64, timeout_s=5, api_key_env="OTHER", prices={"input": 1, "output": 2}) == plain
    assert of(model="n") != plain
    assert of(base_url="http://localhost:10/v1") != plain
    assert of(extra_body={"reasoning_effort": "low"}) != plain
    assert plain["type"] == "endpoint"


@pytest.mark.parametrize("reason", ["refused", "content_filter", "SAFETY"])
def test_a_prompt_that_the_host_refuses_costs_no_other_its_answer(asking: Asking, reason: str) -> None:
    """CASES 16: two answers and one refusal."""

    def reply(call: Call) -> Reply:
        refused = call.messages[-1]["content"] == "bad"
        return Reply("", reason, error="HTTP 400: filtered") if refused else Reply("fine", "stop")

    model = build.load(ARGS, True, opening(reply))
    answers = model.generate([*asking("good"), *asking("bad"), *asking("better")])
    assert [(answer.text, answer.finish_reason) for answer in answers] == [
        ("fine", "stop"),
        ("", reason),
        ("fine", "stop"),
    ]


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        (
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "`max_tokens_field: max_completion_tokens` for this endpoint (the server refuses max_tokens)",
        ),
        ("max_tokens must be at most 8192", "sampling: {max_tokens"),
        ("'temperature' does not support 0 with this model", "temperature"),
        ("This model's maximum context length is 8192 tokens", "sampling: {max_tokens"),
        ("the request exceeds the available context size", "context length"),
        ("Unsupported parameter: 'stop'", "stop"),
        ("unknown field seed", "extra_body: {seed: null}"),
    ],
)
def test_a_parameter_that_is_refused_is_named_with_its_key(asking: Asking, said: str, fix: str) -> None:
    """CASES 17: no rerun helps, so none is advised."""
    model = build.load(ARGS, True, opening(lambda call: Reply("", error=f"HTTP 400: {said}")))
    with pytest.raises(ModelError) as caught:
        model.generate(asking("a"))
    assert fix in caught.value.fix
    assert "run the same command" not in caught.value.fix


@pytest.mark.parametrize("said", ["HTTP 500: temperature", "HTTP 400: bad", "no answer within 5 s: stop"])
def test_other_failures_are_cured_by_a_rerun(asking: Asking, said: str) -> None:
    model = build.load(ARGS, True, opening(lambda call: Reply("", error=said)))
    with pytest.raises(ModelError, match="run the same command again"):
        model.generate(asking("a"))
