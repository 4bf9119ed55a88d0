"""Finds servers whose log-likelihoods depend on the order of requests, or on what their cache holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from polyarena.tasks.errors import ModelError

REQUESTS = 8
TOLERANCE = 0.5
"""In nats. Batches of half precision move sums of some dozens of tokens by up to 0.3."""
RELATIVE = 0.01
"""Share of a log-likelihood, for long texts."""

Pair = tuple[str, str]


def order_shift(score: Callable[[Pair], float], pairs: Sequence[Pair], where: str) -> float:
    """Score some pairs one by one in their order, then backwards, and return the largest difference in nats.

    Args:
        score: Asks for one continuation.
        pairs: Context and continuation; the first :data:`REQUESTS` distinct ones are asked.
        where: The server, for messages.

    Raises:
        ModelError: A log-likelihood differs by more than the rounding of half precision explains.
    """
    asked = list(dict.fromkeys(pairs))[:REQUESTS]
    first = {pair: score(pair) for pair in asked}
    again = {pair: score(pair) for pair in reversed(asked)}
    worst = max(asked, key=lambda pair: abs(first[pair] - again[pair]), default=None)
    if worst is None:
        return 0.0
    moved = [pair for pair in asked if abs(first[pair] - again[pair]) > max(TOLERANCE, RELATIVE * abs(first[pair]))]
    if moved:
        raise ModelError(
            "the server's log-likelihoods depend on the order of the requests",
            where=where,
            why=f"{len(moved)} of {len(asked)} continuations got other values when they were asked for backwards: "
            f"{first[worst]:.3f} and then {again[worst]:.3f} nats for {worst[1].strip()[:40]!r}",
            fix="switch the server's prompt cache off, start it anew, or use another version",
        )
    return abs(first[worst] - again[worst])
