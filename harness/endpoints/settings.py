"""What an experiment says about an endpoint."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from polyarena.tasks.errors import ModelError

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent where no key is set and the server is a local one; most local servers ignore it."""

_OURS = ("messages", "model", "stream", "n")

FieldPath = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$")]
"""A field of the request's body; dots lead into objects."""
_FIELDS = ("max_tokens_field", "effort_field", "budget_field")


class Prices(BaseModel):
    """What an endpoint charges; decimals, so that totals do not depend on the order of replies.

    Attributes:
        input: Per million prompt tokens.
        output: Per million completion tokens.
        cached_input: Per million prompt tokens that the endpoint had in its own prompt cache; as ``input`` if left out.
        batch_share: What batch mode costs, as a share of the price.
        currency: Any name; prices of different currencies are never added.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
    output: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
    cached_input: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] | None = None
    batch_share: Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)] = Decimal("0.5")
    currency: str = "USD"

    def cost(
        self,
        prompt_tokens: int | None,
        completion_tokens: int | None,
        cached_tokens: int | None = None,
        *,
        batch: bool = False,
    ) -> Decimal | None:
        """Return the exact price of these tokens, or ``None`` if the endpoint did not say how many there were.

        Args:
            prompt_tokens: All of the prompt.
            completion_tokens: Of the answer.
            cached_tokens: Of the prompt tokens, those from the endpoint's own prompt cache.
            batch: Whether they were bought in batch mode.
        """
        if prompt_tokens is None or completion_tokens is None:
            return None
        known = min(cached_tokens or 0, prompt_tokens)
        cached_input = self.input if self.cached_input is None else self.cached_input
        price = self.input * (prompt_tokens - known) + cached_input * known + self.output * completion_tokens
        return price * (self.batch_share if batch else 1) / 1_000_000


class EndpointSettings(BaseModel):
    """An OpenAI-compatible chat endpoint and how hard to lean on it.

    Attributes:
        base_url: Address up to and including the version, such as ``http://localhost:8000/v1``; ``None`` is OpenAI's
            own. The environment's ``OPENAI_BASE_URL`` is not consulted: it would change answers unseen.
        model: The model's name there.
        api_key_env: Environment variable that holds the key. The key itself is stored nowhere.
        mode: ``online`` asks one by one; ``batch`` hands all questions in at once through OpenAI's Batch API and waits
            for the answers (up to a day, at half the price).
        poll_s: Batch mode: seconds between two looks at the server.
        concurrency: Most requests in flight at once.
        timeout_s: Longest wait for one whole answer, in seconds.
        max_attempts: Requests for one call at most, the first included.
        max_wait_s: Longest pause before a retry, in seconds; a server that asks for a longer one has refused the call.
        prices: Without them costs are unknown, never zero.
        tokenizer: What `polyarena plan` counts tokens with: a ``tokenizer.json``, a folder that holds one, or the name
            of a repository on the hub. Without it they are estimated from the length of texts. No answer depends on it.
        max_tokens_field: How the server calls the longest answer: ``max_completion_tokens`` for OpenAI's reasoning
            models.
        effort_field: Where the request says how hard to think; dots lead into objects, such as ``reasoning.effort``.
        budget_field: Where it says how many tokens the thought may take, for servers that have such a field, such as
            ``thinking_token_budget`` (vLLM), ``thinking_budget`` (Qwen), ``reasoning.max_tokens`` (OpenRouter). Without
            it a thought is only bounded by the limit of the whole.
        identity: What the answers are known by in place of the address. Set it where the same model is reached under
            several addresses, or on another port every time; without it another address is asked everything again.
        revision: Which version of the model is behind the name, such as a date or a commit. Another revision is asked
            everything again. Without it, answers are only as new as the call cache: see ``polyarena run --fresh``.
        extra_body: Further fields of the request; they win over ours, and ``null`` removes one of ours
            (``temperature: null``).
    """

    # An error that quotes its input could quote a key that was pasted into the wrong field.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str | None = None
    model: Annotated[str, Field(min_length=1)]
    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "OPENAI_API_KEY"
    mode: Literal["online", "batch"] = "online"
    poll_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30.0
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 8
    timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 120.0
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 6
    max_wait_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 300.0
    prices: Prices | None = None
    tokenizer: Annotated[str, Field(min_length=1)] | None = None
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    effort_field: FieldPath = "reasoning_effort"
    budget_field: FieldPath | None = None
    identity: Annotated[str, Field(min_length=1)] | None = None
    revision: Annotated[str, Field(min_length=1)] | None = None
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("must be an address such as http://localhost:8000/v1")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("must hold no user, query or fragment; a key belongs in the environment (api_key_env)")
        address = value.rstrip("/")
        if address.endswith("/completions"):
            raise ValueError("must end before /chat/completions, usually in /v1")
        return address

    @field_validator("extra_body")
    @classmethod
    def _sendable(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        taken = sorted(set(value) & set(_OURS))
        if taken:
            raise ValueError(f"may not set {', '.join(taken)}: polyarena sets it itself")
        json.dumps(value, allow_nan=False)
        return value

    @field_validator("effort_field", "budget_field")
    @classmethod
    def _free_field(cls, value: str | None) -> str | None:
        if value is not None and value.split(".")[0] in _OURS:
            raise ValueError(f"may not be {value.split('.')[0]}: polyarena sets it itself")
        return value

    @property
    def url(self) -> str:
        """The address that is asked."""
        return self.base_url or OPENAI_URL

    @property
    def source(self) -> str:
        """Who answers, for the keys of answers: the address or what ``identity`` says, and the revision."""
        who = self.url if self.identity is None else f"identity:{self.identity}"
        return who if self.revision is None else f"{who}#{self.revision}"

    @property
    def model_source(self) -> str:
        """Who answers, with the model's name: what ``--fresh`` declares outdated."""
        return f"{self.source} {self.model}"

    @property
    def key_fields(self) -> Mapping[str, JsonValue]:
        """The part that changes answers: goes into cell keys and signatures. How fast and how dear is left out."""
        own = self.model_dump(include=set(_FIELDS), exclude_defaults=True)
        return {"base_url": self.source, "model": self.model, "extra_body": self.extra_body, **own}


def read_api_key(settings: EndpointSettings) -> str:
    """Return the key from the environment, or a stand-in for a local server.

    Raises:
        ModelError: There is no key and the server is not a local one, or the key cannot be sent.
    """
    name = settings.api_key_env
    key = os.environ.get(name, "").strip()
    if not key and _is_local(settings.url):
        return NO_KEY
    if not key:
        raise ModelError(
            f"no API key: the environment variable {name} is not set",
            where=settings.url,
            fix=f"export {name}=<your key>  (any text, if this server asks for none)",
        )
    if not (key.isascii() and key.isprintable()):
        raise ModelError(
            f"the environment variable {name} does not hold a key: it has characters that no header can carry",
            where=settings.url,
            fix=f"export {name}=<your key>",
        )
    return key


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))
