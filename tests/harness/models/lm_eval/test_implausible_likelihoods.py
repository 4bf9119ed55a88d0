"""A server that does not score given texts is refused before any accuracy is computed from its numbers."""

from __future__ import annotations

import json

import pytest

from polyarena.harness import plan, run

pytest.importorskip("tenacity", reason="lm-eval's [api] extra is not installed")


@pytest.fixture
def failure(tiny_llama, scripted_server, tmp_path):
    """Runs four items of CLDR against a server that gives these log-probabilities, and returns the failure."""

    def failure(logprobs):
        choice = {"index": 0, "text": "x", "finish_reason": "length", **({"logprobs": logprobs} if logprobs else {})}
        scripted_server.script = lambda request: scripted_server.raw(json.dumps({"choices": [choice]}).encode())
        args = {
            "model": "m",
            "base_url": f"{scripted_server.base_url}/completions",
            "tokenizer": str(tiny_llama),
            "max_retries": 1,
            "num_concurrent": 1,
        }
        experiment = {
            "name": "implausible",
            "systems": [{"name": "server", "model": "local-completions", "args": args, "chat_template": False}],
            "tasks": [{"task": "cldr_names", "limit": 4}],
            "languages": ["deu_Latn"],
            "statistics": {"rounds": 100},
        }
        finished = run(plan(experiment, output=tmp_path / "run"), report=False)
        [failed] = finished.failures
        return failed.error

    return failure


def test_generated_tokens_are_no_scores(failure):
    """Case 7."""
    said = failure({"token_logprobs": [-0.5], "top_logprobs": [{"x": -0.5}], "tokens": ["x"]})
    assert "all choices of every item are equally likely" in said
    assert "given texts were not scored" in said


@pytest.mark.parametrize("logprobs", [{"content": []}, None])
def test_no_bare_look_up_error_reaches_the_user(failure, logprobs):
    said = failure(logprobs)
    assert "scores given texts" in said
    assert "parse_logprobs" in said
