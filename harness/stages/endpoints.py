"""The endpoints of a pipeline's teachers: one call cache, one journal with its budget, one ledger for each model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from polyarena.harness.endpoints import CallCache, Endpoint, EndpointSettings, Ledger
from polyarena.harness.endpoints.accounting.budget import Budget, BudgetGuard
from polyarena.harness.endpoints.accounting.journal import Journal
from polyarena.harness.stages.pipeline.schema import Pipeline
from polyarena.judges.protocol import Ask

CACHE = "calls.sqlite"
JOURNAL = "attempts.jsonl"


class TeacherEndpoints:
    """Opens endpoints on demand; a context manager that closes them all.

    Answers are stored as they arrive, so that a stage that was interrupted pays for none of them twice.

    Args:
        pipeline: Says where the cache is, and how much may be spent in its folder.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._stack = ExitStack()
        self._opened: tuple[CallCache, BudgetGuard] | None = None
        self._ledgers: dict[str, Ledger] = {}

    def open(self, args: Mapping[str, Any]) -> Ask:
        """Return what asks an endpoint.

        Args:
            args: Of the model type ``endpoint``.
        """
        settings = EndpointSettings.model_validate(args)
        cache, guard = self._accounts()
        ledger = self._ledgers.setdefault(settings.model, Ledger())
        endpoint = Endpoint(settings, cache, ledger, budget_guard=guard)
        self._stack.callback(endpoint.close)
        return endpoint

    def _accounts(self) -> tuple[CallCache, BudgetGuard]:
        if self._opened is None:
            cache = self._stack.enter_context(CallCache(cache_file(self._pipeline)))
            journal = self._stack.enter_context(Journal(self._pipeline.folder / JOURNAL, cache.get, exclusive=True))
            limit = self._pipeline.budget
            budgets = [] if limit is None else [Budget(limit, "the budget of the pipeline")]
            self._opened = (cache, BudgetGuard(journal, budgets))
        return self._opened

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def cache_file(pipeline: Pipeline) -> Path:
    """Return the call cache: that of the file, else ``POLYARENA_CACHE``, else one in the folder of the pipeline."""
    if pipeline.cache is not None:
        return pipeline.base / Path(pipeline.cache).expanduser()
    named = os.environ.get("POLYARENA_CACHE")
    return Path(named) if named else pipeline.folder / CACHE
