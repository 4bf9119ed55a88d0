"""The client for OpenAI-compatible chat endpoints: concurrent requests, bounded retries, a call cache and accounting.

Importing this package imports neither ``aiohttp`` nor ``openai``; the first call that has to be sent does.
"""

from polyarena.harness.endpoints.accounting.ledger import Ledger, Totals
from polyarena.harness.endpoints.cache import CallCache
from polyarena.harness.endpoints.endpoint import Endpoint
from polyarena.harness.endpoints.pending_call import Attempt
from polyarena.harness.endpoints.reply_policy import cached_reply, is_known
from polyarena.harness.endpoints.request import call_key, request_body
from polyarena.harness.endpoints.settings import EndpointSettings, Prices, read_api_key

__all__ = [
    "Attempt",
    "CallCache",
    "Endpoint",
    "EndpointSettings",
    "Ledger",
    "Prices",
    "Totals",
    "cached_reply",
    "call_key",
    "is_known",
    "read_api_key",
    "request_body",
]
