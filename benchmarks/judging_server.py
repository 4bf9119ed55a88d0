"""The server of ``judging.py``: answers after a fixed time, or with faults, and can show its log.

    python benchmarks/judging_server.py LATENCY_S [storm]

Prints its port. With ``storm``, of all requests 20 % get a 429 with ``Retry-After``, 10 % a 500, 5 % a body that is cut
off, 3 % a body that is no JSON and 2 % no answer; ``GET /log`` then returns what it was asked and how it answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys

BUSY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0.05\r\nContent-Length: 0\r\n\r\n"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


def whole(content: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content) + content


def answer(text: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 900, "completion_tokens": 12}
    return json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()


FIXED = whole(answer("Both are good, the first is better.\n[[A>B]]"))


class Server:
    """One scripted server; ``log`` has one row for each request."""

    def __init__(self, latency_s: float, storm: bool) -> None:
        self.latency_s = latency_s
        self.storm = storm
        self.log: list[dict[str, object]] = []
        self.random = random.Random(0)

    def latency(self, body: bytes) -> float:  # noqa: ARG002 - other servers look at it
        """Return the seconds after which a request is answered."""
        return self.latency_s

    def respond(self, url: str, body: bytes) -> tuple[bytes | None, bool]:
        """Return the response, ``None`` for none, and whether the connection is closed after it."""
        if not self.storm:
            return FIXED, False
        data = json.loads(body)
        canonical = json.dumps(
            {"base_url": url, "body": data, "sample_index": 0}, sort_keys=True, separators=(",", ":")
        )
        key = hashlib.sha256(canonical.encode()).hexdigest()
        fate = self.random.random()
        self.log.append({"key": key, "whole": fate >= 0.40})
        good = whole(answer(f"verdict-{data['messages'][-1]['content']}"))
        if fate < 0.20:
            return BUSY, False
        if fate < 0.30:
            return BROKEN, False
        if fate < 0.35:
            return good[:-20], True
        if fate < 0.38:
            return whole(b'{"choices": [{"message'), False
        return (None, False) if fate < 0.40 else (good, False)


class Connection(asyncio.Protocol):
    """One connection, as little HTTP as it takes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.buffer = bytearray()
        self.needed: int | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has arrived whole."""
        self.buffer += data
        if self.needed is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.buffer[:end]).lower()
            if head.startswith(b"get"):
                self.transport.write(whole(json.dumps(self.server.log).encode()))
                self.buffer.clear()
                return
            start = head.index(b"content-length:") + 15
            self.needed = end + 4 + int(head[start:].split(b"\r\n", 1)[0])
            host = head.split(b"host:", 1)[1].split(b"\r\n", 1)[0].strip().decode()
            self.url, self.start = f"http://{host}/v1", end + 4
        if len(self.buffer) >= self.needed:
            body = bytes(self.buffer[self.start : self.needed])
            response, close = self.server.respond(self.url, body)
            latency_s = self.server.latency(body)
            del self.buffer[: self.needed]
            self.needed = None
            if response is not None:
                asyncio.get_running_loop().call_later(latency_s, self._send, response, close)

    def _send(self, response: bytes, close: bool) -> None:
        if not self.transport.is_closing():
            self.transport.write(response)
            if close:
                self.transport.close()


async def serve(server: Server) -> None:
    """Serve on a free port, which is printed."""
    listening = await asyncio.get_running_loop().create_server(lambda: Connection(server), "127.0.0.1", 0, backlog=2048)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Server(float(sys.argv[1]), "storm" in sys.argv[2:])))
