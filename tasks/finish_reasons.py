"""The meaning of the finish reasons of all providers, in one table.

Providers use different names for the same reason: ``length``, ``MAX_TOKENS``, ``model_length`` and others all mean that
the text was cut off. All code that checks whether an answer is complete uses this table.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache


class FinishKind(StrEnum):
    """Why a generated text ended."""

    STOP = "stop"
    """The model or a stop text ended it."""
    CUT = "cut"
    """It reached a limit on tokens."""
    WITHHELD = "withheld"
    """A filter of the host, or its refusal, replaced the answer."""
    ERROR = "error"
    """The server failed or aborted; the text is not an answer."""
    UNKNOWN = "unknown"
    """The server gave no reason, or one that is not in the table."""


_REASONS = {
    FinishKind.STOP: (
        "stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_sequences", "complete", "completed", "finish",
        "finished", "end_of_sequence", "endoftext", "tool_calls", "tool_call", "tool_use", "function_call",
    ),
    FinishKind.CUT: (
        # OpenAI, vLLM, llama.cpp, TGI; Anthropic; Gemini and Cohere; OpenAI's Responses; Mistral; and older servers.
        "length", "max_tokens", "max_output_tokens", "max_completion_tokens", "max_new_tokens", "max_length",
        "model_length", "token_limit", "limit", "model_context_window_exceeded", "context_length_exceeded",
        "context_window_exceeded", "context_length", "error_limit", "incomplete", "truncated", "repetition_truncation",
    ),
    FinishKind.WITHHELD: (
        # OpenAI and Azure; Bedrock; Anthropic; Gemini; Cohere; GLM; routers.
        "content_filter", "content_filtered", "content_filtering", "guardrail_intervened", "refusal", "safety",
        "recitation", "blocklist", "prohibited_content", "spii", "language", "image_safety", "error_toxic", "sensitive",
        "moderation", "blocked", "flagged", "refused", "toxic", "model_armor",
    ),
    FinishKind.ERROR: (
        "error", "failed", "abort", "aborted", "cancelled", "canceled", "timeout", "network_error",
        "insufficient_system_resource", "unexpected_model_output", "malformed_response",
    ),
}  # fmt: skip
_PREFIX = re.compile(r"^finish_?reason[._]", re.IGNORECASE)
_OTHER = re.compile(r"[^a-z]+")


def _fold(reason: str) -> str:
    return _OTHER.sub("", _PREFIX.sub("", reason.strip()).lower())


_KINDS = {_fold(reason): kind for kind, reasons in _REASONS.items() for reason in reasons}


@lru_cache(maxsize=64)
def finish_kind(reason: str | None) -> FinishKind:
    """Return what a finish reason means.

    Letter case, punctuation and a leading ``finish_reason`` do not matter: ``MAX_TOKENS``, ``max-tokens`` and
    ``FinishReason.MAX_TOKENS`` are equal.
    """
    return _KINDS.get(_fold(reason or ""), FinishKind.UNKNOWN)


def is_cut(reason: str | None) -> bool:
    """Return whether a text with this finish reason was cut off at a limit on tokens."""
    return finish_kind(reason) is FinishKind.CUT


def is_withheld(reason: str | None) -> bool:
    """Return whether the host withheld the answer, or part of it."""
    return finish_kind(reason) is FinishKind.WITHHELD


def is_refused_by_host(text: str | None, finish_reason: str | None) -> bool:
    """Return whether the host refused to answer: nothing was generated, because a filter withheld it.

    Such an answer is stored and counted, and neither scored nor judged: it says something about the host, and nothing
    about the model. A model that refuses in its own words has answered.
    """
    return not text and is_withheld(finish_reason)
