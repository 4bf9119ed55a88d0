"""The settings of an endpoint in an experiment, and its API key."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from polyarena.tasks.errors import ModelError

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent to a local server if no key is set; most local servers ignore it."""

_OURS = ("messages", "model", "stream", "n")

FieldPath = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$")]
"""A field of the request's body, with dots between nested fields."""
_FIELDS = ("max_tokens_field", "effort_field", "budget_field")


class Prices(BaseModel):
    """What an endpoint charges. Decimals, so that totals do not depend on the order of replies.

    Attributes:
        input: Price of a million prompt tokens.
        output: Price of a million completion tokens.
        cached_input: Price of a million prompt tokens that were in the endpoint's prompt cache; that of ``input`` if
            left out.
        batch_share: Price of batch mode as a share of the normal price.
        currency: Any name; amounts in different currencies are never added.
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
        """Return the exact price of these tokens, or ``None`` if the endpoint did not report the counts.

        Args:
            prompt_tokens: All tokens of the prompt.
            completion_tokens: Tokens of the answer.
            cached_tokens: The prompt tokens that came from the endpoint's prompt cache.
            batch: Whether the request was made in batch mode.
        """
        if prompt_tokens is None or completion_tokens is None:
            return None
        known = min(cached_tokens or 0, prompt_tokens)
        cached_input = self.input if self.cached_input is None else self.cached_input
        price = self.input * (prompt_tokens - known) + cached_input * known + self.output * completion_tokens
        return price * (self.batch_share if batch else 1) / 1_000_000


class EndpointSettings(BaseModel):
    """An OpenAI-compatible chat endpoint, and how to send requests to it.

    Attributes:
        base_url: Address up to and including the version, such as ``http://localhost:8000/v1``; ``None`` is OpenAI's.
            The environment variable ``OPENAI_BASE_URL`` is ignored: it would change answers without a trace.
        model: Name of the model at the endpoint.
        api_key_env: Environment variable that contains the key. The key itself is stored nowhere.
        mode: ``online`` sends one request per question; ``batch`` submits all questions through OpenAI's Batch API and
            waits for the results (up to a day, at half the price).
        poll_s: In batch mode, seconds between two status requests.
        concurrency: Most requests in flight at once.
        timeout_s: Longest wait for a complete answer, in seconds.
        max_attempts: Most requests for one call, the first one included.
        max_wait_s: Longest pause before a retry, in seconds; if the server asks for a longer pause, the call fails.
        prices: Prices of tokens. Without them, costs are unknown, never zero.
        tokenizer: Tokenizer with which ``polyarena plan`` counts tokens: a ``tokenizer.json``, a folder that contains
            one, or a repository on the hub. Without it, tokens are estimated from the length of texts. Answers do not
            depend on it.
        max_tokens_field: Name of the request field for the longest answer: ``max_completion_tokens`` for OpenAI's
            reasoning models.
        effort_field: Request field for the reasoning effort, with dots between nested fields: ``reasoning.effort``.
        budget_field: Request field for the most tokens of a thought, for servers that have one:
            ``thinking_token_budget`` (vLLM), ``thinking_budget`` (Qwen), ``reasoning.max_tokens`` (OpenRouter). Without
            it, only the limit of the whole reply bounds a thought.
        identity: Name under which answers are cached instead of the address. Set it if the same model is served under
            several addresses or on changing ports; without it, a new address is asked everything again.
        revision: Version of the model behind the name, such as a date or a commit. A new revision is asked everything
            again. Without it, answers are only as new as the call cache: see ``polyarena run --fresh``.
        logprob_token_ids: Score choices of one token each by the field of this name (vLLM), with one request a
            question. Such a system needs a ``tokenizer``.
        echo: Score choices by a completions interface that repeats the prompt with its log-probabilities (``echo``
            with ``logprobs``), with one request a choice; with ``logprob_token_ids``, only those that it cannot score.
        extra_body: Further fields of the request. They override polyarena's fields, and ``null`` removes one
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
    logprob_token_ids: bool = False
    echo: bool = False
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
            raise ValueError("must not contain a user, query or fragment; put a key into the environment (api_key_env)")
        address = value.rstrip("/")
        if address.endswith("/completions"):
            raise ValueError("must end before /chat/completions, usually in /v1")
        return address

    @field_validator("extra_body")
    @classmethod
    def _sendable(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        taken = sorted(set(value) & set(_OURS))
        if taken:
            raise ValueError(f"must not set {', '.join(taken)}: polyarena sets it itself")
        json.dumps(value, allow_nan=False)
        return value

    @field_validator("effort_field", "budget_field")
    @classmethod
    def _free_field(cls, value: str | None) -> str | None:
        if value is not None and value.split(".")[0] in _OURS:
            raise ValueError(f"must not be {value.split('.')[0]}: polyarena sets it itself")
        return value

    @model_validator(mode="after")
    def _scorable(self) -> EndpointSettings:
        if self.scores_choices and self.tokenizer is None:
            raise ValueError(
                "`logprob_token_ids` and `echo` need `tokenizer`: a folder or repository with the model's tokenizer"
            )
        if self.scores_choices and self.mode == "batch":
            raise ValueError("`logprob_token_ids` and `echo` need `mode: online`")
        return self

    @property
    def scores_choices(self) -> bool:
        """Whether the endpoint gives the likelihood of a text."""
        return self.logprob_token_ids or self.echo

    @property
    def url(self) -> str:
        """The address to which requests are sent."""
        return self.base_url or OPENAI_URL

    @property
    def source(self) -> str:
        """The source of answers in cache keys: the address or the ``identity``, and the revision."""
        who = self.url if self.identity is None else f"identity:{self.identity}"
        return who if self.revision is None else f"{who}#{self.revision}"

    @property
    def model_source(self) -> str:
        """The source of answers with the model's name: what ``--fresh`` declares outdated."""
        return f"{self.source} {self.model}"

    @property
    def key_fields(self) -> Mapping[str, JsonValue]:
        """The settings that change answers, for cell keys and signatures; speed and price are not among them."""
        own = self.model_dump(include=set(_FIELDS), exclude_defaults=True)
        if self.scores_choices:
            own |= {name: getattr(self, name) for name in ("logprob_token_ids", "echo", "tokenizer")}
        return {"base_url": self.source, "model": self.model, "extra_body": self.extra_body, **own}


def read_api_key(settings: EndpointSettings) -> str:
    """Return the key from the environment, or :data:`NO_KEY` for a local server without one.

    Raises:
        ModelError: There is no key and the server is not local, or the key cannot be sent in a header.
    """
    name = settings.api_key_env
    key = os.environ.get(name, "").strip()
    if not key and _is_local(settings.url):
        return NO_KEY
    if not key:
        raise ModelError(
            f"no API key: the environment variable {name} is not set",
            where=settings.url,
            fix=f"export {name}=<your key>  (any text, if the server needs no key)",
        )
    if not (key.isascii() and key.isprintable()):
        raise ModelError(
            f"the environment variable {name} does not contain a key: a header cannot carry some of its characters",
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
