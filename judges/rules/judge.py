"""The ``rules`` judge: an offline rule of thumb for smoke runs and CI."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from polyarena.judges.arguments import read_arguments
from polyarena.judges.protocol import Answer, Ask, Call, Judge, Match, Verdict
from polyarena.judges.records import Label
from polyarena.judges.rules.findings import Findings, examine
from polyarena.judges.rules.settings import MUCH, POINTS, RulesSettings
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.identify import IDENTIFIER
from polyarena.tasks.repetition import LOOP_CHARACTERS, SHORTEST, WINDOW
from polyarena.tasks.signature import Signature

MOST_KNOWN = 100_000
"""Answers whose findings are remembered; the baseline's answers, for one, come again for each candidate."""


def build(args: Mapping[str, Any], ask: Ask | None) -> Judge:
    """Build the judge.

    Args:
        args: ``min_probability``, ``max_repeated`` and ``loop_times``; see
            :class:`polyarena.judges.rules.settings.RulesSettings`.
        ask: Must be ``None``.

    Raises:
        UnknownNameError: An argument does not exist.
        ExperimentError: A value is out of range, or the judge was given an endpoint.
    """
    if ask is not None:
        raise ExperimentError(
            "the judge 'rules' was given an endpoint", why="it asks no model", fix="leave the endpoint out"
        )
    return RulesJudge(read_arguments(RulesSettings, args, "rules"))


@dataclass(frozen=True)
class RulesJudge:
    """Prefers the answer with the lighter faults; each answer is examined alone, so the order cannot matter."""

    settings: RulesSettings
    processor_only: ClassVar[bool] = True
    # It reads the answers alone.
    inputs: ClassVar[frozenset[str]] = frozenset({"text", "image", "audio"})

    @property
    def signature(self) -> Signature:
        """All thresholds and weights, and the identifier."""
        return Signature(
            {
                "judge": "rules@2",
                "points": ",".join(f"{fault.value}={points}" for fault, points in POINTS.items()),
                "much": MUCH,
                "min_probability": self.settings.min_probability,
                "max_repeated": self.settings.max_repeated,
                "window": WINDOW,
                "shortest": SHORTEST,
                "loop": f"{self.settings.loop_times}x{LOOP_CHARACTERS}",
                "identifier": IDENTIFIER,
            }
        )

    @property
    def description(self) -> str:
        """What it is, and what it is not."""
        return (
            "rules: an offline rule of thumb that looks only at the answer's language, script, emptiness, repetition "
            "and truncation; it does not read for quality"
        )

    def calls(self, match: Match) -> list[Call]:  # noqa: ARG002
        """It asks nobody."""
        return []

    def decide(self, matches: Iterable[Match]) -> Iterator[Verdict]:
        """Yield one verdict for each match, in order; ``raw`` says what was found and why it decided so."""
        known: dict[tuple[object, ...], Findings] = {}
        for match in matches:
            wanted = match.expected_language
            yield _decide(self._examined(match.a, wanted, known), self._examined(match.b, wanted, known))

    def _examined(self, answer: Answer, wanted: str, known: dict[tuple[object, ...], Findings]) -> Findings:
        # The digest of a text, not the text, so that memory does not grow with the length of answers.
        text = hashlib.blake2b(answer.text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        identified = (answer.identified_language, answer.identified_probability, answer.identified_script)
        key = (text, wanted, answer.finish_reason, *identified)
        if key not in known:
            if len(known) >= MOST_KNOWN:
                known.clear()
            known[key] = examine(answer, wanted, self.settings)
        return known[key]


def _decide(a: Findings, b: Findings) -> Verdict:
    difference = b.points - a.points
    if difference == 0:
        label = Label.TIE
        reason = f"{a.points} points each: a tie"
    else:
        much = abs(difference) >= MUCH
        label = (Label.A_MUCH if much else Label.A) if difference > 0 else (Label.B_MUCH if much else Label.B)
        winner = "A" if difference > 0 else "B"
        reason = f"{a.points} points of fault against {b.points}: {winner} is {'much ' if much else ''}better"
    return Verdict(label, f"A: {a}.\nB: {b}.\n{reason} (rules, {MUCH} points or more are much).")
