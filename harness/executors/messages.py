"""What the coordinator of a run and its workers tell each other, as records, and their form as JSON.

The coordinator writes a :class:`WorkerConfig` once and a :class:`polyarena.harness.executors.protocol.Job` each time;
a worker writes the :data:`WorkerMessage` records. Unknown fields are ignored, so that a worker of another version can
still say which version it is, and be refused for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter

from polyarena.harness.executors.protocol import Job, JobEvent, JobOutcome, JobStarted
from polyarena.harness.experiment import Experiment


class WorkerConfig(BaseModel):
    """What all workers of a run need to know before their first job.

    Attributes:
        experiment: The experiment.
        path: Its file; relative paths in it are relative to the file's folder.
        folder: The run folder.
        data_root: The local mirror, or ``None`` for the hub.
        poll_s: Most seconds between two looks at an inbox.
    """

    model_config = ConfigDict(frozen=True)

    experiment: Experiment
    path: Path
    folder: Path
    data_root: Path | None = None
    poll_s: float


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """A worker takes jobs from now on, or says why it cannot.

    Attributes:
        host: The machine that it runs on.
        pid: Its process number there.
        versions: Of the packages that can change a number.
        refused: Why it cannot compute; empty if it can.
        fix: What to do about that.
    """

    host: str = ""
    pid: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class WorkerLeaving:
    """The machine of a worker is taken from it; it may come back, and is ready again then."""


WorkerMessage = WorkerReady | WorkerLeaving | JobStarted | JobOutcome | JobEvent
"""What a worker tells the coordinator."""


def message_line(message: WorkerMessage) -> bytes:
    """Return a message as one line of JSON, in UTF-8, with its line end."""
    record = {"event": type(message).__name__, **asdict(message)}
    return (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def read_message(line: bytes) -> WorkerMessage | None:
    """Return the message in a line of JSON; ``None`` if there is none, such as in a line that a kill has cut off."""
    try:
        record = json.loads(line.decode("utf-8", "replace"))
        return _messages()[record["event"]].validate_python(record)
    except (ValueError, TypeError, KeyError):
        return None


def job_json(job: Job) -> str:
    """Return a job as a JSON object."""
    return json.dumps(asdict(job), ensure_ascii=False)


def read_job(text: str) -> Job:
    """Return the job in a JSON object.

    Raises:
        ValueError: It is none.
    """
    return _jobs().validate_json(text)


@cache
def _messages() -> Mapping[str, TypeAdapter[WorkerMessage]]:
    return {kind.__name__: TypeAdapter(kind) for kind in get_args(WorkerMessage)}


@cache
def _jobs() -> TypeAdapter[Job]:
    return TypeAdapter(Job)
