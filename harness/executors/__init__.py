"""Executors: where the jobs of a run are computed."""

from polyarena.harness.executors.local import LocalExecutor
from polyarena.harness.executors.protocol import Executor, Job, Work

__all__ = ["Executor", "Job", "LocalExecutor", "Work"]
