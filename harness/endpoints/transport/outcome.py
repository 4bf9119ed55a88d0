"""What one request came to, read from the body or from the failure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from polyarena.judges.protocol import Reply
from polyarena.tasks.finish_reasons import is_withheld
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import read_message

OK = "ok"
_REFUSED = frozenset({"filtered", "400", "413", "422"})
_MESSAGE_LENGTH = 300
_MASK = "***"
_SHORTEST_KEY = 6  # shorter ones are stand-ins such as "none", which messages hold by chance
_SHORTEST_SECRET = 8
_LONGEST_WORD = 15


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


def with_attempt_count(outcome: Outcome, attempts: int) -> Outcome:
    """Return the outcome with an error that says how often was asked, if asking again might still have helped."""
    if not outcome.retry:
        return outcome
    asked = f"; asked to wait {outcome.retry_after_s:g} s" if outcome.retry_after_s else ""
    return replace(outcome, reply=replace(outcome.reply, error=f"{outcome.reply.error} (attempts: {attempts}{asked})"))


def sanitize_outcome(outcome: Outcome, key: str) -> Outcome:
    """Return the outcome fit for records and terminals.

    A server's message becomes well-formed, one line, at most 300 characters, and free of the API key, which some
    servers quote. An answer stays as it is, but for the key.
    """
    reply = outcome.reply
    finish_reason = reply.finish_reason and _masked_answer(reply.finish_reason, key)
    thought = reply.thought and _masked_answer(reply.thought, key)
    reply = replace(reply, text=_masked_answer(reply.text, key), thought=thought, finish_reason=finish_reason)
    if reply.error is not None:
        text = " ".join(sanitize_text(mask_key(reply.error, key)).split())
        text = text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 1] + "…"
        reply = replace(reply, error=text)
    return replace(outcome, reply=reply)


def mask_key(message: str, key: str) -> str:
    """Return a server's message without the API key, however JSON may write it.

    Keys of fewer than 6 characters are left: they are stand-ins, which messages hold by chance.
    """
    if len(key) < _SHORTEST_KEY:
        return message
    return message.replace(key, _MASK).replace(json.dumps(key)[1:-1], _MASK)


def _masked_answer(text: str, key: str) -> str:
    """Likewise for what a model wrote, which is data: left are also keys of 6 or 7 characters, and short plain words.

    What a local server is given in place of a key ("anything", "placeholder") may well stand in an answer; no service
    hands out keys like these.
    """
    word = key.isalpha() and len(key) <= _LONGEST_WORD
    return text if word or len(key) < _SHORTEST_SECRET else mask_key(text, key)


def parse_response(content: bytes) -> Outcome:
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
        told = f": {json.dumps(data['error'])}" if data.get("error") else ""
        why = f"the body has no choices{told}" if not choices else "the first choice has no message"
        return Outcome("malformed", Reply("", None, prompt_tokens, completion_tokens, error=why), retry=True)
    cached_tokens = _count(_details(usage, "prompt_tokens_details"), "cached_tokens")
    thought_tokens = _count(_details(usage, "completion_tokens_details"), "reasoning_tokens")
    if thought_tokens is None:
        thought_tokens = _count(usage, "reasoning_tokens")
    finish_reason = choice.get("finish_reason")
    finish_reason = sanitize_text(finish_reason) if isinstance(finish_reason, str) else None
    said = read_message(message)
    text, thought = sanitize_text(said.text), None if said.thought is None else sanitize_text(said.thought)
    if is_withheld(finish_reason) and not text:
        why = "the endpoint's content filter withheld the answer"
        return Outcome("filtered", Reply("", finish_reason, prompt_tokens, completion_tokens, error=why))
    reply = Reply(
        text,
        finish_reason,
        prompt_tokens,
        completion_tokens,
        cached_tokens=cached_tokens,
        thought=thought,
        thought_tokens=thought_tokens,
    )
    return Outcome(OK, reply)


def _details(usage: object, name: str) -> object:
    return usage.get(name) if isinstance(usage, dict) else None


def _count(usage: object, name: str) -> int | None:
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
