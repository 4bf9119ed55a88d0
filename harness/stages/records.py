"""The records that cross from one training stage to the next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PooledCompletion:
    """One teacher's completion of one prompt, with its reward once an arbiter has scored it.

    Attributes:
        row_id: The prompt, as :attr:`polyarena.tasks.mixtures.records.TrainingRow.row_id`.
        language: ``lang_Script`` of the prompt.
        prompt: What the user says.
        teacher: Name of the teacher in the pool.
        completion: Its text; empty where the teacher answered nothing.
        reward: The arbiter's score; ``None`` before scoring.
        licence: Under which the teacher's text may be used.
    """

    row_id: str
    language: str
    prompt: str
    teacher: str
    completion: str
    reward: float | None = None
    licence: str = "unknown"


@dataclass(frozen=True, slots=True)
class Preference:
    """A better and a worse completion of one prompt.

    Attributes:
        row_id: The prompt, as :attr:`polyarena.tasks.mixtures.records.TrainingRow.row_id`.
        language: ``lang_Script`` of the prompt.
        prompt: What the user says.
        chosen: The better completion.
        rejected: The worse one.
        chosen_reward: Its reward; ``None`` where people or the construction decided.
        rejected_reward: As above.
        source: Where the pair comes from: a data set, a pool of teachers, or a round of sampling.
    """

    row_id: str
    language: str
    prompt: str
    chosen: str
    rejected: str
    chosen_reward: float | None
    rejected_reward: float | None
    source: str


@dataclass(frozen=True, slots=True)
class HeldOutScores:
    """A held-out prompt of online rounds.

    Attributes:
        row_id: Of the prompt.
        language: ``lang_Script``.
        rewards: The mean reward of its completions, by the first policy and after each round.
        judge: Likewise, the mean score of the rules judge.
    """

    row_id: str
    language: str
    rewards: tuple[float, ...]
    judge: tuple[float, ...]
