"""Files of OpenAI's Batch API, with one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from polyarena.harness.endpoints.accounting.entry import LOST
from polyarena.harness.endpoints.transport.outcome import Outcome, failure, parse_response

PATH: Final = "/v1/chat/completions"
MOST_REQUESTS = 50_000
MOST_BYTES = 190_000_000
"""The API takes files of 200 MB."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """A batch that has ended.

    Attributes:
        outcomes: Outcomes by key of the call.
        otherwise: Outcome of calls that the batch does not mention.
    """

    outcomes: Mapping[str, Outcome]
    otherwise: Outcome = field(
        default_factory=lambda: failure(LOST, "the batch ended without an answer to it", retry=True)
    )


def request_lines(questions: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[list[str], bytes]]:
    """Yield files of requests within the API's limits, each with the keys of its questions.

    Args:
        questions: The body of each, by its key, which comes back with the answer.
    """
    keys: list[str] = []
    lines: list[bytes] = []
    size = 0
    for key, body in questions.items():
        fields = {"custom_id": key, "method": "POST", "url": PATH, "body": body}
        line = (json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
        if keys and (len(keys) == MOST_REQUESTS or size + len(line) > MOST_BYTES):
            yield keys, b"".join(lines)
            keys, lines, size = [], [], 0
        keys.append(key)
        lines.append(line)
        size += len(line)
    if keys:
        yield keys, b"".join(lines)


def read_outcomes(contents: Sequence[bytes]) -> dict[str, Outcome]:
    """Return the outcome of each call by its key, from the files of answers and of errors.

    Unreadable lines are skipped: their calls have no outcome and are submitted again.
    """
    found: dict[str, Outcome] = {}
    for content in contents:
        for line in content.splitlines():
            try:
                row = json.loads(line)
                found[str(row["custom_id"])] = _outcome(row)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
    return found


def _outcome(row: Mapping[str, Any]) -> Outcome:
    response, error = row.get("response"), row.get("error")
    if isinstance(response, dict) and isinstance(response.get("status_code"), int):
        status, body = response["status_code"], response.get("body")
        if 200 <= status < 300:
            return parse_response(json.dumps(body).encode())
        said = body.get("error", body) if isinstance(body, dict) else body
        message = said.get("message", said) if isinstance(said, dict) else said
        return failure(str(status), f"HTTP {status}: {message}", retry=status in (408, 409, 429) or status >= 500)
    said = error.get("message") or error.get("code") if isinstance(error, dict) else error
    return failure(LOST, f"the batch has no answer to it: {said}", retry=True)
