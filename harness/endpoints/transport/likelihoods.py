"""Reads the log-likelihoods that a completions interface returns for a given text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polyarena.harness.endpoints.transport.outcome import Outcome, parse_response

NAMED = "token_id:"
"""What vLLM writes before the number of a token where the request asks for numbers in place of texts."""


def parse_likelihoods(content: bytes) -> Outcome:
    """Read the body of a successful response to a text that was to be scored.

    The text of the reply is a JSON object: ``echo``, the log-probability of each token of the text (``null`` for the
    first, the generated token last), and ``next``, that of each token that was asked for as the next one, by its
    number. What the server did not send is empty. Counts of tokens, and errors inside a successful response, are read
    as for answers.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return parse_response(content)
    choices = data.get("choices") if isinstance(data, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None
    if choice is None or choice.get("error") or data.get("error"):
        return parse_response(content)
    logprobs = choice.get("logprobs")
    logprobs = logprobs if isinstance(logprobs, dict) else {}
    read = {"echo": _numbers(logprobs.get("token_logprobs")), "next": _next(logprobs.get("top_logprobs"))}
    answer = {**data, "choices": [{"finish_reason": "length", "message": {"content": json.dumps(read)}}]}
    return parse_response(json.dumps(answer).encode())


def _numbers(values: object) -> list[float | None]:
    listed = values if isinstance(values, list) else []
    return [_number(value) for value in listed]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _next(values: object) -> Mapping[str, Any]:
    first = values[0] if isinstance(values, list) and values and isinstance(values[0], dict) else {}
    found = {name.removeprefix(NAMED): _number(value) for name, value in first.items() if name.startswith(NAMED)}
    return {name: value for name, value in found.items() if name.isdecimal() and value is not None}
