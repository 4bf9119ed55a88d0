"""Accuracies of following instructions, as IFEval and Multi-IF report them.

Zhou et al. 2023 (IFEval, arXiv 2311.07911, section 3) give four accuracies: of prompts all of whose instructions are
followed, and of instructions; each strict, and loose, which also tries the answer without asterisks, without its first
line and without its last one. He et al. 2024 (Multi-IF, arXiv 2410.15553, section 3) report the mean of the four for
each turn of a conversation. Over several turns, :data:`IF_OVERALL` is the mean of the turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarena.tasks.metrics.answered import answer_text
from polyarena.tasks.metrics.instructions.checks import Instruction

if TYPE_CHECKING:
    from polyarena.tasks.item import Item
    from polyarena.tasks.metrics.metric import Floats
    from polyarena.tasks.records import Completion

IF_OVERALL = "if_overall"
IF_OVERALL_WORDS = "if_overall_words"
PROMPT_STRICT = "prompt_level_strict_acc"
PROMPT_LOOSE = "prompt_level_loose_acc"
INST_STRICT = "inst_level_strict_acc"
INST_LOOSE = "inst_level_loose_acc"
TURN = "turn"
"""The field of an item with the number of its turn, from 1; an item without it is of the first."""
TURNS = 3
"""Most turns of a conversation."""
_PER_TURN = 6
"""Statistics of a turn: prompts; those followed, strictly and loosely; instructions; those followed, likewise."""
OVERALL_STATISTICS = TURNS * _PER_TURN
INST_STATISTICS = 2


def variants(answer: str) -> list[str]:
    """Return what the loose accuracies try: the answer, without first line, last line, both, and all without ``*``."""
    lines = answer.split("\n")
    cut = [answer, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return [*cut, *(each.replace("*", "") for each in cut)]


def followed(item: Item, completion: Completion, *, whole_words: bool = False) -> tuple[list[bool], list[bool]]:
    """Return which instructions of an item an answer follows strictly, and which loosely.

    Args:
        item: Its references are its instructions, as :attr:`Instruction.text` writes them.
        completion: With a text.
        whole_words: As in :meth:`Instruction.is_followed`.

    Raises:
        DataError: The completion has no text, or a reference is no instruction.
    """
    answer = answer_text(completion)
    tried = variants(answer)
    strict, loose = [], []
    for reference in item.references:
        instruction = Instruction.parse(reference)
        first = instruction.is_followed(answer, whole_words=whole_words)
        strict.append(first)
        loose.append(first or any(instruction.is_followed(each, whole_words=whole_words) for each in tried))
    return strict, loose


def instruction_statistics(item: Item, completion: Completion) -> dict[str, tuple[float, ...]]:
    """Return what is summed over items, by metric (for errors see :func:`followed`)."""
    strict, loose = followed(item, completion)
    wholly = followed(item, completion, whole_words=True)
    return {
        IF_OVERALL: _of_turn(item, strict, loose),
        IF_OVERALL_WORDS: _of_turn(item, *wholly),
        INST_STRICT: (float(sum(strict)), float(len(strict))),
        INST_LOOSE: (float(sum(loose)), float(len(loose))),
    }


def instruction_scores(item: Item, completion: Completion) -> dict[str, float]:
    """Return the accuracies of one answer (for errors see :func:`followed`)."""
    strict, loose = followed(item, completion)
    wholly = followed(item, completion, whole_words=True)
    return {
        IF_OVERALL: _mean_of_four(strict, loose),
        PROMPT_STRICT: float(all(strict)),
        PROMPT_LOOSE: float(all(loose)),
        INST_STRICT: _share(strict),
        INST_LOOSE: _share(loose),
        IF_OVERALL_WORDS: _mean_of_four(*wholly),
    }


def overall_accuracy(statistics: Floats) -> Floats:
    """Return the mean over turns of the mean of the four accuracies.

    Args:
        statistics: Shape (..., 18): for each turn the prompts, those followed strictly and loosely, the instructions,
            and those followed strictly and loosely.

    Returns:
        Shape (...), from 0 to 1; turns without prompts do not count, and without any the value is 0.
    """
    import numpy as np

    turns = statistics.reshape(*statistics.shape[:-1], TURNS, _PER_TURN)
    prompts, instructions = turns[..., 0], turns[..., 3]
    asked = prompts > 0
    of_prompts = (turns[..., 1] + turns[..., 2]) / np.where(asked, prompts, 1.0)
    of_instructions = (turns[..., 4] + turns[..., 5]) / np.where(instructions > 0, instructions, 1.0)
    sums = np.where(asked, of_prompts + of_instructions, 0.0).sum(axis=-1) / 4
    mean: Floats = sums / np.maximum(asked.sum(axis=-1), 1)
    return mean


def followed_share(statistics: Floats) -> Floats:
    """Return the share of instructions that are followed, from shape (..., 2): followed, and all."""
    import numpy as np

    share: Floats = statistics[..., 0] / np.maximum(statistics[..., 1], 1.0)
    return share


def _of_turn(item: Item, strict: Sequence[bool], loose: Sequence[bool]) -> tuple[float, ...]:
    place = (int(item.fields.get(TURN, "1")) - 1) * _PER_TURN
    sums = [0.0] * OVERALL_STATISTICS
    sums[place : place + _PER_TURN] = [1.0, all(strict), all(loose), len(strict), sum(strict), sum(loose)]
    return tuple(map(float, sums))


def _mean_of_four(strict: Sequence[bool], loose: Sequence[bool]) -> float:
    return (all(strict) + all(loose) + _share(strict) + _share(loose)) / 4


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
