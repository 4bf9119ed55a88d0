"""The language gate: what becomes of answers in another language than was expected, before a judge is paid.

An answer is in another language when the identifier knows the expected one, is confident and does not confuse the two,
or when most of its letters are in another script (see :func:`polyarena.tasks.identify.agreement`). Answers that are too
short to tell, and languages that the identifier does not know, are never wrong. The expected language is the one that
the item asks for: a request to translate into English expects English only if its task says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from polyarena.judges.protocol import (
    Answer,
    Call,
    Judge,
    Match,
    Verdict,
    inputs_of,
    needs_processor_only,
    scores_answers,
)
from polyarena.judges.records import Label
from polyarena.tasks.identify import (
    IDENTIFIER,
    MIN_PROBABILITY,
    Agreement,
    Identified,
    agreement,
    identify,
)
from polyarena.tasks.signature import Signature


class GatePolicy(StrEnum):
    """What becomes of a game in which an answer is in another language."""

    JUDGE = "judge"
    """It is judged like any other, and marked."""
    LOSS = "loss"
    """The answer in another language loses; if both are, it is a tie."""
    TIE = "tie"
    """It is a tie."""


def wrong_language(match: Match, min_probability: float = MIN_PROBABILITY) -> str | None:
    """Return which answers are in another language than the match expects: ``a``, ``b``, ``both`` or ``None``."""
    a, b = (_is_wrong(answer, match.expected_language, min_probability) for answer in (match.a, match.b))
    return "both" if a and b else "a" if a else "b" if b else None


@dataclass(frozen=True)
class GatedJudge:
    """A judge behind a gate: where the policy decides, the judge is not asked.

    Attributes:
        judge: The judge.
        policy: Not :attr:`GatePolicy.JUDGE`, which needs no gate.
        min_probability: From which on an identified language counts.
    """

    judge: Judge
    policy: GatePolicy
    min_probability: float = MIN_PROBABILITY

    @property
    def signature(self) -> Signature:
        """The judge's, and the gate's."""
        gate = f"{self.policy.value}@{self.min_probability}"
        return Signature({"judge": self.judge.signature, "language_gate": gate, "identifier": IDENTIFIER})

    @property
    def processor_only(self) -> bool:
        """Whether the judge behind the gate needs the processor alone."""
        return needs_processor_only(self.judge)

    @property
    def scores_answers(self) -> bool:
        """Whether the judge behind the gate scores answers, each once."""
        return scores_answers(self.judge)

    @property
    def inputs(self) -> frozenset[str]:
        """What the judge behind the gate can be shown."""
        return inputs_of(self.judge)

    @property
    def description(self) -> str:
        """The judge's, and what the gate does."""
        fate = "loses" if self.policy is GatePolicy.LOSS else "makes a tie"
        return f"{self.judge.description}; an answer identified as another language {fate} without being judged"

    def calls(self, match: Match) -> list[Call]:
        """The judge's questions; none where the policy decides."""
        return [] if self._by_policy(match) else self.judge.calls(match)

    def decide(self, matches: Iterable[Match]) -> Iterator[Verdict]:
        """Yield one verdict for each match, in order; the judge draws the rest as fast as it likes."""
        waiting: deque[Verdict | None] = deque()

        def rest() -> Iterator[Match]:
            for match in matches:
                waiting.append(self._by_policy(match))
                if waiting[-1] is None:
                    yield match

        for verdict in self.judge.decide(rest()):
            yield from _ready(waiting)
            waiting.popleft()
            yield verdict
        yield from _ready(waiting)

    def _by_policy(self, match: Match) -> Verdict | None:
        wrong = wrong_language(match, self.min_probability)
        if wrong is None:
            return None
        label = Label.TIE
        if self.policy is GatePolicy.LOSS and wrong != "both":
            label = Label.B if wrong == "a" else Label.A
        which = {"a": "answer A is", "b": "answer B is", "both": "both answers are"}[wrong]
        return Verdict(
            label, f"language gate: {which} not in {match.expected_language}; {self.policy.value} without judging"
        )


def _ready(waiting: deque[Verdict | None]) -> Iterator[Verdict]:
    """Yield verdicts of the gate up to the next match that the judge decides."""
    while waiting and (verdict := waiting[0]) is not None:
        waiting.popleft()
        yield verdict


def _is_wrong(answer: Answer, language: str, min_probability: float) -> bool:
    if answer.identified_script is None:
        found = identify(answer.text)
    else:
        found = Identified(answer.identified_language, answer.identified_probability or 0.0, answer.identified_script)
    return agreement(found, language, min_probability) in (Agreement.OTHER_LANGUAGE, Agreement.OTHER_SCRIPT)
