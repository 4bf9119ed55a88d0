"""The record of training text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One prompt with the completion that a model is trained to write.

    Attributes:
        row_id: Unique within a mixture, such as ``human-qa-sft:swh_Latn:17``.
        source: Name of the source in the mixture.
        language: ``lang_Script`` of the completion.
        prompt: What the user says.
        completion: What the model should answer.
        licence: SPDX identifier, or the licence in words as the source states it.
    """

    row_id: str
    source: str
    language: str
    prompt: str
    completion: str
    licence: str
