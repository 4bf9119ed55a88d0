"""The endpoints of one run: one call cache, one journal with its budgets, one ledger for each model."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger, Totals
from polyarena.harness.endpoints.accounting.budget import Budget, BudgetGuard
from polyarena.harness.endpoints.accounting.journal import Journal
from polyarena.harness.endpoints.batch.batch_endpoint import BatchEndpoint
from polyarena.harness.events import CostsUpdated, event_record
from polyarena.harness.experiment import Experiment
from polyarena.harness.planning.existing_results import cache_path
from polyarena.harness.store import RunFolder
from polyarena.judges.protocol import Ask
from polyarena.tasks.errors import ModelError

CANDIDATES, JUDGES = "candidates", "judges"


class Connections:
    """Opens endpoints on demand, from any thread, and closes them all; the cache is opened with the first one.

    The caller holds the run folder (:meth:`polyarena.harness.store.RunFolder.write_access`) and creates one such
    object.

    :meth:`log_spent` logs their costs after each cell, and once more when all are closed, also after an error: requests
    that were cut off are known only then. Each line is the total since the connections were made.

    Args:
        experiment: Says where the cache is.
        folder: The run folder, whose event log is written.
        retry_refused: Whether what was refused for good is asked again.
        grace_s: Seconds that closing waits for requests in flight, all endpoints together.

    Attributes:
        closing: Whether the run is ending; requests then fail for that reason, and nothing is tried again.
    """

    def __init__(
        self,
        experiment: Experiment,
        folder: RunFolder,
        *,
        retry_refused: bool = False,
        grace_s: float = 0.0,
    ) -> None:
        self.closing = False
        self._closed = threading.Event()
        self._experiment = experiment
        self._retry_refused = retry_refused
        self._grace_s = grace_s
        self._endpoints: list[Endpoint | BatchEndpoint] = []
        self._folder = folder
        self._logged: dict[str, dict[str, Totals]] = {}
        self._path = cache_path(experiment, folder)
        self._stack = ExitStack()
        self._kept: tuple[CallCache, BudgetGuard] | None = None
        self._ledgers: dict[str, dict[str, Ledger]] = {CANDIDATES: {}, JUDGES: {}}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
            self._stack.close()
        finally:
            self._closed.set()
        self.log_spent()

    def stop(self, grace_s: float | None = None) -> None:
        """Send nothing more and open no endpoint, because the run is ending; requests in flight have the grace period.

        It may be called several times; the grace period begins with the first call.

        Args:
            grace_s: A shorter grace period, because somebody does not want to wait.
        """
        with self._lock:
            self.closing = True
            endpoints = list(self._endpoints)
        # None sends anything more while another waits for its requests.
        for endpoint in endpoints:
            endpoint.stop(self._grace_s if grace_s is None else grace_s)

    def wait_until_closed(self) -> None:
        """Return at once while the run goes on; if it is ending, wait until no request is in flight."""
        if self.closing:
            self._closed.wait()

    def open_judge(self, settings: EndpointSettings) -> Ask:
        """Open the endpoint of a judge; permanent refusals are remembered."""
        return self._open(settings, JUDGES)

    def open_candidate(self, args: Mapping[str, Any]) -> Ask:
        """Open the endpoint of a candidate from its ``args``; it has no answer to what it refuses."""
        # The client takes a third of a second to import: now, and not while the first cell waits for its answers.
        importlib.import_module("polyarena.harness.endpoints.transport.client")
        return self._open(EndpointSettings.model_validate(args), CANDIDATES)

    def _open(self, settings: EndpointSettings, who: str) -> Ask:
        with self._lock:
            if self.closing:
                # A thread that was still loading its model when the run began to end: nobody would close its endpoint.
                raise ModelError("the run is ending", where=settings.url)
            cache, guard = self._opened()
            ledger = self._ledgers[who].setdefault(settings.model, Ledger(self._folder.created_at() or time.time()))
            kind = BatchEndpoint if settings.mode == "batch" else Endpoint
            endpoint = kind(
                settings,
                cache,
                ledger,
                budget_guard=guard,
                grace_s=self._grace_s,
                remember_refusals=who == JUDGES,
                retry_refused=self._retry_refused,
            )
            self._endpoints.append(endpoint)
            self._stack.callback(endpoint.close)
        return endpoint

    def _opened(self) -> tuple[CallCache, BudgetGuard]:
        if self._kept is None:
            cache = self._stack.enter_context(CallCache(self._path))
            journal = self._stack.enter_context(Journal(self._folder.attempts, cache.get, exclusive=True))
            self._kept = (cache, BudgetGuard(journal, list(self._budgets())))
        return self._kept

    def _budgets(self) -> Iterator[Budget]:
        for judge in self._experiment.judges:
            if judge.budget is not None:
                yield Budget(judge.budget, f"the budget of {judge.name!r}", judge.name)
        if self._experiment.budget is not None:
            yield Budget(self._experiment.budget, "the budget of the experiment")

    def log_spent(self) -> None:
        """Log the costs of each model, by its name at the endpoint, if they have changed since the last log."""
        for who, models in self._ledgers.items():
            with self._lock:
                ledgers = {model: ledger.totals() for model, ledger in sorted(models.items())}
            if ledgers != self._logged.get(who, {}):
                self._logged[who] = ledgers
                self._folder.log(event_record(CostsUpdated(who, ledgers)))
