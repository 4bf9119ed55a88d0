"""How a text is sampled from a model, be it a candidate or a judge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """Settings that change a generated text; all of them are part of cache keys and signatures.

    Attributes:
        max_tokens: Longest answer, in tokens of the model; a thought has ``thinking_budget`` beside it.
        temperature: 0 is greedy.
        top_p: Nucleus; 1 is off.
        stop: Texts that end the answer, beside the model's own end token.
        seed: For sampled answers, where the backend has one; repeats add their ``sample_index``.
        thinking_budget: Tokens that a reasoning model may think, beside those of its answer; 0 for a system that is not
            known to think.
        reasoning_effort: How hard it is asked to think, such as ``low``; ``None`` leaves it to the model.
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
        """Most tokens that are generated: those of the thought and those of the answer."""
        return self.max_tokens + self.thinking_budget
