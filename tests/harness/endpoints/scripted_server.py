"""A chat server on a real socket that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request: ``index`` counts from 0, ``seen`` counts requests with this body before it, ``at`` is monotonic."""

    index: int
    seen: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    at: float

    @property
    def question(self) -> str:
        return str(self.body["messages"][-1]["content"])


@dataclass(frozen=True)
class Answer:
    """One response; ``cut`` is the number of bytes of the body after which the connection is dropped."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut: int | None = None

    def after(self, delay_s: float) -> Answer:
        return replace(self, delay_s=delay_s)


def ok(
    text: str | None = "fine", prompt_tokens: int = 10, completion_tokens: int = 3, finish_reason: str | None = "stop"
):
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
    return raw(json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode())


def raw(body: bytes) -> Answer:
    return Answer(body=body)


def status(code: int, message: str = "not now", **headers: str) -> Answer:
    """An error as the OpenAI protocol puts it; underscores in header names become hyphens."""
    return Answer(
        code,
        json.dumps({"error": {"message": message, "type": "test", "code": None}}).encode(),
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


def cut_off() -> Answer:
    return replace(ok(), cut=20)


class ScriptedServer:
    """Answers ``POST`` by ``script``; the names above are its attributes, for tests that only have the fixture."""

    ok = staticmethod(ok)
    raw = staticmethod(raw)
    status = staticmethod(status)
    cut_off = staticmethod(cut_off)

    def __init__(self) -> None:
        self.script: Callable[[Received], Answer] = lambda _: ok()
        self.log: list[tuple[Received, Answer]] = []
        self.batches: Any = None
        self.models: list[str] | None = None
        self.most_in_flight = 0
        self._in_flight = 0
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Listener(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=lambda: self._http.serve_forever(poll_interval=0.02))
        self._thread.start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def questions(self) -> list[str]:
        return [received.question for received, _ in self.log]

    @property
    def usage(self) -> tuple[int, int]:
        """Prompt and completion tokens that were counted in bodies which arrived whole."""
        sums = [0, 0]
        for _, answer in self.log:
            try:
                usage = json.loads(answer.body)["usage"] if answer.cut is None else {}
            except (ValueError, KeyError, TypeError):
                usage = {}
            sums[0] += usage.get("prompt_tokens", 0)
            sums[1] += usage.get("completion_tokens", 0)
        return sums[0], sums[1]

    def respond(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        with self._lock:
            key = body.decode()
            received = Received(len(self.log), self._seen.get(key, 0), json.loads(body), headers, time.monotonic())
            self._seen[key] = received.seen + 1
            answer = self.script(received)
            self.log.append((received, answer))
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        self._closing.wait(answer.delay_s)
        with self._lock:
            self._in_flight -= 1
        return answer

    def close(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is part of the test."""


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            if self.path.endswith("/models"):
                rows = [{"id": name, "object": "model", "created": 0, "owned_by": "t"} for name in server.models or ()]
                listing = json.dumps({"object": "list", "data": rows}).encode()
                self._reply(raw(listing) if server.models is not None else status(404))
                return
            self._reply(server.batches.respond("GET", self.path, b""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if server.batches is not None and not self.path.endswith("/chat/completions"):
                self._reply(server.batches.respond("POST", self.path, body))
                return
            self._reply(server.respond(body, {name.lower(): value for name, value in self.headers.items()}))

        def _reply(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut])
            self.wfile.flush()
            self.close_connection = answer.cut is not None

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
