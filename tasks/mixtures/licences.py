"""What a licence says about training: a warning for the card of a mixture, no legal advice."""

from __future__ import annotations

import re
from collections.abc import Iterable

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


def licence_warning(licence: str, sources: Iterable[str]) -> str | None:
    """Return, as a sentence, what a licence forbids, or ``None`` if it is not known to forbid anything.

    Args:
        licence: SPDX expression, or the licence in words.
        sources: What is under this licence.
    """
    text, named = licence.strip().casefold(), ", ".join(sources)
    if text in UNKNOWN:
        return f"No licence is stated for {named}."
    meaning = "; ".join(meaning for pattern, meaning in _TERMS if re.search(pattern, text))
    return f"The licence {licence!r} of {named} {meaning}." if meaning else None
