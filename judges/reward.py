"""A reward model as a judge: two scores become a verdict.

The room knows no model: it is handed a scorer, which the harness makes of a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from polyarena.judges.protocol import Answer, AnswerGroup, Assessment, Call, Match, Verdict
from polyarena.judges.ratings import rated_verdict
from polyarena.judges.records import Label, Scale
from polyarena.tasks.signature import Signature

Scorer = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""Scores (question, answer) pairs; a higher score is a better answer."""
MOST_GROUPS = 20_000
"""Groups of answers whose scores are remembered: those of a million answers and more."""


class RewardThresholds(BaseModel):
    """What a difference of scores means, in the scale of the model.

    Attributes:
        tie_band: Differences up to this are a tie.
        much: Differences from this on are ``>>``; none are if left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tie_band: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    much: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    def label(self, difference: float) -> Label:
        """Return the verdict for the score of the first answer less that of the second."""
        if not isfinite(difference):
            return Label.INVALID
        size = abs(difference)
        if size <= self.tie_band:
            return Label.TIE
        strong = self.much is not None and size >= self.much
        if difference > 0:
            return Label.A_MUCH if strong else Label.A
        return Label.B_MUCH if strong else Label.B


@dataclass(frozen=True)
class RewardJudge:
    """Prefers the answer with the higher reward; each answer is scored alone, so the order cannot matter.

    The answers of a group are scored together, and once however many matches they are in. A group is scored as a whole
    when one of its answers is needed, so that a run that was killed and resumed finds the same scores to the last bit.

    Attributes:
        scorer: Scores answers.
        bands: What a difference means.
        identity: Of the model and how it is asked, for the signature.
    """

    scorer: Scorer
    bands: RewardThresholds
    identity: str
    scores_answers: ClassVar[bool] = True
    _scores: dict[bytes, Sequence[float]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def signature(self) -> Signature:
        """The model and the thresholds."""
        own = Signature.parse(self.identity)
        return Signature(
            {"judge": "reward@1", "model": own, "tie_band": f"{self.bands.tie_band:g}", "much": self.bands.much}
        )

    @property
    def description(self) -> str:
        """What it is, and what it is not."""
        return (
            f"reward: a reward model that scores each answer alone, differences up to {self.bands.tie_band:g} being "
            "ties; what it was trained to prefer, and in which languages, decides"
        )

    def calls(self, match: Match) -> list[Call]:  # noqa: ARG002
        """It asks no endpoint."""
        return []

    def decide(self, matches: Iterable[Match]) -> Iterator[Verdict]:
        """Yield one verdict for each match, in order."""
        for match in matches:
            a, b = (_assessment(self._score(match, answer)) for answer in (match.a, match.b))
            yield rated_verdict(a, b, lambda one, other: self.bands.label(one - other))

    def _score(self, match: Match, answer: Answer) -> float:
        asked = answer.conversation(match.question), answer.text
        group = answer.group or AnswerGroup((asked,))
        scores = self._scores.pop(group.digest, None)
        if scores is None:
            scores = self.scorer(list(group.places))
            if len(self._scores) >= MOST_GROUPS:
                # The one that was not needed for the longest time.
                del self._scores[next(iter(self._scores))]
        self._scores[group.digest] = scores
        return scores[group.places[asked]]


def _assessment(score: float) -> Assessment:
    if isfinite(score):
        return Assessment(float(score), Scale.REWARD)
    return Assessment(None, Scale.REWARD, error="the reward model gave no number")
