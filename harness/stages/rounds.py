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

    The held-out prompts are drawn by their text, whatever the seed, so that several seeds of a stage are measured on
    the same ones. The order of the others is drawn from the seed, and round ``n`` has its own part of it, whichever
    stage it is in.

    Raises:
        DataError: There are too few.
    """
    last = stage.first_round + stage.rounds - 1
    needed = stage.held_out_prompts + last * stage.prompts_per_round
    if len(rows) < needed:
        raise DataError(
            f"{too_few(len(rows), 'prompt')} for {count_of(last, 'round')} with fresh ones",
            where=stage.name,
            why=f"{stage.held_out_prompts} are held out and a round takes {stage.prompts_per_round}: {needed} in all",
            fix="lower `prompts_per_round` or `held_out_prompts`, or add prompts",
        )
    drawn = sorted(rows, key=lambda row: _digest("held out", row))
    held_out, order = drawn[: stage.held_out_prompts], drawn[stage.held_out_prompts :]
    random.Random(seed).shuffle(order)
    parts = [
        order[(number - 1) * stage.prompts_per_round : number * stage.prompts_per_round]
        for number in range(stage.first_round, last + 1)
    ]
    return held_out, parts


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
    chosen: set[str] = set()
    counts: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: _digest(str(seed), row)):
        if counts.get(row.language, 0) < limit:
            counts[row.language] = counts.get(row.language, 0) + 1
            chosen.add(row.row_id)
    return [row for row in rows if row.row_id in chosen]


def _digest(salt: str, row: TrainingRow) -> bytes:
    """Return what orders rows by chance: a digest of language and prompt, the same on every machine."""
    return hashlib.sha256(f"{salt}\0{row.language}\0{row.prompt}".encode("utf-8", "backslashreplace")).digest()
