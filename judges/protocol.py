"""What a judge is given, what it gives back, and what a judge plugin provides.

The judge room opens no socket: a judge that needs a model is handed an :class:`Ask`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from polyarena.judges.records import Label
from polyarena.tasks.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Answer:
    """One system's answer as a judge sees it; the system's name is withheld.

    Attributes are those of :class:`polyarena.tasks.records.Completion`.
    """

    text: str
    finish_reason: str | None = None
    identified_language: str | None = None
    identified_probability: float | None = None
    identified_script: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One game to be judged.

    Attributes:
        language: ``lang_Script`` of the item.
        question: What was asked, without system prompt or chat template.
        a: The answer shown first.
        b: The answer shown second.
        repeat: Counts repeated judgments of the same order.
        key: Identifies the game within the run (task, language, item, order), for seeds; never shown to a model.
    """

    language: str
    question: str
    a: Answer
    b: Answer
    repeat: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's answer to one match; fields as in :class:`polyarena.judges.records.Game`.

    Attributes:
        answered: False if the endpoint failed, so that asking again may help; an answer that cannot be used is one.
    """

    label: Label
    raw: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    error: str | None = None
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a chat model.

    Attributes:
        messages: ``{"role": ..., "content": ...}`` in order.
        sampling: How the answer is sampled.
        sample_index: Distinguishes repeats of the same question (part of the cache key).
    """

    messages: tuple[Mapping[str, str], ...]
    sampling: Sampling = field(default_factory=Sampling)
    sample_index: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A chat model's answer, or the reason why there is none (``error`` set, ``text`` empty)."""

    text: str
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    error: str | None = None


Ask = Callable[[Iterable[Call]], Iterator[Reply]]
"""Asks many questions with bounded concurrency; replies come in the order of the calls."""


class Judge(Protocol):
    """Decides matches."""

    @property
    def signature(self) -> str:
        """Every setting that changes a verdict, such as ``judge:rules|v:1``; part of each number's signature."""

    @property
    def description(self) -> str:
        """One sentence for reports: what this judge looks at, and what it is not."""

    def calls(self, match: Match) -> list[Call]:
        """The questions that this match will cost at least, for planning; empty for judges that ask nobody."""

    def decide(self, matches: Iterable[Match]) -> Iterator[Verdict]:
        """Yield one verdict for each match, in order; an unusable answer is ``invalid``, never an exception."""


JudgeFactory = Callable[[Mapping[str, Any], Ask | None], Judge]
"""What the entry-point group ``polyarena.judges`` holds: ``build(args, ask)``.

``args`` is the judge's ``args:`` mapping of the experiment; unknown keys must be refused. ``ask`` is ``None`` unless
the experiment gives the judge an endpoint.
"""
