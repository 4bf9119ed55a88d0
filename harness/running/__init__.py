"""Runs a plan: computes cells, judges games, writes results and the report."""

from polyarena.harness.running.runner import Run, run

__all__ = ["Run", "run"]
