"""What the ``rules`` judge can be told, and what each fault weighs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from polyarena.tasks.identify import MIN_PROBABILITY
from polyarena.tasks.repetition import LOOP_TIMES


class Fault(StrEnum):
    """What can be wrong with an answer, as far as this judge sees."""

    EMPTY = "empty"
    LANGUAGE = "language"
    REPETITION = "repetition"
    TRUNCATION = "truncation"


POINTS: Mapping[Fault, int] = MappingProxyType(
    {Fault.EMPTY: 8, Fault.LANGUAGE: 4, Fault.REPETITION: 2, Fault.TRUNCATION: 1}
)
"""Each fault weighs more than all lighter ones together, so the heaviest fault that only one answer has decides.

``language`` covers the script as well. An empty answer has no other fault.
"""

MUCH = 4
"""Difference in points from which on the verdict is ``>>``."""


class RulesSettings(BaseModel):
    """Arguments of the judge.

    Attributes:
        min_probability: From which on an identified language counts; see
            :data:`polyarena.tasks.identify.MIN_PROBABILITY`.
        max_repeated: Share of repeated passages that an answer may have; see
            :func:`polyarena.tasks.repetition.repeated_share`.
        loop_times: Turns in a row that make the end of an answer a loop; see
            :func:`polyarena.tasks.repetition.loop_turns`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    min_probability: Annotated[float, Field(gt=0, le=1)] = MIN_PROBABILITY
    max_repeated: Annotated[float, Field(ge=0, le=1)] = 0.65
    loop_times: Annotated[int, Field(ge=2)] = LOOP_TIMES
