"""The API key goes to the server and nowhere else."""

from __future__ import annotations

import logging

import pytest
from every_case import every_case

from polyarena.harness.endpoints import EndpointSettings, read_api_key
from polyarena.tasks.errors import ModelError

KEY = "sk-never-to-be-written-down-0123456789"


@pytest.mark.parametrize("code", [200, 400, 401, 429, 500])
def test_the_key_is_in_no_error_log_or_file(scripted_server, open_endpoint, ask_for, cache, tmp_path, caplog, code):
    caplog.set_level(logging.DEBUG)

    def script(received):
        quoted = f"{'.' * 280} you sent {received.headers['authorization']}, which is {KEY}"
        return scripted_server.ok() if received.index == 0 else scripted_server.status(code, quoted)

    if code == 200:
        scripted_server.script = lambda received: scripted_server.ok()
    else:
        scripted_server.script = script
    attempts = []
    endpoint = open_endpoint(cache, on_attempt=attempts.append)
    shown = []
    try:
        shown += [list(endpoint(ask_for("a"))), list(endpoint(ask_for("b")))]
    except ModelError as error:
        shown.append(error.render())
        assert code == 401
    assert {received.headers["authorization"] for received, _ in scripted_server.log} == {f"Bearer {KEY}"}
    endpoint.close()
    shown += [attempts, endpoint.settings, endpoint.settings.model_dump_json(), endpoint.ledger.totals(), caplog.text]
    cache.close()
    assert len(attempts) >= 2
    for text in map(repr, shown):
        assert KEY not in text
        assert KEY[:12] not in text
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def test_a_key_that_an_answer_echoes_is_kept_nowhere(scripted_server, open_endpoint, ask_for, cache, tmp_path):
    scripted_server.script = lambda received: scripted_server.ok(f"You sent {KEY}.", finish_reason=KEY)
    (reply,) = open_endpoint(cache)(ask_for("a"))
    assert (reply.text, reply.finish_reason) == ("You sent ***.", "***")
    (again,) = open_endpoint(cache)(ask_for("a"))
    assert again.text == reply.text
    cache.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(KEY.encode() in path.read_bytes() for path in files)


@every_case("field", ["api_key_env", "base_url", "model_name"])
def test_a_key_in_the_wrong_field_is_not_quoted(field):
    settings = {"model": "m", field: KEY}
    with pytest.raises(ValueError, match=field) as caught:
        EndpointSettings(**settings)
    assert KEY not in str(caught.value)


@every_case("url", [f"https://user:{KEY}@host/v1", f"https://host/v1?key={KEY}", f"https://host/v1#{KEY}"])
def test_a_key_in_the_address_is_refused(url):
    with pytest.raises(ValueError, match="put a key into the environment") as caught:
        EndpointSettings(model="m", base_url=url)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("value", ["sk-two\nlines-of-it", "clé-secrète", "sk-\x7f-control"])
def test_a_key_that_no_header_can_carry(monkeypatch, value):
    monkeypatch.setenv("OPENAI_API_KEY", value)
    with pytest.raises(ModelError, match="does not contain a key") as caught:
        read_api_key(EndpointSettings(model="m"))
    assert value not in str(caught.value)


def test_a_missing_key_is_told_before_anything_is_sent(monkeypatch, open_endpoint, ask_for):
    monkeypatch.delenv("POLYARENA_TEST_KEY")
    endpoint = open_endpoint(base_url="https://api.example.com/v1")
    for _ in range(2):
        with pytest.raises(ModelError, match="POLYARENA_TEST_KEY is not set") as caught:
            list(endpoint(ask_for("a")))
    assert "export POLYARENA_TEST_KEY=" in caught.value.fix


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:9", "10.1.2.3", "gpu-node-7", "box.local"])
def test_local_servers_need_no_key(monkeypatch, host):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert read_api_key(EndpointSettings(model="m", base_url=f"http://{host}/v1")) == "none"


@pytest.mark.parametrize("url", [None, "https://api.openai.com/v1", "http://8.8.8.8/v1"])
def test_others_do(monkeypatch, url):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        read_api_key(EndpointSettings(model="m", base_url=url))
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    assert read_api_key(EndpointSettings(model="m", base_url=url)) == KEY
