"""Multiple choice through a completions server: one request a question, and the test of its order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyarena.harness.models import find_model_type
from polyarena.harness.models.protocol import ChoiceRequest, Model, ModelContext
from polyarena.tasks.errors import ModelError

pytest.importorskip("tenacity", reason="lm-eval's [api] extra is not installed")
torch = pytest.importorskip("torch", reason="the [hf] extra is not installed")

Choosing = Callable[..., ChoiceRequest]


class Completions:
    """Answers as vLLM does, from the logits of a model of ``transformers``.

    Attributes:
        knows: Whether it has ``logprob_token_ids``; without it, the field is ignored.
        drift: Added to every log-probability, times the requests so far: a server that depends on their order.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForCausalLM

        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self._lock = threading.Lock()
        self.asked = 0
        self.knows = True
        self.drift = 0.0

    def __call__(self, body: dict[str, Any]) -> tuple[int, str]:
        with self._lock, torch.inference_mode():
            self.asked += 1
            choices = [self._choice(place, prompt, body) for place, prompt in enumerate(body["prompt"])]
        return 200, json.dumps({"choices": choices})

    def _choice(self, place: int, prompt: list[int], body: dict[str, Any]) -> dict[str, Any]:
        rows = self._model(torch.tensor([prompt])).logits[0].log_softmax(-1) - self.drift * self.asked
        best = int(rows[-1].argmax())
        if body.get("echo"):
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
