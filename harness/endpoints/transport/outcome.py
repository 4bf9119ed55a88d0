"""The outcome of one request, read from the body or from the failure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from polyarena.judges.protocol import Reply
from polyarena.tasks.finish_reasons import FinishKind, finish_kind
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thinking import read_message

OK = "ok"
RETRIED_STATUSES = frozenset({408, 409, 429})
"""HTTP statuses below 500 after which the same request may succeed."""
_REFUSED = frozenset({"filtered", "400", "413", "422"})
_CONTENT_REFUSALS = frozenset(
    {
        "content_filter", "content_policy_violation", "responsibleaipolicyviolation", "invalid_prompt", "safety",
        "content_moderation", "moderation", "moderation_blocked", "data_inspection_failed", "prohibited_content",
        "content_blocked", "sensitive_content",
    }
)  # fmt: skip
_MOST_TOKENS = 2**53
_MESSAGE_LENGTH = 300
_MASK = "***"
_SHORTEST_KEY = 6  # shorter ones are stand-ins such as "none", which messages hold by chance
_SHORTEST_SECRET = 8
_LONGEST_WORD = 15
_LONGEST_SERVED = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one request.

    Attributes:
        reason: ``ok``, ``filtered`` (the host refuses the prompt or withholds the answer), ``upstream`` (an error in a
            successful response), ``malformed``, ``too_large``, ``cut_off``, ``timeout``, ``connection``, ``quota`` or
            the HTTP status, such as ``429``.
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
    """Return the outcome of a request without an answer.

    Args:
        reason: ``timeout``, ``connection``, an HTTP status, ...: the outcome's name in the journal.
        message: What went wrong, for the user.
        retry: Whether asking again may help.
        retry_after_s: Seconds that the server asks to wait.
    """
    return Outcome(reason, Reply(text="", error=message), retry, retry_after_s)


def with_attempt_count(outcome: Outcome, attempts: int) -> Outcome:
    """Return the outcome with an error that gives the number of attempts, if asking again might still have helped."""
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
    served = reply.served_by and _masked_answer(reply.served_by, key)
    text = _masked_answer(reply.text, key)
    if (text, finish_reason, thought, served) != (reply.text, reply.finish_reason, reply.thought, reply.served_by):
        reply = replace(reply, text=text, finish_reason=finish_reason, thought=thought, served_by=served)
    if reply.error is not None:
        text = " ".join(sanitize_text(mask_key(reply.error, key)).split())
        text = text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 1] + "…"
        reply = replace(reply, error=text)
    return outcome if reply is outcome.reply else replace(outcome, reply=reply)


def mask_key(message: str, key: str) -> str:
    """Return a server's message without the API key, however JSON may write it.

    Keys of fewer than 6 characters are left: they are placeholders, which messages may contain by chance.
    """
    if len(key) < _SHORTEST_KEY:
        return message
    return message.replace(key, _MASK).replace(json.dumps(key)[1:-1], _MASK)


def _masked_answer(text: str, key: str) -> str:
    """Return a model's answer without the API key; keys of 6 or 7 characters and short plain words are left as well.

    A placeholder for the key of a local server ("anything", "placeholder") may occur in an answer; no service issues
    such keys.
    """
    word = key.isalpha() and len(key) <= _LONGEST_WORD
    return text if word or len(key) < _SHORTEST_SECRET else mask_key(text, key)


def parse_response(content: bytes) -> Outcome:
    """Read the body of a successful response.

    An empty text is an answer if the server says why it ended (models do end at once). No answer, and worth another
    request, are: a body without a message, an error that the server put into the body or into the first choice, a
    finish reason that means a failure, and an empty text without a finish reason. A text that the host's filter has
    emptied is a refusal of the question, which asking again does not change.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as unreadable:
        return failure("malformed", f"the body is not JSON: {unreadable}", retry=True)
    if not isinstance(data, dict):
        return failure("malformed", "the body is not a JSON object", retry=True)
    usage = data.get("usage")
    tokens = _Tokens.of(usage if isinstance(usage, dict) else {})
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    choice = choice if isinstance(choice, dict) else {}
    message = choice.get("message")
    reported = choice.get("error") or data.get("error")
    if reported:
        return _upstream(tokens, reported)
    if not isinstance(message, dict):
        why = "the first choice has no message" if choices else "the body has no choices"
        return tokens.without_answer("malformed", why, retry=True)
    finish_reason = choice.get("finish_reason")
    finish_reason = sanitize_text(finish_reason) if isinstance(finish_reason, str) and finish_reason.strip() else None
    kind = finish_kind(finish_reason)
    said = read_message(message)
    text = sanitize_text(said.text)
    if kind is FinishKind.ERROR:
        return _upstream(tokens, f"finish reason {finish_reason!r}")
    if kind is FinishKind.WITHHELD and not text:
        why = "the endpoint's content filter withheld the answer"
        return tokens.without_answer("filtered", why, finish_reason=finish_reason)
    if not text and finish_reason is None and not message.get("tool_calls"):
        return tokens.without_answer("malformed", "the message is empty and has no finish reason", retry=True)
    return Outcome(
        OK,
        # Not `replace`, which takes several times as long; this is done for each request.
        Reply(
            text,
            finish_reason,
            tokens.prompt,
            tokens.completion,
            cached_tokens=tokens.cached,
            thought=None if said.thought is None else sanitize_text(said.thought),
            thought_tokens=tokens.thought,
            served_by=served_by(data),
        ),
    )


def served_by(response: Mapping[str, Any]) -> str | None:
    """Return what a response says of the model behind it: its name or file, and the fingerprint of its set-up.

    OpenAI names the snapshot behind an alias and a ``system_fingerprint``; llama.cpp the file of the weights and its
    own build. Of a path, the last part is returned.
    """
    names = [response.get("model"), response.get("system_fingerprint")]
    told = [sanitize_text(name.strip()) for name in names if isinstance(name, str) and name.strip()]
    if told and told[0].startswith(("/", "\\", "~", ".")):
        told[0] = told[0].replace("\\", "/").rsplit("/", 1)[-1]
    return " ".join(told)[:_LONGEST_SERVED] or None


def _upstream(tokens: _Tokens, error: object) -> Outcome:
    """Return the outcome of an error inside HTTP 200; a code of 4xx in it says that asking again will not help."""
    fields = error if isinstance(error, dict) else {}
    code = _status(fields.get("code"))
    message = fields.get("message")
    said = message if isinstance(message, str) else error if isinstance(error, str) else json.dumps(error)
    if is_content_refusal(fields):
        return tokens.without_answer("filtered", f"the endpoint refuses this prompt: {said}", finish_reason="refused")
    retry = code is None or code in RETRIED_STATUSES or not 400 <= code < 500
    return tokens.without_answer("upstream", f"the server failed inside a successful response: {said}", retry=retry)


def is_content_refusal(error: Mapping[str, Any]) -> bool:
    """Return whether an error object says that the host's filter refuses this very prompt."""
    inner = error.get("innererror")
    words = [error.get("code"), error.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    if any(isinstance(word, str) and word.strip().lower() in _CONTENT_REFUSALS for word in words):
        return True
    metadata = error.get("metadata")
    return isinstance(metadata, dict) and "flagged_input" in metadata


def _status(code: object) -> int | None:
    text = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""
    return int(text) if text.isdecimal() and len(text) == len("400") else None


class _Tokens(NamedTuple):
    """What a server says of the tokens of one response."""

    prompt: int | None
    completion: int | None
    cached: int | None
    thought: int | None

    @classmethod
    def of(cls, usage: Mapping[str, Any]) -> _Tokens:
        thought = _count(usage.get("completion_tokens_details"), "reasoning_tokens")
        return cls(
            _count(usage, "prompt_tokens"),
            _count(usage, "completion_tokens"),
            _count(usage.get("prompt_tokens_details"), "cached_tokens"),
            _count(usage, "reasoning_tokens") if thought is None else thought,
        )

    def without_answer(
        self, reason: str, error: str, *, finish_reason: str | None = None, retry: bool = False
    ) -> Outcome:
        reply = Reply(
            "",
            finish_reason,
            self.prompt,
            self.completion,
            error=error,
            cached_tokens=self.cached,
            thought_tokens=self.thought,
        )
        return Outcome(reason, reply, retry)


def _count(usage: object, name: str) -> int | None:
    """Return a count of tokens; ``None`` for what cannot be one, such as numbers that no 64-bit float holds exactly."""
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MOST_TOKENS else None
