"""The declaration of a metric: its unit, range and direction, and how items are aggregated to the score of a language.

Reports never guess these from the values: a chrF++ of 0.8 is 0.8 points of 100, and a larger ``delta_g`` is worse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from polyarena.tasks.signature import Signature

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from polyarena.tasks.item import Item
    from polyarena.tasks.records import Completion

    Floats = NDArray[np.float64]


class Unit(StrEnum):
    """The unit of a metric."""

    SHARE = "share"
    """A share of 1, which people read in percent: 0.25 is 25%."""
    POINTS = "points"
    """Points of a scale of its own, printed as they are: a chrF++ of 31.4 of 100, a reward of -2.7."""


class Direction(StrEnum):
    """Which values of a metric are good."""

    HIGHER = "higher"
    LOWER = "lower"
    ZERO = "zero"
    """The nearer to 0 the better: a difference between groups that should not differ."""


class Aggregation(StrEnum):
    """How the values of items become the score of a language."""

    MEAN = "mean"
    CORPUS = "corpus"
    """A formula on the sum of the items' statistics, as in BLEU."""


class MetricFacts(BaseModel):
    """The declared properties of a metric; stored in the lock file of a run.

    Attributes:
        description: One sentence for people.
        unit: What its values count.
        low: The least value; ``None`` if there is none.
        high: The greatest value; ``None`` if there is none.
        direction: Which values are good.
        aggregation: How items become the score of a language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    unit: Unit = Unit.SHARE
    low: float | None = 0.0
    high: float | None = 1.0
    direction: Direction = Direction.HIGHER
    aggregation: Aggregation = Aggregation.MEAN

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better; ``False`` also where 0 is best."""
        return self.direction is Direction.HIGHER

    def goodness(self, value: float) -> float:
        """Return a number that is higher for better values: the value, its negative, or minus its distance from 0."""
        if self.direction is Direction.HIGHER:
            return value
        return -value if self.direction is Direction.LOWER else -abs(value)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; the entry-point group ``polyarena.metrics`` contains such objects.

    Attributes:
        name: As in cards, scores and estimates; plugins register it under this name.
        description: One sentence for people.
        low: The least value; ``None`` if there is none.
        high: The greatest value; ``None`` if there is none.
        unit: What its values count.
        direction: Which values are good.
        settings: Every setting that changes the value, as in signatures (``lc|words:5``); empty where the name says it
            all.
        corpus: For metrics of a whole corpus, the formula from summed statistics of shape (..., ``n_statistics``) to
            values of shape (...); ``None`` for metrics whose score is the mean over items.
        n_statistics: How many statistics an item has; 0 without a formula.
        measure: The value of one completion, ``None`` where the metric does not apply to it; for tasks that name the
            metric and bring no scorer of their own. Without it, the metric serves only tasks that compute it.
        statistics: What is summed over items, for metrics of a whole corpus.
        unavailable: Why it cannot be computed on this machine and what helps, such as a library that is missing; empty
            if it can. Plans ask it before anything is spent, and tasks score by their other metrics.
    """

    name: str
    description: str
    low: float | None = 0.0
    high: float | None = 1.0
    unit: Unit = Unit.SHARE
    direction: Direction = Direction.HIGHER
    settings: str = ""
    corpus: Callable[[Floats], Floats] | None = None
    n_statistics: int = 0
    measure: Callable[[Item, Completion], float | None] | None = None
    statistics: Callable[[Item, Completion], tuple[float, ...]] | None = None
    unavailable: Callable[[], str] = str

    @property
    def signature(self) -> Signature:
        """Return ``metric:<name>`` and the settings, such as ``metric:chrf++|nrefs:1|...|version:2.6.0``."""
        return Signature({"metric": self.name}).with_(Signature.parse(self.settings))

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better; ``False`` also where 0 is best."""
        return self.direction is Direction.HIGHER

    @property
    def facts(self) -> MetricFacts:
        """What a reader of its numbers must know."""
        return MetricFacts(
            description=self.description,
            unit=self.unit,
            low=self.low,
            high=self.high,
            direction=self.direction,
            aggregation=Aggregation.CORPUS if self.corpus else Aggregation.MEAN,
        )
