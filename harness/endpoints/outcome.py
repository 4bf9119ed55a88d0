"""What one request came to, read from the body or from the failure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from polyarena.judges.protocol import Reply
from polyarena.tasks.text import well_formed

OK = "ok"
_REFUSED = frozenset({"filtered", "400", "413", "422"})
_MESSAGE_LENGTH = 300
_SHORTEST_KEY = 6  # shorter ones are stand-ins such as "none", which messages hold by chance


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one request came to.

    Attributes:
        reason: ``ok``, ``filtered``, ``malformed``, ``cut_off``, ``timeout``, ``connection``, ``quota`` or the HTTP
            status, such as ``429``.
        reply: The answer; with ``error`` set, and the tokens if the server counted any, where there is none. Its cost
            is not filled in.
        retry: Whether the same request may succeed later.
        retry_after_s: How long the server asks to wait, in seconds.
    """

    reason: str
    reply: Reply
    retry: bool = False
    retry_after_s: float | None = None

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.reason == OK

    @property
    def question_refused(self) -> bool:
        """Whether the endpoint refuses this very question, so that asking it again will not help."""
        return self.reason in _REFUSED


def failure(reason: str, message: str, *, retry: bool, retry_after_s: float | None = None) -> Outcome:
    """Return the outcome of a request without an answer."""
    return Outcome(reason, Reply(text="", error=message), retry, retry_after_s)


def presentable(outcome: Outcome, key: str) -> Outcome:
    """Return the outcome with an error fit for records and terminals.

    A server's message becomes well-formed, one line, at most 300 characters, and free of the API key, which some
    servers quote.
    """
    error = outcome.reply.error
    if error is None:
        return outcome
    if len(key) >= _SHORTEST_KEY:
        error = error.replace(key, "***")
    text = " ".join(well_formed(error).split())
    text = text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 1] + "…"
    return replace(outcome, reply=replace(outcome.reply, error=text))


def read_body(content: bytes) -> Outcome:
    """Read the body of a successful response.

    An empty text is an answer (models do end at once); a body without a message is not, and a text that the endpoint's
    filter has emptied is a refusal that asking again will not change.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        return failure("malformed", f"the body is not JSON: {error}", retry=True)
    if not isinstance(data, dict):
        return failure("malformed", "the body is not a JSON object", retry=True)
    usage = data.get("usage")
    prompt_tokens, completion_tokens = (_count(usage, f"{side}_tokens") for side in ("prompt", "completion"))
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        said = f": {json.dumps(data['error'])}" if data.get("error") else ""
        why = f"the body has no choices{said}" if not choices else "the first choice has no message"
        return Outcome("malformed", Reply("", None, prompt_tokens, completion_tokens, error=why), retry=True)
    details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
    cached_tokens = _count(details, "cached_tokens")
    finish_reason = choice.get("finish_reason")
    finish_reason = well_formed(finish_reason) if isinstance(finish_reason, str) else None
    text = _text(message)
    if finish_reason == "content_filter" and not text:
        why = "the endpoint's content filter withheld the answer"
        return Outcome("filtered", Reply("", finish_reason, prompt_tokens, completion_tokens, error=why))
    return Outcome(OK, Reply(text, finish_reason, prompt_tokens, completion_tokens, cached_tokens=cached_tokens))


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        content = message.get("refusal")
    return well_formed(content) if isinstance(content, str) else ""


def _count(usage: object, name: str) -> int | None:
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
