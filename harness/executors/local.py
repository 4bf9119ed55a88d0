"""The local executor: runs jobs one after the other in this process."""

from __future__ import annotations

from collections.abc import Iterator

from polyarena.harness.events import Event
from polyarena.harness.executors.protocol import JobDone, JobFailed, Work


class LocalExecutor:
    """Runs jobs in turn; one model is in memory at a time."""

    def run(self, work: Work) -> Iterator[Event]:
        """Run the jobs in the order given, those of one model together."""
        models = list(dict.fromkeys(job.model for job in work.jobs))
        runner = work.runner()
        try:
            for job in sorted(work.jobs, key=lambda job: (models.index(job.model), job.number)):
                if not work.log.is_wanted(job):
                    continue
                yield from work.log.started(job)
                for event in runner.run(job):
                    if isinstance(event, JobDone | JobFailed):
                        yield from work.log.ended(job, event)
                    else:
                        yield event
        finally:
            runner.close()
