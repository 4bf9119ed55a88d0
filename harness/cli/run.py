"""``polyarena run``."""

from __future__ import annotations

from pathlib import Path

from polyarena.harness.cli.options import ExecutorChoice, Fresh, Grace, Json, Output, Quiet, RetryRefused


def command(
    experiment: Path,
    *,
    output: Output = None,
    quiet: Quiet = False,
    json: Json = False,
    retry_refused: RetryRefused = False,
    fresh: Fresh = False,
    grace: Grace = 10.0,
    executor: ExecutorChoice = None,
) -> int:
    """Run an experiment: generate completions, judge them, and write results and a report.

    Parameters
    ----------
    experiment
        The experiment file.
    output
        The run folder. Default: the experiment's `output`, else `runs/<name>`.
    quiet
        Do not show progress.
    json
        Print the estimates as JSON instead of the summary.
    retry_refused
        Repeat judge requests that the endpoint refused permanently.
    fresh
        Repeat all requests to endpoints, even if answers are stored or in the call cache.
    grace
        Seconds that an interrupted run waits for requests in flight, so that their answers are stored.
    executor
        Where local models are computed: `local`, `processes`, `ray` or `slurm`, with `:N` for a number of workers; or a
        site file. Default: the site file in `POLYARENA_SITE`, else `local`.
    """
    from polyarena.harness.cli.interrupts import announce_stop
    from polyarena.harness.cli.summary import (
        print_decided,
        print_failures,
        print_silent,
        print_stored_answers,
        print_summary,
    )
    from polyarena.harness.executors.site import choose_executor
    from polyarena.harness.planning import plan
    from polyarena.harness.progress import progress_listener
    from polyarena.harness.running.fresh import archive_answers
    from polyarena.harness.running.runner import run
    from polyarena.tasks.errors import ModelError

    chosen = choose_executor(executor)
    planned = plan(experiment, output=output, retry_refused=retry_refused)
    if fresh:
        archive_answers(planned)
        planned = plan(experiment, output=output, retry_refused=retry_refused)
    with announce_stop(grace), progress_listener(planned, quiet=quiet) as listener:
        finished = run(planned, executor=chosen, listener=listener, grace_s=grace)
    print_summary(finished.folder, finished.files, as_json=json)
    if not json:
        print_stored_answers(planned)
        print_decided(finished.folder)
    print_silent(finished.silent)
    if finished.failures:
        print_failures(finished.failures)
        return max(failure.exit_code for failure in finished.failures)
    return ModelError.exit_code if finished.silent else 0
