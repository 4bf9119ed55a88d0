"""What each question of a verdict cost, for verdicts that share questions with others.

An answer that is judged alone is the same question in both orders and against each opponent, and is paid for once. Two
equal answers make one question of both orders. The cost of such a game says what its verdict took; the note beside it
names the questions, so that what was paid can be summed up over games.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence

from polyarena.judges.protocol import Call, Reply

_PART = r"[0-9a-f]{16}:[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?"
_NOTE = re.compile(f"{_PART}(?: {_PART})*")


def question_id(call: Call) -> str:
    """Return 16 hexadecimal digits that equal questions of one judge share: of a SHA-256 of what is asked."""
    asked = json.dumps([[dict(message) for message in call.messages], call.sample_index], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def cost_note(ids: Sequence[str], replies: Sequence[Sequence[Reply]]) -> str | None:
    """Return the note of a verdict: each question with the sum of its replies' costs; ``None`` if one is unknown.

    Args:
        ids: From :func:`question_id`.
        replies: To each question, its second try included.
    """
    parts: list[str] = []
    for name, own in zip(ids, replies, strict=True):
        costs = [reply.cost for reply in own if reply.cost is not None]
        if len(costs) < len(own):
            return None
        parts.append(f"{name}:{math.fsum(costs)!r}")
    return " ".join(parts)


def is_cost_note(text: str) -> bool:
    """Return whether a text is what :func:`cost_note` writes."""
    return _NOTE.fullmatch(text) is not None


def costs_of(note: str) -> dict[str, float]:
    """Return the cost of each question of :func:`cost_note`, by its digits."""
    return {name: float(cost) for name, _, cost in (part.partition(":") for part in note.split())}
