"""What an experiment may say about an endpoint, and what of it changes answers."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from polyarena.harness.endpoints import EndpointSettings, Prices, call_key, request_body
from polyarena.judges.protocol import Call
from polyarena.tasks.sampling import Sampling


def test_importing_the_package_does_not_import_the_client():
    code = (
        "import sys, polyarena.harness.endpoints as e; "
        "e.Endpoint(e.EndpointSettings(model='m'), None, e.Ledger()).close(); "
        "print(sorted({'openai', 'httpx2', 'torch', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@every_case(
    "wrong",
    [
        {"base_url": "localhost:8000"},
        {"base_url": "ftp://host/v1"},
        {"base_url": "http://"},
        {"base_url": "http://host:port/v1"},
        {"base_url": "http://[::1/v1"},
        {"base_url": "https://host/v1/chat/completions"},
        {"model": ""},
        {"concurrency": 0},
        {"timeout_s": 0},
        {"timeout_s": float("nan")},
        {"max_attempts": 0},
        {"max_wait_s": -1},
        {"prices": {"input": -1, "output": 1}},
        {"prices": {"input": 1}},
        {"extra_body": {"messages": []}},
        {"extra_body": {"stream": True}},
        {"extra_body": {"temperature": float("inf")}},
        {"extra_body": {"when": object()}},
        {"api_key": "x"},
    ],
)
def test_what_cannot_work_is_refused(wrong):
    with pytest.raises(ValidationError):
        EndpointSettings(**{"model": "m"} | wrong)


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        EndpointSettings(model="m").model = "other"


def test_only_what_changes_answers_is_identity():
    fast = EndpointSettings(model="m", base_url="http://h/v1/", concurrency=64, timeout_s=1, max_attempts=1)
    dear = EndpointSettings(model="m", base_url="http://h/v1", prices=Prices(input=1, output=2), api_key_env="OTHER")
    assert fast.key_fields == dear.key_fields == {"base_url": "http://h/v1", "model": "m", "extra_body": {}}
    assert call_key(fast, Call(messages=())) == call_key(dear, Call(messages=()))


def test_the_default_address_is_openais_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    assert EndpointSettings(model="m").key_fields["base_url"] == "https://api.openai.com/v1"


def test_extra_fields_win_and_null_removes():
    extra = {"max_tokens": None, "max_completion_tokens": 5, "temperature": None, "nested": {"a": ["\ud800"]}}
    body = request_body(EndpointSettings(model="m", extra_body=extra), Call(messages=()))
    assert body == {"model": "m", "messages": [], "max_completion_tokens": 5, "nested": {"a": ["\ufffd"]}}


texts = st.text(max_size=8)
calls = st.builds(
    Call,
    messages=st.lists(
        st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": texts}), max_size=3
    ).map(tuple),
    sampling=st.builds(
        Sampling,
        max_tokens=st.integers(1, 3),
        temperature=st.sampled_from([0.0, 0.7]),
        top_p=st.sampled_from([1.0, 0.9]),
        stop=st.sampled_from([(), ("a",), ("a", "b")]),
        seed=st.integers(0, 2),
    ),
    sample_index=st.integers(0, 2),
)
models = st.sampled_from(["m", "n"])
extras = st.sampled_from([{}, {"a": 1}, {"a": 2}])


@given(calls, calls, models, models, extras, extras)
def test_keys_are_equal_exactly_when_the_requests_are(one, other, model, other_model, extra, other_extra):
    first = EndpointSettings(model=model, extra_body=extra)
    second = EndpointSettings(model=other_model, extra_body=other_extra)
    same = (request_body(first, one), one.sample_index) == (request_body(second, other), other.sample_index)
    assert (call_key(first, one) == call_key(second, other)) == same


def test_the_key_of_a_call_does_not_change_between_versions():
    """Caches outlive releases: a change here makes users pay again for all they have."""
    call = Call(messages=({"role": "user", "content": "Sannu"},), sampling=Sampling(max_tokens=3))
    settings = EndpointSettings(model="m", base_url="http://h/v1")
    assert call_key(settings, call) == "f2e45f92c4da3b407531a19b2c054fcc86d0146633d0cbfdec4ae347ac51763a"


@given(st.decimals(0, 100, places=3), st.decimals(0, 100, places=3), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_price_is_exact(input_price, output_price, prompt, completion):
    prices = Prices(input=input_price, output=output_price)
    assert prices.cost(prompt, completion) * 1_000_000 == input_price * prompt + output_price * completion
    assert prices.cost(None, completion) is None
    assert prices.cost(prompt, None) is None


def test_prices_are_read_as_they_are_written():
    settings = EndpointSettings.model_validate({"model": "m", "prices": {"input": 0.1, "output": 0.3}})
    assert (settings.prices.input, settings.prices.output, settings.prices.currency) == (
        Decimal("0.1"),
        Decimal("0.3"),
        "USD",
    )
