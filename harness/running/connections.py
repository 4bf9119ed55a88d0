"""The endpoints of one run: one call cache, one ledger for each candidate and judge."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
from polyarena.harness.experiment import Experiment
from polyarena.harness.planning.stock import cache_path
from polyarena.harness.store import RunFolder
from polyarena.judges.protocol import Ask


class Connections:
    """Opens endpoints on demand and closes them all; the cache is opened with the first one."""

    def __init__(self, experiment: Experiment, folder: RunFolder) -> None:
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

    def ledgers(self) -> dict[str, dict[str, Any]]:
        """Return what each model took so far, by its name at the endpoint."""
        return {model: ledger.as_dict() for model, ledger in sorted(self._ledgers.items())}
