"""The parts of an experiment file that say how many games are judged: a budget, or a rule that ends them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from polyarena.harness.experiment.strict import Strict


class GamesBudget(Strict):
    """A budget of games that is spent on the pairs of systems whose ratings are least certain.

    Every system first meets the baseline (without one, the first system). What is left of the budget goes, in about ten
    rounds, to the pairs whose games reduce the uncertainty of the ratings most.

    Attributes:
        games: Most games of each judge on each open-ended task, over all languages.
        first: Items of each language on which every system meets the baseline before anything is known.
        step: Items of each language that are added to a pair at a time.
    """

    games: Annotated[int, Field(gt=0, le=10**9)]
    first: Annotated[int, Field(gt=0)] = 10
    step: Annotated[int, Field(gt=0)] = 10


class StopRule(Strict):
    """When the judging of a pair of systems ends before all items are judged.

    The items of a task are judged in steps, in an order that says nothing about answers, and after each step the pairs
    that are decided stop. The error level holds although one looks after every step
    (:mod:`polyarena.reports.stats.sequential`).

    Attributes:
        first: Items of each language that are judged before anything is decided.
        step: Items of each language that are added at a time.
        confidence: That an answer is right: for each pair, judge and task. With a gate file, its ``alpha`` holds.
        scope: ``overall`` decides whether a system wins more or less than 50% on average over the languages of a task;
            ``languages`` decides each language too.
        baseline: Reference file or run folder of the gate; judging then ends when every check of the judged tasks that
            fails the gate is decided.
        gate: Its gate file; the defaults if left out.
    """

    first: Annotated[int, Field(gt=0)] = 20
    step: Annotated[int, Field(gt=0)] = 20
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    scope: Literal["overall", "languages"] = "overall"
    baseline: str | None = None
    gate: str | None = None

    @model_validator(mode="after")
    def _gate_has_baseline(self) -> Self:
        if self.gate is not None and self.baseline is None:
            raise PydanticCustomError("no_baseline", "a gate needs `baseline`: a reference file or a run folder")
        return self

    @property
    def budget(self) -> GamesBudget:
        """The steps as a budget that is never spent."""
        return GamesBudget(games=10**9, first=self.first, step=self.step)


DECIDED = "decided"


def _stop_rule(value: Any) -> Any:
    return {} if value == DECIDED else value


ShortStopRule = Annotated[StopRule, BeforeValidator(_stop_rule, json_schema_input_type=StopRule | Literal["decided"])]
