"""Model types say themselves whom they ask; budgets and plans go by that, and by no name of a type."""

from __future__ import annotations

import pytest

from polyarena.harness import plan
from polyarena.harness.models import find_model_type
from polyarena.tasks.errors import ExperimentError

JUDGE = {
    "name": "llm",
    "judge": "llm",
    "endpoint": {"model": "m", "base_url": "http://127.0.0.1:9/v1", "prices": {"input": 1, "output": 2}},
}


def experiment(model="endpoint", **args):
    return {
        "name": "billing",
        "systems": [
            {"name": "hosted", "model": model, "args": {"model": "m", "base_url": "http://127.0.0.1:9/v1", **args}}
        ],
        "tasks": [{"task": "polyarena_mini", "limit": 2}],
        "languages": ["deu_Latn"],
        "budget": 5,
    }


def test_only_endpoints_bill():
    args = {"model": "m", "prices": {"input": 1, "output": 2}}
    assert find_model_type("endpoint").endpoint(args).prices.output == 2
    for name in ("hf", "completions", "local-chat-completions"):
        assert find_model_type(name).endpoint({}) is None


def test_a_budget_needs_the_prices_of_every_system_that_bills(tmp_path):
    with pytest.raises(ExperimentError, match="a budget needs `prices` for every endpoint; hosted has none") as caught:
        plan(experiment(), output=tmp_path / "run")
    assert "budget" in caught.value.where
    planned = plan(experiment(prices={"input": 1, "output": 2}), output=tmp_path / "run")
    assert planned.cells[0].billed
    assert planned.cells[0].price.high > 0


def test_a_budget_adds_no_two_currencies(tmp_path):
    given = experiment(prices={"input": 1, "output": 1, "currency": "CHF"})
    second = {**given["systems"][0], "name": "two"}
    given |= {"systems": [*given["systems"], second], "baseline": "two", "judges": [JUDGE]}
    with pytest.raises(ExperimentError, match="one currency, not in CHF and USD"):
        plan(given, output=tmp_path / "run")


def test_a_plugin_that_asks_an_endpoint_is_billed_like_ours(tmp_path, toys, monkeypatch):
    toy = find_model_type("toy")
    monkeypatch.setattr(type(toy), "endpoint", lambda self, args: find_model_type("endpoint").endpoint({"model": "m"}))
    given = {**experiment(), "systems": [{"name": "mine", "model": "toy"}], "tasks": [{"task": "toy_open", "limit": 2}]}
    with pytest.raises(ExperimentError, match="mine has none"):
        plan(given, output=tmp_path / "run")
