"""The events of a run, for the progress display and the event log, and their form in the log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from polyarena.harness.endpoints.accounting.ledger import Totals


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run starts: the number of cells and games, and how many of them are already stored.

    ``endpoint_stored`` of the stored ones, cells and games together, are of endpoints; early builds did not count them.
    """

    experiment: str
    folder: str
    cells: int
    cells_stored: int
    games: int
    games_stored: int
    requests: int
    endpoint_stored: int | None = None


@dataclass(frozen=True, slots=True)
class ModelLoading:
    """A model is being loaded for these systems, by a worker if there are any."""

    systems: tuple[str, ...]
    model: str
    worker: str = ""


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """A model is loaded; ``provenance`` contains facts that are only known after loading."""

    systems: tuple[str, ...]
    seconds: float
    provenance: Mapping[str, str] = field(default_factory=dict)
    worker: str = ""


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """What a loaded model tells of itself has changed: batches became smaller, or texts were cut to its length."""

    systems: tuple[str, ...]
    provenance: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FlipsMeasured:
    """Some items of a cell were scored or answered once more, in batches of another size.

    ``flips`` counts, by metric, those of the ``items`` that got another value.
    """

    system: str
    task: str
    language: str
    items: int
    flips: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """A worker of an executor is ready; ``host`` is the machine that it runs on."""

    worker: str
    host: str


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A worker of an executor has ended or was refused; what it was computing is computed by another one."""

    worker: str
    reason: str


@dataclass(frozen=True, slots=True)
class WorkersDiffer:
    """Workers loaded the same model differently, on another device, say: the last digits of results may differ.

    ``facts`` has, by name, what the first worker found and what this one found.
    """

    worker: str
    systems: tuple[str, ...]
    facts: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CellStarted:
    """A cell is being computed."""

    system: str
    task: str
    language: str
    requests: int


@dataclass(frozen=True, slots=True)
class CellProgress:
    """Some ranges of a large cell are computed; sent with each of them, and not written to the event log.

    ``seconds`` is as in :class:`CellDone`.
    """

    system: str
    task: str
    language: str
    computed: int
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class CellDone:
    """A cell is stored.

    ``seconds`` counts from its first request, or from when the cell before it was stored if that is later and both
    are of one stream; of a cell that was computed by several workers, it is the sum of their times.
    """

    system: str
    task: str
    language: str
    requests: int
    seconds: float
    key: str


@dataclass(frozen=True, slots=True)
class CellFailed:
    """A cell could not be computed; the run continues with the others."""

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
class PairsChosen:
    """A budget of games goes to these pairs; their games are judged next.

    ``pairs`` has, by task, candidate, baseline and items of each language of every pair so far.
    """

    pairs: Mapping[str, Sequence[tuple[str, str, int]]]


@dataclass(frozen=True, slots=True)
class GamesProgress:
    """Some games of a pair of cells have a verdict; sent from time to time, and not written to the event log.

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

    ``seconds`` counts from the start of the pair, or from when the previous pair was stored if that is later: the pairs
    of a judge overlap, and this way their times add up to the elapsed time.
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
    """The games of one pair of cells could not be judged; the run continues with the others."""

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
    """Costs of the systems' or the judges' endpoints since the run started, by model, with cached calls counted apart.

    The last event of each ``who`` before the next :class:`RunStarted` has the total of that run.
    """

    who: str
    ledgers: Mapping[str, Totals]


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run ends; ``failures`` counts cells and pairs without a result.

    ``silent`` has the judges that gave no verdict in any of their games, with the number of these.
    """

    seconds: float
    failures: int
    silent: Mapping[str, int] = field(default_factory=dict)


Event = (
    RunStarted
    | ModelLoading
    | ModelLoaded
    | ModelChanged
    | FlipsMeasured
    | WorkerStarted
    | WorkerLost
    | WorkersDiffer
    | CellStarted
    | CellProgress
    | CellDone
    | CellFailed
    | PairsChosen
    | GamesProgress
    | GamesDone
    | GamesFailed
    | CostsUpdated
    | RunFinished
)
Listener = Callable[[Event], None]


def _cause(error: str, language: str) -> str:
    return re.sub(r"\d+", "#", error.replace(language, "<language>"))


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as it stands in the log.

    Attributes:
        time: When it was logged, in UTC, as an ISO 8601 text; empty if the log does not say.
        event: The event.
    """

    time: str
    event: Event


def event_record(event: Event) -> dict[str, object]:
    """Return an event as the JSON object of a line of ``events.jsonl``.

    Sums of money are decimal text, so that no digit is lost.
    """
    record: dict[str, object] = _plain({"event": type(event).__name__, **asdict(event)})
    return record


def read_events(records: Iterable[Mapping[str, object]]) -> Iterator[LoggedEvent]:
    """Yield the events in lines of ``events.jsonl``; lines that contain no event of a run are skipped.

    Args:
        records: The lines, as :meth:`polyarena.harness.store.RunFolder.events` returns them.
    """
    kinds = _kinds()
    for record in records:
        with suppress(KeyError, ValidationError):
            event = kinds[str(record["event"])].validate_python(record)
            yield LoggedEvent(str(record.get("time", "")), event)


@cache
def _kinds() -> Mapping[str, TypeAdapter[Event]]:
    return {kind.__name__: TypeAdapter(kind) for kind in get_args(Event)}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, dict) else value
