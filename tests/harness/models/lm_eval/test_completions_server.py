"""Multiple choice through a completions server: one request a question, and the test of its order."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
from polyarena.harness.endpoints.loopback import bypass_proxies
from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ChoiceRequest, Model, ModelContext
from polyarena.tasks.errors import ExperimentError, ModelError
from polyarena.tasks.item import Kind

pytest.importorskip("tenacity", reason="lm-eval's [api] extra is not installed")
torch = pytest.importorskip("torch", reason="the [hf] extra is not installed")

Choosing = Callable[..., ChoiceRequest]


class Completions:
    """Answers as vLLM does, from the logits of a model of ``transformers``.

    Attributes:
        knows: Whether it has ``logprob_token_ids``; without it, the field is ignored.
        echoes: Whether it repeats prompts with their log-probabilities; without it, ``echo`` is ignored.
        drift: Added to every log-probability, times the requests so far: a server that depends on their order.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForCausalLM

        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self._lock = threading.Lock()
        self.asked = 0
        self.knows = True
        self.echoes = True
        self.drift = 0.0

    def __call__(self, body: dict[str, Any]) -> tuple[int, str]:
        with self._lock, torch.inference_mode():
            self.asked += 1
            prompts = body["prompt"] if isinstance(body["prompt"][0], list) else [body["prompt"]]
            choices = [self._choice(place, prompt, body) for place, prompt in enumerate(prompts)]
        return 200, json.dumps({"choices": choices})

    def _choice(self, place: int, prompt: list[int], body: dict[str, Any]) -> dict[str, Any]:
        rows = self._model(torch.tensor([prompt])).logits[0].log_softmax(-1) - self.drift * self.asked
        best = int(rows[-1].argmax())
        if body.get("echo") and not self.echoes:
            logprobs = {"token_logprobs": [-0.5], "top_logprobs": [{"e": -0.5}], "tokens": ["e"]}
        elif body.get("echo"):
            own = [None, *(float(rows[i, token]) for i, token in enumerate(prompt[1:])), float(rows[-1, best])]
            top = [None, *({"x": float(row.max())} for row in rows)]
            logprobs = {"token_logprobs": own, "top_logprobs": top, "tokens": ["x"] * len(own)}
        elif self.knows:
            wanted = {best, *body["logprob_token_ids"]}
            values = {f"token_id:{token}": float(rows[-1, token]) for token in sorted(wanted)}
            logprobs = {"top_logprobs": [values], "tokens": [f"token_id:{best}"], "token_logprobs": [values]}
        else:
            logprobs = {"top_logprobs": [{"e": -0.5}], "tokens": ["e"], "token_logprobs": [-0.5]}
        return {"index": place, "text": "x", "finish_reason": "length", "logprobs": logprobs}


@pytest.fixture
def server(chat_server: Any, tiny_llama: Path) -> Any:
    chat_server.reply = Completions(tiny_llama)
    return chat_server


def served(server: Any, folder: Path, **args: Any) -> Model:
    url = server.url.replace("/chat/", "/")
    found = find_model_type("local-completions")
    arguments = {"model": "m", "base_url": url, "tokenizer": str(folder), "max_retries": 1, **args}
    arguments = {"tokenizer_backend": "huggingface", "tokenized_requests": True, **arguments}
    return found.load(arguments, True, ModelContext())


def local(folder: Path) -> Model:
    context = ModelContext(base=str(folder.parent))
    args = {"pretrained": folder.name, "device": "cpu", "dtype": "float32"}
    return find_model_type("hf").load(args, True, context)


def flat(results: Any) -> list[float]:
    return [value for each in results for value in each.loglikelihoods]


@pytest.mark.parametrize(("batch", "concurrent"), [(1, 1), (3, 1), (1, 3)])
def test_one_request_a_question_gives_the_numbers_of_hf(
    batch: int, concurrent: int, server: Any, tiny_llama: Path, choosing: Choosing
) -> None:
    questions = [choosing(f"Which of them, {number}?", "A", "B", "C", "D") for number in range(4)]
    questions += [choosing("And this?", "xa", "xb", "xc"), choosing("Or this?", "A", "xyz")]
    model = served(server, tiny_llama, logprob_token_ids=True, batch_size=batch, num_concurrent=concurrent)
    model.choose(questions[:1])
    server.requests.clear()
    found = model.choose(questions)
    assert flat(found) == pytest.approx(flat(local(tiny_llama).choose(questions)), abs=1e-3)
    chosen = [request for request in server.requests if "logprob_token_ids" in request]
    # Four questions with the same letters, and two places of three choices that begin alike.
    assert sum(len(request["prompt"]) for request in chosen) == 6
    assert len(chosen) == (4 if batch == 3 else 6)
    echoed = [request for request in server.requests if request.get("echo")]
    assert sum(len(request["prompt"]) for request in echoed) == 2


def test_without_the_argument_every_choice_is_echoed(server: Any, tiny_llama: Path, choosing: Choosing) -> None:
    questions = [choosing("Which?", "A", "B")]
    found = served(server, tiny_llama).choose(questions)
    assert flat(found) == pytest.approx(flat(local(tiny_llama).choose(questions)), abs=1e-3)
    assert all(request.get("echo") for request in server.requests)


def test_a_server_that_ignores_the_field_is_refused(server: Any, tiny_llama: Path, choosing: Choosing) -> None:
    server.reply.knows = False
    with pytest.raises(ModelError, match="does not offer `logprob_token_ids`") as caught:
        served(server, tiny_llama, logprob_token_ids=True).choose([choosing("Which?", "A", "B")])
    assert "echo" in caught.value.fix


@pytest.mark.parametrize("by_tokens", [False, True])
def test_a_server_whose_answers_depend_on_the_order_is_refused(
    by_tokens: bool, server: Any, tiny_llama: Path, choosing: Choosing
) -> None:
    server.reply.drift = 0.2
    model = served(server, tiny_llama, logprob_token_ids=by_tokens)
    with pytest.raises(ModelError, match="depend on the order of the requests") as caught:
        model.choose([choosing(f"Which, {number}?", "A", "B") for number in range(9)])
    assert "of 8 continuations" in caught.value.why
    assert server.reply.asked == 16


def test_a_server_is_tested_once_and_the_lock_has_the_shift(server: Any, tiny_llama: Path, choosing: Choosing) -> None:
    model = served(server, tiny_llama)
    model.choose([choosing("Which?", "A", "B")])
    assert server.reply.asked == 4 + 2
    assert model.provenance["order_shift"] == "0 nats"
    model.choose([choosing("Which then?", "A", "B")])
    assert server.reply.asked == 4 + 2 + 2


def test_rounding_is_no_dependence_on_the_order(server: Any, tiny_llama: Path, choosing: Choosing) -> None:
    server.reply.drift = 0.01
    model = served(server, tiny_llama)
    model.choose([choosing("Which?", "A", "B")])
    assert 0 < float(model.provenance["order_shift"].split()[0]) < 0.1


def test_no_proxy_stands_before_a_server_of_this_machine(
    server: Any, tiny_llama: Path, choosing: Choosing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.setenv("no_proxy", "")
    served(server, tiny_llama).choose([choosing("Which?", "A", "B")])
    assert server.requests
    assert os.environ["NO_PROXY"].split(",")[0] == "example.org"


@pytest.mark.parametrize("url", ["http://10.1.2.3/v1", "https://example.org/v1", "no address"])
def test_other_addresses_are_left_to_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    bypass_proxies(url)
    assert os.environ["NO_PROXY"] == ""


# The same servers as systems of type `endpoint`, through the run's own client.


@pytest.fixture
def endpoint(server: Any, tiny_llama: Path, tmp_path: Path) -> Any:
    """``endpoint(logprob_token_ids=True, ...)``: such a system; its calls are cached under ``tmp_path``."""
    opened: list[Any] = []

    def build(chat_template: bool | str = True, **args: Any) -> Model:
        url = server.url.removesuffix("/chat/completions")
        settings = {"base_url": url, "model": "m", "tokenizer": str(tiny_llama), "max_attempts": 1, **args}

        def open_endpoint(given: Any) -> Any:
            opened.append(CallCache(tmp_path / "calls.sqlite"))
            opened.append(Endpoint(EndpointSettings.model_validate(given), opened[-1], Ledger()))
            return opened[-1]

        context = ModelContext(base=str(tmp_path), open_endpoint=open_endpoint)
        return find_model_type("endpoint").load(settings, chat_template, context)

    yield build
    for each in reversed(opened):
        each.close()


QUESTIONS = [("Which of them?", "A", "B", "C", "D"), ("And this?", "xa", "xb", "xc"), ("Or this?", "A", "xyz")]


@pytest.mark.parametrize("args", [{"logprob_token_ids": True, "echo": True}, {"echo": True}])
def test_choices_of_an_endpoint_have_the_numbers_of_hf(
    args: dict[str, bool], endpoint: Any, server: Any, tiny_llama: Path, choosing: Choosing
) -> None:
    questions = [choosing(*each) for each in QUESTIONS]
    model = endpoint(**args)
    found = model.choose(questions)
    assert flat(found) == pytest.approx(flat(local(tiny_llama).choose(questions)), abs=1e-3)
    assert model.provenance["order_shift"] == "0 nats"
    assert any("echo" in request for request in server.requests)
    server.requests.clear()
    assert flat(endpoint(**args).choose(questions)) == flat(found)
    assert server.requests == []  # all of it is in the call cache, the self-test included


def test_an_endpoint_is_asked_once_a_question(endpoint: Any, server: Any, choosing: Choosing) -> None:
    model = endpoint(logprob_token_ids=True)
    model.choose([choosing("First?", "A", "B")])
    server.requests.clear()
    model.choose([choosing(f"Which, {number}?", "A", "B", "C", "D") for number in range(5)])
    assert len(server.requests) == 5
    assert all(len(request["logprob_token_ids"]) == 4 and "echo" not in request for request in server.requests)


@pytest.mark.parametrize("chat_template", [True, False])
def test_whole_texts_and_prompts_without_a_template(
    chat_template: bool, endpoint: Any, tiny_llama: Path, choosing: Choosing
) -> None:
    questions = [choosing("Which?", "one", "two"), ChoiceRequest("eng_Latn", "i", (), ("a whole text", "another"))]
    context = ModelContext(base=str(tiny_llama.parent))
    args = {"pretrained": tiny_llama.name, "device": "cpu", "dtype": "float32"}
    peer = find_model_type("hf").load(args, chat_template, context)
    found = endpoint(chat_template, echo=True).choose(questions)
    assert flat(found) == pytest.approx(flat(peer.choose(questions)), abs=1e-3)


@pytest.mark.parametrize("args", [{"logprob_token_ids": True}, {"echo": True}])
def test_an_endpoint_whose_answers_depend_on_the_order_is_refused(
    args: dict[str, bool], endpoint: Any, server: Any, choosing: Choosing
) -> None:
    server.reply.drift = 0.2
    with pytest.raises(ModelError, match="depend on the order of the requests") as caught:
        endpoint(**args).choose([choosing(f"Which, {number}?", "A", "B") for number in range(9)])
    assert "of 8 continuations" in caught.value.why
    assert len(server.requests) == 16


def test_an_endpoint_that_ignores_the_fields_is_refused(endpoint: Any, server: Any, choosing: Choosing) -> None:
    server.reply.knows = server.reply.echoes = False
    with pytest.raises(ModelError, match="does not offer `logprob_token_ids`"):
        endpoint(logprob_token_ids=True).choose([choosing("Which?", "A", "B")])
    with pytest.raises(ModelError, match="does not offer `echo` with `logprobs`") as caught:
        endpoint(echo=True).choose([choosing("Which?", "A", "B")])
    assert "1 log-probabilities for a text of" in caught.value.why


def test_choices_of_many_tokens_need_echo(endpoint: Any, choosing: Choosing) -> None:
    with pytest.raises(ModelError, match="some choices have several tokens") as caught:
        endpoint(logprob_token_ids=True).choose([choosing("Which?", "abcdef", "ghijkl")])
    assert "echo: true" in caught.value.fix


def test_what_an_endpoint_needs_to_score_choices(tiny_llama: Path, tmp_path: Path) -> None:
    found = find_model_type("endpoint")
    base = {"base_url": "http://localhost:9/v1", "model": "m"}
    assert not found.supports(Kind.MULTIPLE_CHOICE)
    assert not found.scores_choices(base)
    assert found.scores_choices({**base, "echo": True, "tokenizer": str(tiny_llama)})
    context = ModelContext(base=str(tmp_path))
    with pytest.raises(ExperimentError, match="need `tokenizer`"):
        found.check({**base, "echo": True}, context, "systems.a.args")
    with pytest.raises(ExperimentError, match="need `mode: online`"):
        found.check({**base, "echo": True, "tokenizer": "t", "mode": "batch"}, context, "systems.a.args")
    context = ModelContext(base=str(tmp_path), open_endpoint=lambda args: lambda calls: iter(()))
    with pytest.raises(ModelError, match=r"the tokenizer '\./nothing' cannot be loaded"):
        found.load({**base, "echo": True, "tokenizer": "./nothing"}, True, context)
