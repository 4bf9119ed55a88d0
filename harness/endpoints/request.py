"""The body of a request, and the key under which its answer is cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from polyarena.harness.endpoints.settings import EndpointSettings
from polyarena.judges.protocol import Call, GivenText
from polyarena.tasks.prompt import Content, Modality, Part
from polyarena.tasks.text import sanitize_text

_AUDIO_FORMATS = {"mpeg": "mp3", "wave": "wav", "vnd.wave": "wav"}
"""Names of formats in requests, where they are not those of the media types."""

STRUCTURE = "response_format"
"""The field that asks for structured output."""


def request_body(settings: EndpointSettings, call: Call) -> dict[str, Any]:
    """Return the JSON body of the request.

    Settings at their neutral value are not sent (``top_p`` 1, no ``stop``, the seed of a greedy answer): not every
    server knows them. A system that thinks is sent no ``stop``, which would end its thought; its answer is cut there
    instead. Its limit is that of thought and answer together. Repeats add their ``sample_index`` to the seed. A schema
    is sent as a strict ``response_format``. Images are sent as ``image_url``, recordings as ``input_audio``. NUL
    characters and lone surrogates are replaced.
    """
    if call.given is not None:
        return _scoring_body(settings, call.given)
    sampling = call.sampling
    body: dict[str, Any] = {
        "model": settings.model,
        "messages": [{**message, "content": _wire_content(message["content"])} for message in call.messages],
        settings.max_tokens_field: sampling.total_tokens,
        "temperature": sampling.temperature,
    }
    if sampling.reasoning_effort is not None:
        _set(body, settings.effort_field, sampling.reasoning_effort)
    if sampling.thinking_budget and settings.budget_field is not None:
        _set(body, settings.budget_field, sampling.thinking_budget)
    if sampling.top_p != 1:
        body["top_p"] = sampling.top_p
    if sampling.stop and not sampling.thinking_budget:
        body["stop"] = list(sampling.stop)
    if sampling.temperature > 0:
        body["seed"] = sampling.seed + call.sample_index
    if call.schema is not None:
        body[STRUCTURE] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": dict(call.schema), "strict": True},
        }
    body |= settings.extra_body
    return {name: _sendable(value) for name, value in body.items() if value is not None}


def _scoring_body(settings: EndpointSettings, given: GivenText) -> dict[str, Any]:
    """Return the body of a request to the completions interface that scores tokens instead of writing any.

    One token is generated and ignored: not every server takes none.
    """
    body: dict[str, Any] = {
        "model": settings.model,
        "prompt": list(given.tokens),
        "max_tokens": 1,
        "temperature": 0,
        "logprobs": 1,
    }
    if given.next_tokens:
        body |= {"logprob_token_ids": sorted(given.next_tokens), "return_tokens_as_token_ids": True}
    else:
        body["echo"] = True
    body |= settings.extra_body
    return {name: value for name, value in body.items() if value is not None}


def call_key(settings: EndpointSettings, call: Call) -> str:
    """Return the key of a call's answer: a SHA-256 of who answers, the body as it is sent and the sample index.

    It contains everything that can change the answer and nothing else: no API key, no concurrency, no price.
    """
    return body_key(settings.source, request_body(settings, call), call.sample_index)


def structure_key(settings: EndpointSettings) -> str:
    """Return the key that records that an endpoint does not offer structured output."""
    return body_key(settings.source, {"model": settings.model, "asked for": STRUCTURE, **settings.extra_body}, 0)


def without_structure(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of the same question, for an endpoint that does not offer structured output."""
    return {name: value for name, value in body.items() if name != STRUCTURE}


def body_key(source: str, body: Mapping[str, Any], sample_index: int) -> str:
    """Return the key as :func:`call_key` does, for a body that exists already."""
    canonical = json.dumps(
        {"base_url": source, "body": body, "sample_index": sample_index}, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _wire_content(content: Content) -> str | list[dict[str, Any]]:
    return content if isinstance(content, str) else [_wire_part(part) for part in content]


def _wire_part(part: Part) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if part.modality is Modality.IMAGE:
        return {"type": "image_url", "image_url": {"url": part.url}}
    form = part.media_type.partition("/")[2].removeprefix("x-")
    return {"type": "input_audio", "input_audio": {"data": part.base64, "format": _AUDIO_FORMATS.get(form, form)}}


def _set(body: dict[str, Any], path: str, value: Any) -> None:
    """Set a field of the body; dots in its path lead into objects."""
    *outer, last = path.split(".")
    for name in outer:
        body = body.setdefault(name, {})
    body[last] = value


def _sendable(value: Any) -> Any:
    if isinstance(value, str):
        return sanitize_text(value)
    if isinstance(value, Mapping):
        return {sanitize_text(name): _sendable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_sendable(part) for part in value]
    return value
