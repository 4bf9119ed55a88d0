"""What happens during a run, for progress and for the event log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run starts: how much there is and how much of it is stored."""

    experiment: str
    folder: str
    cells: int
    cells_stored: int
    games: int
    games_stored: int
    requests: int


@dataclass(frozen=True, slots=True)
class ModelLoading:
    """A model is being loaded for these systems."""

    systems: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """A model is loaded; ``provenance`` is what could only be known then."""

    systems: tuple[str, ...]
    seconds: float
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellStarted:
    """A cell is being computed."""

    system: str
    task: str
    language: str
    requests: int


@dataclass(frozen=True, slots=True)
class CellDone:
    """A cell is stored."""

    system: str
    task: str
    language: str
    requests: int
    seconds: float
    key: str


@dataclass(frozen=True, slots=True)
class CellFailed:
    """A cell could not be computed; the others go on."""

    system: str
    task: str
    language: str
    requests: int
    error: str
    exit_code: int = 3

    @property
    def reason(self) -> str:
        """The error without what differs between languages: equal for failures of one cause."""
        return _cause(self.error, self.language)


@dataclass(frozen=True, slots=True)
class GamesProgress:
    """Some games of a pair of cells have a verdict; told now and then, and not kept in the event log.

    ``seconds`` is as in :class:`GamesDone`.
    """

    judge: str
    candidate: str
    baseline: str
    task: str
    language: str
    judged: int
    games: int
    seconds: float


@dataclass(frozen=True, slots=True)
class GamesDone:
    """The games of one pair of cells are stored.

    ``seconds`` counts from the beginning of the pair, or from when the pair before it was stored if that is later:
    pairs of a judge overlap, and what they take adds up to the time that passes.
    """

    judge: str
    candidate: str
    baseline: str
    task: str
    language: str
    requests: int
    invalid: int
    seconds: float
    key: str


@dataclass(frozen=True, slots=True)
class GamesFailed:
    """The games of one pair of cells could not be judged; the others go on."""

    judge: str
    candidate: str
    baseline: str
    task: str
    language: str
    requests: int
    error: str
    exit_code: int = 3

    @property
    def reason(self) -> str:
        """The error without what differs between languages: equal for failures of one cause."""
        return _cause(self.error, self.language)


@dataclass(frozen=True, slots=True)
class CostsUpdated:
    """What the endpoints of the candidates, or of the judges, took since the run began, cached calls apart.

    The last one of each before the next :class:`RunStarted` is the total of that run.
    """

    who: str
    ledgers: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run ends; ``failures`` counts cells and pairs without a result."""

    seconds: float
    failures: int


Event = (
    RunStarted
    | ModelLoading
    | ModelLoaded
    | CellStarted
    | CellDone
    | CellFailed
    | GamesProgress
    | GamesDone
    | GamesFailed
    | CostsUpdated
    | RunFinished
)
Listener = Callable[[Event], None]


def _cause(error: str, language: str) -> str:
    return re.sub(r"\d+", "#", error.replace(language, "<language>"))


def event_record(event: Event) -> dict[str, Any]:
    """Return an event as the object that ``events.jsonl`` holds."""
    return {"event": type(event).__name__, **asdict(event)}
