"""What the reasons mean with which servers and libraries say that a text ended.

Each house has its own word for the same thing. Reasons are compared without letter case, punctuation and a leading
``finish_reason``, so that ``MAX_TOKENS``, ``max_tokens`` and ``FinishReason.MAX_TOKENS`` are one.
"""

from __future__ import annotations

import re

_CUT = frozenset(
    {
        "length",  # OpenAI, vLLM, SGLang, TGI, llama.cpp, Mistral
        "maxtokens",  # Anthropic, Gemini, Cohere
        "maxoutputtokens",  # OpenAI's Responses
        "maxlength",
        "maxnewtokens",
        "modellength",  # Mistral and Cohere: the context is full
        "modelcontextwindowexceeded",  # Anthropic
        "contextlength",
        "contextlengthexceeded",
        "tokenlimit",
        "incomplete",
    }
)
_WITHHELD = frozenset(
    {
        "contentfilter",  # OpenAI, Azure
        "contentfiltered",  # Bedrock
        "guardrailintervened",  # Bedrock
        "refusal",  # Anthropic
        "safety",  # Gemini
        "recitation",
        "blocklist",
        "prohibitedcontent",
        "spii",
        "imagesafety",
        "modelarmor",
        "language",
        "toxic",  # Cohere
        "errortoxic",
        "sensitive",  # Zhipu
    }
)
_PREFIX = re.compile(r"^finish_?reason[._]", re.IGNORECASE)
_OTHER = re.compile(r"[^a-z]+")


def is_cut(reason: str | None) -> bool:
    """Whether a text ended because it reached a limit of length."""
    return _folded(reason) in _CUT


def is_withheld(reason: str | None) -> bool:
    """Whether a host kept a text back, in whole or in part, for what it says."""
    return _folded(reason) in _WITHHELD


def _folded(reason: str | None) -> str:
    return _OTHER.sub("", _PREFIX.sub("", reason or "").lower())
