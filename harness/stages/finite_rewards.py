"""The check of all rewards, of arbiters and of reward models: each must be a finite number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from polyarena.tasks.errors import ModelError


def require_finite(rewards: Sequence[float], completion_at: Callable[[int], str], *, where: str) -> None:
    """Refuse rewards that are not finite: training and selection on them would go astray in silence.

    Args:
        rewards: One for each completion.
        completion_at: Describes the completion at a position, for the message.
        where: The stage or the checkpoint, for the message.

    Raises:
        ModelError: A reward is infinite or not a number; the message counts them and describes the first.
    """
    bad = [position for position, reward in enumerate(rewards) if not math.isfinite(reward)]
    if bad:
        raise ModelError(
            f"{len(bad)} of {len(rewards)} rewards are no finite numbers",
            where=where,
            why=f"the first is {rewards[bad[0]]} for {completion_at(bad[0])}",
            fix="the reward model has diverged or its data type is too narrow: train it again with a lower learning "
            "rate, or load it in float32",
        )
