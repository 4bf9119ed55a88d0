"""Chooses the progress display: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from polyarena.harness.events import Event, Listener
from polyarena.harness.planning import Plan
from polyarena.harness.progress.plain import PlainProgress


@contextmanager
def progress_listener(plan: Plan, *, quiet: bool = False) -> Iterator[Listener]:
    """Yield a listener that shows a run's progress on standard error.

    Args:
        plan: What will run.
        quiet: Show nothing.
    """
    if quiet:
        yield _nothing
        return
    if sys.stderr.isatty() and not os.environ.get("CI"):
        from rich.console import Console

        from polyarena.harness.progress.live import LiveProgress

        display: LiveProgress | PlainProgress = LiveProgress(plan, Console(stderr=True))
    else:
        display = PlainProgress(plan, sys.stderr)
    try:
        yield display
    finally:
        display.close()


def _nothing(event: Event) -> None:
    del event
