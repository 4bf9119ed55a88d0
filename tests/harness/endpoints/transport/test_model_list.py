"""An endpoint that does not know a model is asked which ones it has."""

from __future__ import annotations

import pytest
from every_case import every_case

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.endpoints.transport.model_list import list_models, suggest_model
from polyarena.tasks.errors import ModelError

KEY = "sk-never-to-be-written-down-0123456789"


def settings_of(server, **changes):
    return EndpointSettings(**{"base_url": server.base_url, "model": "m"} | changes)


def test_the_models_are_those_that_the_server_lists(scripted_server):
    scripted_server.models = ["b", "a", "b"]
    assert list_models(settings_of(scripted_server), KEY) == ("a", "b")


@pytest.mark.parametrize("models", [None, []])
def test_a_server_that_does_not_say_offers_nothing(scripted_server, models):
    scripted_server.models = models
    assert list_models(settings_of(scripted_server), KEY) == ()


def test_a_server_that_is_not_there_offers_nothing():
    assert list_models(EndpointSettings(base_url="http://127.0.0.1:9/v1", model="m"), KEY) == ()


def test_names_that_quote_the_key_or_break_lines_are_not_repeated(scripted_server):
    scripted_server.models = [f"leak-{KEY}", "two\nlines", "x" * 1000, ""]
    assert list_models(settings_of(scripted_server), KEY) == ("two lines", "x" * 100)


@every_case(
    ("model", "offered", "advice"),
    [
        ("gpt-4o-mimi", ("gpt-4o-mini", "o3"), "did you mean 'gpt-4o-mini'?"),
        ("aya", ("gpt-4o", "o3"), "it offers gpt-4o, o3"),
        ("aya", (), ""),
        (
            "aya",
            tuple(f"{n:02}" for n in range(15)),
            "it offers " + ", ".join(f"{n:02}" for n in range(12)) + " and 3 more",
        ),
    ],
)
def test_the_advice(model, offered, advice):
    assert suggest_model(model, offered) == advice


def test_a_misspelt_model_is_put_right(scripted_server, open_endpoint, ask_for):
    scripted_server.models = ["command-a-03-2025", "gpt-4o"]
    scripted_server.script = lambda _: scripted_server.status(404, "no such model")
    with pytest.raises(ModelError, match="does not offer the model 'command-a-2025-03'") as caught:
        list(open_endpoint(model="command-a-2025-03")(ask_for("x")))
    assert caught.value.fix == "did you mean 'command-a-03-2025'? (set `model`)"


def test_without_a_list_the_settings_are_to_be_checked(scripted_server, open_endpoint, ask_for):
    scripted_server.script = lambda _: scripted_server.status(404, "nothing here")
    with pytest.raises(ModelError) as caught:
        list(open_endpoint()(ask_for("x")))
    assert "`base_url`" in caught.value.fix


def test_a_forbidden_model_is_not_looked_up(scripted_server, open_endpoint, ask_for):
    scripted_server.models = ["m2"]
    scripted_server.script = lambda _: scripted_server.status(403, "not for you")
    with pytest.raises(ModelError) as caught:
        list(open_endpoint()(ask_for("x")))
    assert "m2" not in caught.value.fix


def test_a_model_that_is_listed_and_not_answered_is_not_suggested_again(scripted_server, open_endpoint, ask_for):
    scripted_server.models = ["m", "mm"]
    scripted_server.script = lambda _: scripted_server.status(404, "no such route")
    with pytest.raises(
        ModelError, match="the endpoint lists the model 'm' and does not answer requests to it"
    ) as caught:
        list(open_endpoint(model="m")(ask_for("x")))
    assert "did you mean" not in str(caught.value)
    assert "`base_url`" in caught.value.fix
