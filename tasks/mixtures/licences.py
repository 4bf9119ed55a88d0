"""What a licence says about training: a warning for the card of a mixture, no legal advice."""

from __future__ import annotations

import re

UNKNOWN = frozenset({"", "unknown", "none", "noassertion", "other"})
_TERMS = (
    (r"(^|[^a-z])nc([^a-z]|$)|non-?commercial", "allows no commercial use; a model trained on it may not either"),
    (r"(^|[^a-z])nd([^a-z]|$)|no-?deriv", "allows no derivatives, which a trained model may be"),
    (
        r"openai|anthropic|gpt-4|chatgpt",
        "is the terms of a service, which may forbid training other models on its output",
    ),
    (r"proprietary|all rights reserved|research[- ]only|no[- ]training", "forbids training or redistribution"),
)


def licence_warning(licence: str) -> str | None:
    """Return what a licence forbids, as the end of a sentence, or ``None`` if it is not known to forbid anything.

    Args:
        licence: SPDX expression, or the licence in words.
    """
    text = licence.strip().casefold()
    if text in UNKNOWN:
        return "is not stated"
    return "; ".join(meaning for pattern, meaning in _TERMS if re.search(pattern, text)) or None
