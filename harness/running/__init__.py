"""Doing what a plan asks for."""

from polyarena.harness.running.runner import Run, run

__all__ = ["Run", "run"]
