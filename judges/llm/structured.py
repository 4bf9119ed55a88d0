"""Structured output: the JSON schema that a judge's reply follows, and the verdict in such a reply."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from polyarena.judges.llm.quotations import inside_code_fence

EXPLANATION = "explanation"
VERDICT = "verdict"


def verdict_schema(words: Collection[str], how_to_reply: str) -> dict[str, Any]:
    """Return the schema of a reply: the explanation first, so that the verdict follows from it.

    Args:
        words: How the verdicts are written.
        how_to_reply: What the judge is told; the schema has an explanation if this names the key, so that they agree.
    """
    explanation = {EXPLANATION: {"type": "string"}} if EXPLANATION in how_to_reply else {}
    properties: dict[str, Any] = {**explanation, VERDICT: {"type": "string", "enum": list(words)}}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def json_verdict(text: str) -> str | None:
    """Return what a reply says under ``verdict``; ``None`` if it is no JSON object that says it.

    The object must be the whole reply, but for a code fence around it: one that stands within other text may be a
    quotation. A key that is there twice says nothing, so the verdict is empty.
    """
    stripped = inside_code_fence(text).strip()
    if not (stripped.startswith("{") and stripped.endswith("}")):
        return None
    try:
        pairs = json.loads(stripped, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    said = [value for key, value in pairs if key == VERDICT]
    if not said:
        return None
    return said[0] if len(said) == 1 and isinstance(said[0], str) else ""
