"""Preference pairs on their way to a trainer: languages, lengths, and a part that is kept for measuring."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from statistics import mean
from typing import Any

from polyarena.harness.stages.pipeline.settings import TrainSettings
from polyarena.harness.stages.records import Preference
from polyarena.harness.stages.training.lengths import LanguageLengths, limit_lengths
from polyarena.harness.stages.training.models import encode_pairs
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import select_languages


def pairs_within(
    pairs: Sequence[Preference], tokenizer: Any, stage: TrainSettings, *, whole: bool = False
) -> tuple[list[Preference], list[LanguageLengths]]:
    """Return the pairs of the stage's languages that ``max_length`` leaves something of.

    Args:
        pairs: The pairs.
        tokenizer: With a chat template.
        stage: Languages and the limit.
        whole: Whether a pair with a text that is too long is left out, as the trainer of reward models does.

    Returns:
        The pairs, and what the limit did by language.

    Raises:
        DataError: There are none, or none of a language.
    """
    if stage.languages is not None:
        wanted = {language.code for language in select_languages(stage.languages, where=stage.name)}
        pairs = [pair for pair in pairs if pair.language in wanted]
    equal = [pair for pair in pairs if pair.chosen == pair.rejected]
    if equal:
        raise DataError(
            f"{count_of(len(equal), 'pair has', 'pairs have')} equal completions",
            where=stage.name,
            why=f"the first is of the row {equal[0].row_id!r}",
            fix="such pairs carry no preference: take them out",
        )
    encoded = encode_pairs(tokenizer, [(pair.prompt, text) for pair in pairs for text in (pair.chosen, pair.rejected)])
    sizes = [(len(one), len(both)) for one, both in encoded]
    longest = [(one[0], max(one[1], two[1])) for one, two in zip(sizes[::2], sizes[1::2], strict=True)]
    return limit_lengths(pairs, lambda pair: pair.language, longest, stage.max_length, stage.name, whole=whole)


def split_by_prompt(pairs: Sequence[Preference], share: float, seed: int) -> tuple[list[Preference], list[Preference]]:
    """Split pairs into those to train on and those to measure on; pairs of one prompt stay together.

    Args:
        pairs: The pairs.
        share: Of prompts to measure on.
        seed: Of the choice, which depends on the prompt's text alone.
    """

    def place(pair: Preference) -> float:
        digest = hashlib.sha256(f"{seed}\0{pair.prompt}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    train = [pair for pair in pairs if place(pair) >= share]
    return train, [pair for pair in pairs if place(pair) < share]


def conversation(pair: Preference) -> dict[str, Any]:
    """Return a pair in TRL's format."""
    return {
        "prompt": [{"role": "user", "content": pair.prompt}],
        "chosen": [{"role": "assistant", "content": pair.chosen}],
        "rejected": [{"role": "assistant", "content": pair.rejected}],
    }


def character_lengths(pairs: Sequence[Preference]) -> dict[str, float]:
    """Return the mean characters of chosen and rejected completions, to be shown beside every reward."""
    if not pairs:
        return {}
    return {
        "chosen_characters": mean(len(pair.chosen) for pair in pairs),
        "rejected_characters": mean(len(pair.rejected) for pair in pairs),
        "chosen_is_longer": mean(
            (len(pair.chosen) > len(pair.rejected)) + 0.5 * (len(pair.chosen) == len(pair.rejected)) for pair in pairs
        ),
    }
