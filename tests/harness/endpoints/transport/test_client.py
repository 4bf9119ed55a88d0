"""The connection below the protocol: proxies, certificates, reuse, compressed and redirected answers."""

from __future__ import annotations

import gzip
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import certifi
import pytest

from polyarena.harness.endpoints import Endpoint, EndpointSettings, Ledger
from polyarena.harness.endpoints.transport.certificates import check_certificates, ssl_context
from polyarena.harness.endpoints.transport.client import proxy_of
from polyarena.judges.protocol import Call
from polyarena.tasks.errors import ModelError

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://api.openai.com/v1", None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://api.openai.com/v1", "http://proxy:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, "https://api.openai.com/v1", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://api.example.com/v1", None),
        ({"ALL_PROXY": "http://proxy:3128"}, "http://api.example.com/v1", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "openai.com"}, "https://api.openai.com/v1", None),
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "intranet"}, "http://intranet:8000/v1", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://intranet:8000/v1", "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://localhost:8000/v1", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://127.0.0.1:8000/v1", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://[::1]:8000/v1", None),
    ],
)
def test_proxies_come_from_the_environment(no_proxies, monkeypatch, environment, url, proxy):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(url) == proxy


def test_requests_go_through_the_proxy(no_proxies, scripted_server, open_endpoint, ask_for, monkeypatch):
    # A proxy is asked for the whole address of a server that it alone can reach.
    monkeypatch.setenv("HTTP_PROXY", scripted_server.base_url.removesuffix("/v1"))
    [reply] = open_endpoint(base_url="http://models.example.invalid/v1")(ask_for("a"))
    assert reply.text == "fine"
    assert scripted_server.log[0][0].headers["host"] == "models.example.invalid"


def test_a_proxy_that_is_down_is_told(no_proxies, open_endpoint, ask_for, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    endpoint = open_endpoint(base_url="http://models.example.invalid/v1", max_attempts=1)
    with pytest.raises(Exception, match="did not answer in 1 attempt"):
        list(endpoint(ask_for("a")))
    assert endpoint.ledger.totals().outcomes == {"connection": 1}


def test_connections_are_reused_up_to_the_bound(scripted_server, open_endpoint, ask_for):
    ports = set()
    accept = scripted_server._http.process_request

    def counting(request, address):
        ports.add(address[1])
        accept(request, address)

    scripted_server._http.process_request = counting
    scripted_server.script = lambda _: scripted_server.ok().after(0.005)
    list(open_endpoint(concurrency=4)(ask_for(*map(str, range(80)))))
    assert len(ports) == 4


def test_a_compressed_answer_is_read(scripted_server, open_endpoint, ask_for):
    answer = scripted_server.ok("packed")
    packed = type(answer)(200, gzip.compress(answer.body), {"Content-Encoding": "gzip"})
    scripted_server.script = lambda _: packed
    assert next(open_endpoint()(ask_for("a"))).text == "packed"


def test_a_body_that_pretends_to_be_compressed(scripted_server, open_endpoint, ask_for):
    answer = type(scripted_server.ok())(200, b"not gzip at all", {"Content-Encoding": "gzip"})
    scripted_server.script = lambda received: scripted_server.ok() if received.seen else answer
    endpoint = open_endpoint()
    assert next(endpoint(ask_for("a"))).error is None
    assert endpoint.ledger.totals().outcomes == {"cut_off": 1, "ok": 1}


@pytest.mark.parametrize("said", [b"plain words", b'{"error": "a text"}', b'{"detail": "of a framework"}', b"", b"[1]"])
def test_refusals_of_other_servers(scripted_server, open_endpoint, ask_for, said):
    refusal = type(scripted_server.ok())(400, said)
    scripted_server.script = lambda received: scripted_server.ok() if received.question == "first" else refusal
    endpoint = open_endpoint()
    list(endpoint(ask_for("first")))
    [reply] = endpoint(ask_for("a"))
    words = {
        b"plain words": "plain words",
        b'{"error": "a text"}': "a text",
        b'{"detail": "of a framework"}': "of a frame",
    }
    assert reply.error.startswith(f"HTTP 400: {words.get(said, '')}")


def test_nothing_follows_a_redirect_to_another_host(scripted_server, open_endpoint, ask_for):
    """Neither key nor prompts."""
    seen = []

    class Other(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.path)

    other = HTTPServer(("127.0.0.1", 0), Other)
    other.timeout = 0.1
    where = f"http://localhost:{other.server_port}/v1/chat/completions"
    redirect = type(scripted_server.ok())(307, b"", {"Location": where})
    scripted_server.script = lambda received: scripted_server.ok() if received.question == "first" else redirect
    first, second = open_endpoint(concurrency=1)(ask_for("first", "second"))
    other.handle_request()
    other.server_close()
    assert first.error is None
    assert second.error == f"HTTP 307: redirected to {where}"
    assert seen == []


def test_importing_the_package_imports_no_http_client():
    code = (
        "import sys, polyarena.harness.endpoints, polyarena.harness.endpoints.batch.batch_endpoint; "
        "sys.exit(bool({'aiohttp', 'openai', 'httpx2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_do_not_exist_are_named(name, monkeypatch, tmp_path):
    monkeypatch.setenv(name, str(tmp_path / "none.pem"))
    for call in (ssl_context, check_certificates):
        with pytest.raises(ModelError, match=name) as caught:
            call()
        assert "none.pem" in str(caught.value)
        assert "unset it" in caught.value.fix


def test_a_file_without_certificates_is_named(monkeypatch, tmp_path):
    (tmp_path / "bad.pem").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "bad.pem"))
    with pytest.raises(ModelError, match="SSL_CERT_FILE"):
        ssl_context()


def test_certificates_are_those_of_the_environment_or_certifi(monkeypatch, tmp_path):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    everything = ssl_context().cert_store_stats()["x509_ca"]
    assert everything > 50
    first = Path(certifi.where()).read_text(encoding="utf-8").partition("-----END CERTIFICATE-----")
    (tmp_path / "one.pem").write_text(first[0] + first[1] + "\n", encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one.pem"))
    assert ssl_context().cert_store_stats()["x509_ca"] == 1


def test_missing_certificates_end_a_run_with_a_fix(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with Endpoint(EndpointSettings(model="m"), None, Ledger()) as endpoint, pytest.raises(ModelError) as caught:
        list(endpoint([Call(({"role": "user", "content": "a"},))]))
    assert "SSL_CERT_FILE" in str(caught.value)
