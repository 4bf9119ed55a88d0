"""Credentials stay out of experiment files, since these are copied into run folders."""

import json
import time

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.cli import main
from polyarena.harness.experiment import load_experiment
from polyarena.harness.experiment.credentials import FORMS, NAMES, refuse_credentials
from polyarena.harness.planning import plan
from polyarena.tasks.errors import ExperimentError

LEAK = "sk-LEAK"
NAMED = st.sampled_from(
    [
        *sorted(NAMES),
        "openai_api_key",
        "HF_ACCESS_TOKEN",
        "X-API-Key",
        "db_password",
        "clientSecret",
        "session_token",
        "aws_secret_access_key",
        "AWS_ACCESS_KEY_ID",
        "privateKey",
        "Proxy-Authorization",
        "Ocp-Apim-Subscription-Key",
    ]
)


@given(NAMED, st.data())
def test_a_credential_is_found_at_any_depth_and_never_shown(name, data):
    value = {name: LEAK}
    for _ in range(data.draw(st.integers(0, 4))):
        value = {"inner": value} if data.draw(st.booleans()) else {"inner": ["x", value]}
    with pytest.raises(ExperimentError) as caught:
        refuse_credentials(value, "x.yaml:3")
    assert name in str(caught.value)
    assert LEAK not in str(caught.value)
    assert caught.value.where == "x.yaml:3"
    assert "environment variable" in caught.value.fix


@every_case(
    "args",
    [{}, {"max_tokens": 5, "pad_token": "<pad>", "tokenizer": "x", "author": "me", "keys": [1]}, {"token": ""},
     {"api_key": None}, {"headers": [{"accept": "text"}, "x"]}, {"token": True, "use_auth_token": False},
     {"base_url": "http://127.0.0.1:8000/v1/completions?version=2"},
     {"api_key_env": "MY_KEY", "stop": ["<|eos_token|>"]},
     {"system_prompt": "Basic knowledge of the sk-learn library. Bearer of news: see https://example.com/a@b/tokens/x"},
     {"path": "user@host:/data", "url": "https://example.com/~me/key/short", "primary_key": 3, "token_limit": 5},
     {"pad_token": "<|reserved_special_token_250|>", "model_key": "Meta-Llama-3.1-8B-Instruct", "sort_key": "created"},
     {"system_prompt": "Mail:me@example.com is the key 42 of 100. The key Qwen2.5-7B-Instruct opens mailto:a@b.org."},
     {"revision": "0123456789abcdef0123456789abcdef01234567", "tokenizer": "m-0123456789abcdef0123"}],
)  # fmt: skip
def test_what_only_sounds_like_one_is_let_through(args):
    refuse_credentials(args, "x.yaml:3")


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


SECRET = "Zq9" + "x7Kp2mVt4Wb8Rn3Yc6Ld"
"""A part of each planted credential, to be found nowhere."""
PLANTED = {
    "user and password": {"base_url": f"http://user:{SECRET}@127.0.0.1:9/v1/completions"},
    "query of an address": {"base_url": f"http://127.0.0.1:9/v1/completions?key={SECRET}"},
    "path of an address": {"base_url": f"http://127.0.0.1:9/key/{SECRET}/v1/completions"},
    "header": {"header": {"X-Api-Key": SECRET}},
    "bearer in a header": {"header": {"X-Forwarded": f"Bearer {SECRET}"}},
    "session token": {"session_token": SECRET},
    "credentials": {"credentials": {"user": "me", "value": SECRET}},
    "private key": {"extra": {"private_key": SECRET}},
    "secret access key": {"aws_secret_access_key": SECRET},
    "password": {"passwd": SECRET},
    "pair in a text": {"note": f"dtype=auto,token={SECRET}"},
    "form of a key": {"note": f"sk-proj-{SECRET}"},
    "token of the hub": {"revision": f"hf_{SECRET}"},
    "web token": {"note": f"eyJhbGciOiJIUzI1NiJ9.{SECRET}.abc"},
    "token of some service": {"header": {"X-Vault-Token": SECRET}},
    "key of some service": {"wandb_key": SECRET},
    "name of an argument": {f"sk-proj-{SECRET}": 1},
    "login without a scheme": {"proxy": f"user:{SECRET}@127.0.0.1:9"},
    "address in an address": {"callback": f"http://127.0.0.1:9/?next=https://user:{SECRET}@host"},
    "command in a text": {"note": f"curl --api-key {SECRET} host"},
    "JSON in a text": {"note": json.dumps({"authToken": SECRET})},
    "full-width name": {"ｔｏｋｅｎ": SECRET},
}
MODELS = {
    "local-completions": {"model": "m", "tokenizer": "t"},
    "hf": {"pretrained": "m"},
    "endpoint": {"model": "m"},
    "completions": {"path": "answers"},
    "toy": {"voice": "a"},
}


def scan(folder, *texts):
    """Fail if the secret is in a file below a folder, in a name, or in a text."""
    for path in folder.rglob("*"):
        assert SECRET not in str(path)
        assert path.is_dir() or path.name == "planted.yaml" or SECRET.encode() not in path.read_bytes()
    for text in texts:
        assert SECRET not in text


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("form", PLANTED)
def test_no_planted_credential_is_written_or_printed(model, form, tmp_path, toys, capsys):
    system = {"name": "a", "model": model, "args": {**MODELS[model], **PLANTED[form]}}
    experiment = {"name": "x", "systems": [system], "tasks": ["toy_open"], "output": "run"}
    path = tmp_path / "planted.yaml"
    path.write_text(json.dumps(experiment, indent=1), encoding="utf-8")
    for command in (["plan", str(path)], ["run", str(path), "--quiet"]):
        assert main(command) == 2
        printed = capsys.readouterr()
        assert "credential" in printed.err
        scan(tmp_path, printed.out, printed.err)
    assert not (tmp_path / "run").exists()


@every_case(
    "place",
    [
        {"judges": [{"name": "j", "judge": "llm", "endpoint": {"model": "m", "extra_body": {"a": f"sk-{SECRET}"}}}]},
        {"judges": [{"name": "j", "judge": "llm", "args": {"template": f"https://u:{SECRET}@host/t.toml"}}]},
        {"systems": [{"name": "a", "model": "toy", "system_prompt": f"Use the key sk-{SECRET}."}]},
        {"cache": f"postgres://me:{SECRET}@host/db"},
        {"data_root": f"s3://bucket/x?X-Amz-Signature={SECRET}"},
    ],
    ids=str,
)
def test_every_part_of_the_file_is_looked_through(place):
    base = {"name": "x", "systems": [{"name": "a", "model": "toy"}], "tasks": ["toy_open"]}
    with pytest.raises(ExperimentError, match="credential") as caught:
        load_experiment({**base, **place})
    assert SECRET not in caught.value.render()


def test_a_key_in_a_comment_is_found_and_its_line_named(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(f"name: x\n# OPENAI_API_KEY=sk-{SECRET}\nsystems: [{{name: a, model: toy}}]\ntasks: [toy_open]\n")
    with pytest.raises(ExperimentError, match="credential") as caught:
        load_experiment(path)
    assert caught.value.where == f"{path}:2"
    assert SECRET not in caught.value.render()


def test_a_key_of_the_environment_is_in_no_file_of_a_run(tmp_path, toys, monkeypatch, scripted_server, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", f"sk-{SECRET}")
    scripted_server.script = lambda request: scripted_server.ok("[[A>B]]")
    endpoint = {"base_url": scripted_server.base_url, "model": "m"}
    experiment = {
        "name": "x", "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")],
        "baseline": "one", "tasks": [{"task": "toy_open", "limit": 2}], "languages": ["deu_Latn"], "output": "run",
        "judges": [{"name": "llm", "judge": "llm", "endpoint": endpoint}], "statistics": {"rounds": 100},
    }  # fmt: skip
    path = tmp_path / "x.yaml"
    path.write_text(json.dumps(experiment))
    assert main(["run", str(path), "--quiet"]) == 0
    printed = capsys.readouterr()
    scan(tmp_path, printed.out, printed.err)
    assert (tmp_path / "run" / "report" / "index.html").is_file()


def test_a_chain_of_what_may_begin_a_key_is_read_in_linear_time():
    started = time.thread_time()
    assert FORMS.search("sk-" * 16_000) is None
    assert time.thread_time() - started < 1
