"""The local executor: runs jobs one after the other in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polyarena.harness.events import Event
from polyarena.harness.executors.protocol import Job, Work


class LocalExecutor:
    """Runs jobs in turn; one model is in memory at a time."""

    def run(self, jobs: Sequence[Job], work: Work) -> Iterator[Event]:
        """Run the jobs in the order given."""
        for job in jobs:
            yield from work(job)
