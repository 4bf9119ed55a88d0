"""The endpoints of one run: one call cache, one ledger for each candidate and judge."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
from polyarena.harness.events import Spent, as_record
from polyarena.harness.experiment import Experiment
from polyarena.harness.planning.stock import cache_path
from polyarena.harness.store import RunFolder
from polyarena.judges.protocol import Ask


class Connections:
    """Opens endpoints on demand and closes them all; the cache is opened with the first one.

    What they took is logged by :meth:`log_spent` after each cell, and once more when all are closed, on whatever way
    out: requests that were cut off are known only then. Each line is the total since the connections were made.

    Args:
        experiment: Says where the cache is.
        folder: The run folder, whose event log is written.
        who: ``candidates`` or ``judges``.
    """

    def __init__(self, experiment: Experiment, folder: RunFolder, who: str) -> None:
        self._folder = folder
        self._who = who
        self._logged: dict[str, dict[str, Any]] = {}
        self._path = cache_path(experiment, folder)
        self._stack = ExitStack()
        self._cache: CallCache | None = None
        self._ledgers: dict[str, Ledger] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self.log_spent()

    def open(self, settings: EndpointSettings) -> Ask:
        """Open an endpoint that shares the run's cache."""
        if self._cache is None:
            self._cache = CallCache(self._path)
            self._stack.callback(self._cache.close)
        ledger = self._ledgers.setdefault(settings.model, Ledger())
        endpoint = Endpoint(settings, self._cache, ledger)
        self._stack.callback(endpoint.close)
        return endpoint

    def open_candidate(self, args: Mapping[str, Any]) -> Ask:
        """Open the endpoint of a candidate from its ``args``."""
        return self.open(EndpointSettings.model_validate(args))

    def log_spent(self) -> None:
        """Log what each model took, by its name at the endpoint, if it is more than was logged before."""
        ledgers = {model: ledger.as_dict() for model, ledger in sorted(self._ledgers.items())}
        if ledgers != self._logged:
            self._logged = ledgers
            self._folder.log(as_record(Spent(self._who, ledgers)))
