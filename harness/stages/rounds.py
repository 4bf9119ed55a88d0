"""Online rounds without a model: which prompts a round gets, and which samples become pairs."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from polyarena.harness.stages.pipeline.training_stages import OnlineStage
from polyarena.harness.stages.records import Preference
from polyarena.tasks.counts import count_of, too_few
from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow


def split_prompts(
    rows: Sequence[TrainingRow], stage: OnlineStage, seed: int
) -> tuple[list[TrainingRow], list[list[TrainingRow]]]:
    """Return the held-out prompts and the prompts of each round of this stage; no prompt occurs twice.

    The order is drawn once from the seed; the held-out prompts come first, and round ``n`` has its own part, whichever
    stage it is in.

    Raises:
        DataError: There are too few.
    """
    order = list(rows)
    random.Random(seed).shuffle(order)
    last = stage.first_round + stage.rounds - 1
    needed = stage.held_out_prompts + last * stage.prompts_per_round
    if len(order) < needed:
        raise DataError(
            f"{too_few(len(order), 'prompt')} for {count_of(last, 'round')} with fresh ones",
            where=stage.name,
            why=f"{stage.held_out_prompts} are held out and a round takes {stage.prompts_per_round}: {needed} in all",
            fix="lower `prompts_per_round` or `held_out_prompts`, or add prompts",
        )
    start = stage.held_out_prompts
    parts = [
        order[start + (number - 1) * stage.prompts_per_round : start + number * stage.prompts_per_round]
        for number in range(stage.first_round, last + 1)
    ]
    return order[:start], parts


def best_against_worst(
    rows: Sequence[TrainingRow],
    samples: Sequence[Sequence[str]],
    rewards: Sequence[Sequence[float]],
    least_gap: float,
    source: str,
) -> list[Preference]:
    """Return a pair of the best and the worst sample of each prompt where they differ enough.

    Empty completions are never chosen; of equal rewards the first counts.

    Args:
        rows: The prompts.
        samples: The completions of each prompt.
        rewards: Of each completion, in the unit of the reward model.
        least_gap: Least difference of the two rewards; a smaller one gives no pair.
        source: Name that the pairs bear as their source.
    """
    pairs = []
    for row, texts, scores in zip(rows, samples, rewards, strict=True):
        best = max(range(len(texts)), key=lambda at: (bool(texts[at]), scores[at], -at))
        worst = min(range(len(texts)), key=lambda at: (scores[at], at))
        gap = scores[best] - scores[worst]
        if not texts[best] or texts[best] == texts[worst] or gap <= 0 or gap < least_gap:
            continue
        pairs.append(
            Preference(
                row.row_id,
                row.language,
                row.prompt,
                texts[best],
                texts[worst],
                scores[best],
                scores[worst],
                source,
            )
        )
    return pairs


def unique_prompts(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """Return the first row of each prompt: a prompt that recurs would be no fresh one."""
    first: dict[str, TrainingRow] = {}
    for row in rows:
        first.setdefault(row.prompt, row)
    return list(first.values())


def limit_per_language(rows: Sequence[TrainingRow], limit: int | None, seed: int) -> list[TrainingRow]:
    """Return so many rows of each language, drawn by seed and text, in their order; all without a limit.

    The first rows of a mixture are all of its first source.
    """
    if limit is None:
        return list(rows)

    def draw(row: TrainingRow) -> bytes:
        return hashlib.sha256(f"{seed}\0{row.language}\0{row.prompt}".encode("utf-8", "backslashreplace")).digest()

    chosen: set[str] = set()
    counts: dict[str, int] = {}
    for row in sorted(rows, key=draw):
        if counts.get(row.language, 0) < limit:
            counts[row.language] = counts.get(row.language, 0) + 1
            chosen.add(row.row_id)
    return [row for row in rows if row.row_id in chosen]
