"""One request over the ``openai`` package; imported when the first call is sent, because that package is slow to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import openai

from polyarena.harness.endpoints.backoff import read_retry_after
from polyarena.harness.endpoints.outcome import Outcome, failure, presentable, read_body
from polyarena.harness.endpoints.settings import EndpointSettings

Send = Callable[[int, Mapping[str, Any]], Awaitable[Outcome]]
"""Sends a body by the connections of a worker, given by its number. Raises nothing but ``CancelledError``."""

_CONNECT_S = 10.0
_POOL = 64  # a pool searches all its connections for each request, which tells beyond this many
_NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached")


@asynccontextmanager
async def open_client(settings: EndpointSettings, key: str) -> AsyncIterator[Send]:
    """Open connections to an endpoint, as many as it may have requests in flight."""
    async with AsyncExitStack() as stack:
        clients = []
        for first in range(0, settings.concurrency, _POOL):
            width = min(_POOL, settings.concurrency - first)
            transport = openai.DefaultAsyncHttpxClient(
                limits=httpx2.Limits(max_connections=width, max_keepalive_connections=width)
            )
            client = openai.AsyncOpenAI(
                api_key=key,
                base_url=settings.url,
                max_retries=0,  # the package's own retries would be in nobody's count
                timeout=httpx2.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s)),
                http_client=transport,
            )
            clients.append(await stack.enter_async_context(client))

        async def send(worker: int, body: Mapping[str, Any]) -> Outcome:
            return presentable(await _send(clients[worker // _POOL], body, settings.timeout_s), key)

        yield send


async def _send(client: openai.AsyncOpenAI, body: Mapping[str, Any], timeout_s: float) -> Outcome:
    try:
        # The transport's time-out is for each read; a server that dribbles would never run into it.
        async with asyncio.timeout(timeout_s):
            # The response itself rather than a typed completion: the body is judged by us, and it is much faster.
            response = await client.post("/chat/completions", cast_to=httpx2.Response, body=body)
        return read_body(response.content)
    except TimeoutError:
        return failure("timeout", f"no answer within {timeout_s:g} s", retry=True)
    except openai.APIStatusError as error:
        return _refusal(error)
    except openai.APIConnectionError as error:
        return _broken(error.__cause__ or error, timeout_s)


def _refusal(error: openai.APIStatusError) -> Outcome:
    status = error.status_code
    body = error.body
    said = body.get("message") if isinstance(body, dict) else body
    message = f"HTTP {status}: {said or error.response.reason_phrase}"
    if status == 429 and (error.code in _NO_CREDIT or error.type in _NO_CREDIT):
        return failure("quota", message, retry=False)
    retry = status in (408, 409, 429) or status >= 500
    wait = read_retry_after(error.response.headers, time.time()) if retry else None
    return failure(str(status), message, retry=retry, retry_after_s=wait)


def _broken(cause: BaseException, timeout_s: float) -> Outcome:
    if isinstance(cause, httpx2.ReadTimeout | httpx2.WriteTimeout):
        return failure("timeout", f"no answer within {timeout_s:g} s", retry=True)
    if isinstance(cause, httpx2.RemoteProtocolError | httpx2.ReadError | httpx2.WriteError | httpx2.DecodingError):
        return failure("cut_off", f"the connection broke before the answer was whole: {cause}", retry=True)
    return failure("connection", f"no connection: {cause or type(cause).__name__}", retry=True)
