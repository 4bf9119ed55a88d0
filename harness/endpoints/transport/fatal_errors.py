"""Failures after which further requests are pointless, worded so that the user can fix them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from polyarena.harness.endpoints.settings import EndpointSettings
from polyarena.harness.endpoints.transport.model_list import suggest_model
from polyarena.harness.endpoints.transport.outcome import Outcome
from polyarena.tasks.errors import ModelError

_ALWAYS = ("401", "402", "quota")
_UNTIL_ANSWERED = ("403", "404")
_KEYS = (
    (
        "max_completion_tokens",
        r"max_tokens\W.{0,80}max_completion_tokens",
        "set `max_tokens_field: max_completion_tokens` for this endpoint",
    ),
    (
        "context length",
        r"context[ _](?:length|window|size)|maximum context|too (?:long|many tokens)|exceed_context",
        "the prompt and `max_tokens` together do not fit: lower `sampling: {max_tokens: ...}`, or raise the context "
        "length of the server",
    ),
    ("max_tokens", r"max_(?:completion_|output_|new_)?tokens", "change `sampling: {max_tokens: ...}`"),
    ("temperature", r"temperature", "change `sampling: {temperature: ...}`, or leave it out with "
     "`extra_body: {temperature: null}`"),
    ("top_p", r"top_p", "change `sampling: {top_p: ...}`"),
    ("stop", r"(?<![a-z_])stop(?![a-z])", "change `sampling: {stop: [...]}`, or leave it out with "
     "`extra_body: {stop: null}`"),
    ("seed", r"(?<![a-z_])seed(?![a-z])", "leave it out with `extra_body: {seed: null}`"),
    ("reasoning_effort", r"reasoning[_. ]effort", "change `reasoning_effort` or `effort_field`"),
    ("response_format", r"response_format|json_schema|structured output", "set `structured: off` for this judge"),
    ("system message", r"system (?:role|message|prompt)|role.{0,20}system", "leave `system_prompt` out"),
)  # fmt: skip
"""Parameters that servers refuse, the words by which messages name them, and the key of the experiment for each."""
_OF_JUDGES = {
    "max_completion_tokens": "set `max_tokens_field: max_completion_tokens` in the judge's `endpoint`",
    "context length": "the question and `max_tokens` together do not fit: lower `max_tokens` in the judge's `args`, or "
    "raise the context length of the server",
    "max_tokens": "change `max_tokens` in the judge's `args`",
    "temperature": "leave it out with `extra_body: {temperature: null}` in the judge's `endpoint`",
    "top_p": "leave it out with `extra_body: {top_p: null}` in the judge's `endpoint`",
    "stop": "leave it out with `extra_body: {stop: null}` in the judge's `endpoint`",
    "seed": "leave it out with `extra_body: {seed: null}` in the judge's `endpoint`",
    "reasoning_effort": "change `reasoning_effort` in the judge's `args`, or `effort_field` in its `endpoint`",
    "response_format": "set `structured: off` in the judge's `args`",
    "system message": "the judge's template has a system text: use a template without one, or another server",
}
"""The same for judges, where the key is another one."""


def parameter_advice(message: str, *, judge: bool = False) -> str | None:
    """Return which key of the experiment sets the parameter that a server refuses, or ``None`` for other messages.

    Args:
        message: What the server said with HTTP 400, 413 or 422, or with an error of such a code.
        judge: Whether a judge was asked, whose sampling is set by its ``args``.
    """
    if not re.match(r"HTTP 4(?:00|13|22)\b|the server failed inside", message):
        return None
    for name, pattern, fix in _KEYS:
        if re.search(pattern, message, re.IGNORECASE):
            advice = _OF_JUDGES.get(name, fix) if judge else fix
            refused = "max_tokens" if name == "max_completion_tokens" else name
            return f"{advice} (the server refuses {refused})"
    return None


def fatal_error(
    settings: EndpointSettings,
    outcome: Outcome,
    attempts: int,
    *,
    answered: bool,
    known: bool,
    offered: Callable[[], tuple[str, ...]] = tuple,
) -> ModelError | None:
    """Return the error that ends the run, or ``None`` if the failure concerns this one call only.

    A refused key or an empty account ends it at any time. A redirect, a forbidden or unknown model, or a call that used
    up its attempts ends it only while nothing shows that the endpoint works; later it is one bad question among good
    ones.

    Args:
        settings: Of the endpoint.
        outcome: The last one of the call, after which it is not asked again.
        attempts: How often it was sent.
        answered: Whether this endpoint has answered any call in this process.
        known: Whether the cache contains an answer of this endpoint: it has worked before, though it may be off now.
        offered: Asks the endpoint which models it has; called when it does not know the one that was named.
    """
    why = outcome.reply.error or ""
    where = f"{settings.model} at {settings.url}"
    name = settings.api_key_env
    if outcome.reason == "401":
        state = "the key in" if os.environ.get(name) else "a missing key: nothing is set in"
        return ModelError(
            f"the endpoint refuses {state} the environment variable {name}",
            where=where,
            why=why,
            fix=f"export {name}=<a key that is valid there>",
        )
    if outcome.reason in _ALWAYS:
        return ModelError(
            "the endpoint asks for payment before it answers",
            where=where,
            why=why,
            fix="add credit and run the same command again; answers that were paid for are not asked for again",
        )
    if answered:
        return None
    if outcome.reason.startswith("3"):
        return ModelError(
            "the endpoint redirects requests, and polyarena does not follow redirects",
            where=where,
            why=why,
            fix="set `base_url` to the address that it names, if you trust that server with your prompts",
        )
    if outcome.reason in _UNTIL_ANSWERED:
        models = offered() if outcome.reason == "404" else ()
        if settings.model in models:
            return ModelError(
                f"the endpoint lists the model {settings.model!r} and does not answer requests to it",
                where=where,
                why=why,
                fix="check that it is a chat model and not one for embeddings, that it is loaded, and that `base_url` "
                "ends where `/chat/completions` begins (usually in /v1)",
            )
        advice = suggest_model(settings.model, models)
        return ModelError(
            f"the endpoint does not offer the model {settings.model!r}"
            + (f" to the key in {name}" if outcome.reason == "403" else ", or this is not its address"),
            where=where,
            why=why,
            fix=f"{advice} (set `model`)" if advice else "check `model` and `base_url` (usually ends in /v1)",
        )
    if not outcome.retry or (known and outcome.reason != "connection"):
        return None
    wait = outcome.retry_after_s
    if wait is not None and wait > settings.max_wait_s:
        return ModelError(
            f"the endpoint asks to wait {wait:g} s, longer than `max_wait_s` allows ({settings.max_wait_s:g} s)",
            where=where,
            why=why,
            fix="wait and run the same command again, or raise `max_wait_s`, so that the run waits by itself",
        )
    return ModelError(
        f"the endpoint did not answer in {attempts} attempt{'s' if attempts != 1 else ''}",
        where=where,
        why=why,
        fix=_advice(settings, outcome.reason),
    )


def _advice(settings: EndpointSettings, reason: str) -> str:
    """Return advice for an endpoint that has used up all attempts of a call."""
    again = "then run the same command again"
    if reason == "429":
        return (
            "it asks for fewer requests: wait and run the same command again, lower `concurrency`, or raise "
            f"`max_attempts` (it is {settings.max_attempts})"
        )
    if reason == "timeout":
        return f"raise `timeout_s` (it is {settings.timeout_s:g}), lower `concurrency`, or check the server; {again}"
    if reason.isdigit():
        return f"the server is reached and fails: wait, or look at its log, or raise `max_attempts`; {again}"
    return f"check that the server runs and that `base_url` is right; {again}"
