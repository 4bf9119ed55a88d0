"""Keys stay out of experiment files, since these are copied into run folders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.experiment import load_experiment
from polyarena.harness.planning import plan
from polyarena.harness.planning.secrets import NAMES, refuse_secrets
from polyarena.tasks.errors import ExperimentError

LEAK = "sk-LEAK"
NAMED = st.sampled_from(
    [*sorted(NAMES), "openai_api_key", "HF_ACCESS_TOKEN", "X-API-Key", "db_password", "clientSecret"]
)


@given(NAMED, st.data())
def test_a_credential_is_found_at_any_depth_and_never_shown(name, data):
    value = {name: LEAK}
    for _ in range(data.draw(st.integers(0, 4))):
        value = {"inner": value} if data.draw(st.booleans()) else {"inner": ["x", value]}
    with pytest.raises(ExperimentError) as caught:
        refuse_secrets(value, "x.yaml:3")
    assert name in str(caught.value)
    assert LEAK not in str(caught.value)
    assert caught.value.where == "x.yaml:3"
    assert "environment variable" in caught.value.fix


@pytest.mark.parametrize(
    "args",
    [{}, {"max_tokens": 5, "pad_token": "<pad>", "tokenizer": "x", "author": "me", "keys": [1]}, {"token": ""},
     {"api_key": None}, {"headers": [{"accept": "text"}, "x"]}],
)  # fmt: skip
def test_what_only_sounds_like_one_is_let_through(args):
    refuse_secrets(args, "x.yaml:3")


@pytest.mark.parametrize(
    "judge",
    [
        {"judge": "rules", "args": {"nested": {"api_key": LEAK}}},
        {"judge": "llm", "endpoint": {"model": "m", "extra_body": {"api_key": LEAK}}},
        {"judge": "llm", "endpoint": {"model": "m", "extra_body": {"tools": [{"authorization": LEAK}]}}},
    ],
)
def test_a_judge_s_arguments_and_the_body_of_its_requests_are_looked_through(judge, tmp_path, toys):
    systems = [{"name": name, "model": "toy"} for name in ("a", "b")]
    data = {"name": "x", "systems": systems, "baseline": "a", "tasks": ["toy_open"], "judges": [{"name": "j", **judge}]}
    with pytest.raises(ExperimentError) as caught:
        plan(load_experiment(data), output=tmp_path / "run")
    assert "credential" in caught.value.what
    assert caught.value.where.startswith("judges.0.")
    assert LEAK not in str(caught.value)


@pytest.mark.parametrize("args", [{"headers": [{"Authorization": f"Bearer {LEAK}"}]}, {"openai_api_key": LEAK}])
def test_a_system_s_arguments_are_looked_through(args, tmp_path, toys):
    data = {"name": "x", "systems": [{"name": "a", "model": "toy", "args": args}], "tasks": ["toy_open"]}
    with pytest.raises(ExperimentError, match="credential"):
        plan(load_experiment(data), output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
