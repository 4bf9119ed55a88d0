"""One request over HTTP; imported when the first call is sent, because the library below it is slow to import.

The protocol is OpenAI's. Its own package is used where its speed does not matter
(:mod:`polyarena.harness.endpoints.batch`); for single calls it takes about three times the processor time that
``aiohttp`` takes, which bounds the requests that one core can have in flight.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from polyarena.harness.endpoints.loopback import is_loopback
from polyarena.harness.endpoints.settings import EndpointSettings
from polyarena.harness.endpoints.transport.backoff import read_retry_after
from polyarena.harness.endpoints.transport.certificates import ssl_context
from polyarena.harness.endpoints.transport.likelihoods import parse_likelihoods
from polyarena.harness.endpoints.transport.outcome import (
    RETRIED_STATUSES,
    Outcome,
    failure,
    is_content_refusal,
    parse_response,
    sanitize_outcome,
)
from polyarena.judges.protocol import Reply

Send = Callable[[Mapping[str, Any]], Awaitable[Outcome]]
"""Sends a body. Raises nothing but ``CancelledError``."""

_CONNECT_S = 10.0
_IDLE_S = 4.0  # shorter than the five seconds after which common servers close, so that none closes under a request
_LONGEST_BODY = 64 * 2**20
_NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached")


@asynccontextmanager
async def open_client(settings: EndpointSettings, key: str) -> AsyncIterator[Send]:
    """Open connections to an endpoint, as many as it may have requests in flight.

    Proxies are those of the environment (``HTTPS_PROXY``, ``NO_PROXY``), and so are certificates (``SSL_CERT_FILE``).
    Redirects are not followed, and an answer of more than 64 MB is not read to its end.

    Raises:
        ModelError: The certificates that the environment names cannot be read.
    """
    chat, given = f"{settings.url}/chat/completions", f"{settings.url}/completions"
    secure = chat.startswith("https:")
    connector = aiohttp.TCPConnector(
        limit=settings.concurrency,
        keepalive_timeout=_IDLE_S,
        ssl=ssl_context() if secure else True,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json", "User-Agent": "polyarena"},
        timeout=aiohttp.ClientTimeout(total=settings.timeout_s, sock_connect=min(_CONNECT_S, settings.timeout_s)),
    )
    proxy = proxy_of(settings.url)

    async def send(body: Mapping[str, Any]) -> Outcome:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            # A redirect would take prompts and key to whatever host the answer names.
            address = given if "prompt" in body else chat
            async with session.post(address, data=content, proxy=proxy, allow_redirects=False) as response:
                answer = await _read(response)
            if answer is None:
                outcome = failure("too_large", f"the answer is longer than {_LONGEST_BODY // 2**20} MB", retry=False)
            elif response.status < 300:
                outcome = parse_likelihoods(answer) if "prompt" in body else parse_response(answer)
            else:
                outcome = _refusal(response, answer)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            outcome = _broken(error, settings.timeout_s)
        return sanitize_outcome(outcome, key)

    async with session:
        yield send


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for an address, or ``None``.

    An address of this machine has none: a proxy elsewhere would look for the server on its own machine.
    """
    parts = urlsplit(url)
    if is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the body, or ``None`` if it is longer than :data:`_LONGEST_BODY`."""
    plain = "Content-Encoding" not in response.headers
    if plain and response.content_length is not None and response.content_length <= _LONGEST_BODY:
        return await response.read()
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(2**16):
        size += len(chunk)
        if size > _LONGEST_BODY:
            response.close()
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _refusal(response: aiohttp.ClientResponse, content: bytes) -> Outcome:
    status = response.status
    if status < 400:
        target = urlsplit(response.headers.get("Location", ""))
        address = f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}" if target.netloc else target.path
        return failure(str(status), f"HTTP {status}: redirected to {address or 'nowhere'}", retry=False)
    error = _error_of(content)
    said = error.get("message") or error.get("detail") or response.reason
    message = f"HTTP {status}: {said}"
    if status == 429 and (error.get("code") in _NO_CREDIT or error.get("type") in _NO_CREDIT):
        return failure("quota", message, retry=False)
    if status < 500 and is_content_refusal(error):
        reply = Reply("", "refused", error=f"the endpoint refuses this prompt: {message}")
        return Outcome("filtered", reply)
    retry = status in RETRIED_STATUSES or status >= 500
    headers = {name.lower(): value for name, value in response.headers.items()}
    wait = read_retry_after(headers, time.time()) if retry else None
    return failure(str(status), message, retry=retry, retry_after_s=wait)


def _error_of(content: bytes) -> Mapping[str, Any]:
    """Return what a refusal says: the protocol's ``error`` object, or the text of any other body as its message."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return {"message": content.decode("utf-8", "replace").strip()}
    error = data.get("error", data) if isinstance(data, dict) else data
    return error if isinstance(error, dict) else {"message": str(error)}


def _broken(error: Exception, timeout_s: float) -> Outcome:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return failure("connection", f"no connection within {min(_CONNECT_S, timeout_s):g} s", retry=True)
    if isinstance(error, TimeoutError):
        return failure("timeout", f"no answer within {timeout_s:g} s", retry=True)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError | aiohttp.InvalidURL):
        return failure("connection", f"no connection: {error or type(error).__name__}", retry=True)
    return failure("cut_off", f"the connection broke before the answer was whole: {error}", retry=True)
