"""Sampling settings of systems and judges."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """Settings that change a generated text; all of them are part of cache keys and signatures.

    Attributes:
        max_tokens: Longest answer, in tokens of the model; ``thinking_budget`` is for the thought.
        temperature: 0 is greedy.
        top_p: Nucleus sampling; 1 turns it off.
        stop: Texts that end the answer, in addition to the model's end token.
        seed: Seed for sampled answers, if the backend takes one; each repeat adds its ``sample_index``.
        thinking_budget: Most tokens of a thought, in addition to those of the answer; 0 for a system that is not set to
            think.
        reasoning_effort: Reasoning effort, such as ``low``; ``None`` leaves it to the model.
    """

    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    thinking_budget: int = 0
    reasoning_effort: str | None = None

    @property
    def total_tokens(self) -> int:
        """Most tokens to generate, thought and answer together."""
        return self.max_tokens + self.thinking_budget
