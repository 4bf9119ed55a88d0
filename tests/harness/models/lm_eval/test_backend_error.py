"""Exceptions of backends in words that help."""

from __future__ import annotations

from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.harness.models.lm_eval.backend_error import backend_error
from polyarena.tasks.errors import DataError, ModelError


@every_case(
    ("error", "fix"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "batch_size"),
        (MemoryError(), "batch_size"),
        (RuntimeError("no memory for a single text of 9,000 tokens on cuda:0; 0.1 of 79.1 GiB are free"), "max_length"),
        (RuntimeError("CUDA error: unspecified launch failure"), "stored cells are not computed again"),
        (ValueError("a choice of 300 tokens is longer than the model's maximum sequence length, 256"), "longer texts"),
        (TypeError("HFLM.__init__() got an unexpected keyword argument 'x'"), "remove the argument"),
        (ModuleNotFoundError("No module named 'vllm'"), "install"),
        (NotImplementedError("Loglikelihood is not supported"), "local-completions"),
        (OSError("gibberish is not a local folder and is not a valid model identifier"), "check the name"),
        (ConnectionError("[Errno 111] Connection refused"), "base_url"),
        (AssertionError("must be less than model's maximum sequence length"), "max_tokens"),
        (KeyError("token_logprobs"), "scores given texts"),
        (AssertionError("Context length must be greater than 0"), "after nothing"),
    ],
)
def test_known_troubles_have_a_remedy(error: Exception, fix: str) -> None:
    found = backend_error("the model cannot be loaded", error, "hf")
    assert isinstance(found, ModelError)
    assert (found.what, found.where) == ("the model cannot be loaded", "hf")
    assert fix in found.fix


def test_our_own_errors_pass() -> None:
    own = DataError("no file")
    assert backend_error("the model cannot be loaded", own, "hf") is own


@settings(deadline=None)
@given(st.text(max_size=2000))
def test_reasons_are_one_line_of_bounded_length(text: str) -> None:
    found = backend_error("it failed", RuntimeError(text), "hf")
    assert found.why.startswith("RuntimeError")
    assert len(found.why) <= 400
    assert len(found.why.splitlines()) <= 1


@every_case("port", [41403, 40104, 54290])
def test_the_port_of_a_server_is_not_taken_for_a_status(port: int) -> None:
    error = OSError(f"404 Client Error: Not Found for url: http://127.0.0.1:{port}/v1/chat/completions")
    assert "name of the model" in str(backend_error("the model did not answer", error, "m").fix)


@every_case("error", [KeyError("token_logprobs"), AssertionError(), IndexError("list index out of range")])
def test_errors_that_say_nothing_name_the_function(error: Exception) -> None:
    def parse() -> None:
        raise error

    try:
        parse()
    except (LookupError, AssertionError) as caught:
        found = backend_error("the model did not answer", caught, "m")
    assert "(in parse)" in found.why
    assert "(in" not in backend_error("it failed", ValueError("said enough"), "m").why
