"""The connection below the protocol: proxies, certificates, reuse, compressed and redirected answers."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from polyarena.harness.endpoints.transport.client import proxy_of

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
        ({"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "localhost"}, "http://localhost:8000/v1", None),
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


def test_a_key_does_not_follow_a_redirect_to_another_host(scripted_server, open_endpoint, ask_for):
    seen = []

    class Other(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.headers.get("Authorization"))
            self.send_response(200)
            body = scripted_server.ok("from elsewhere").body
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

    other = HTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=other.handle_request)
    thread.start()
    where = f"http://localhost:{other.server_port}/v1/chat/completions"
    scripted_server.script = lambda _: type(scripted_server.ok())(307, b"", {"Location": where})
    [reply] = open_endpoint()(ask_for("a"))
    thread.join(5)
    other.server_close()
    assert (reply.text, seen) == ("from elsewhere", [None])


def test_importing_the_package_imports_no_http_client():
    code = (
        "import sys, polyarena.harness.endpoints, polyarena.harness.endpoints.batch.batch_endpoint; "
        "sys.exit(bool({'aiohttp', 'openai', 'httpx2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
