"""``polyarena status``."""

from __future__ import annotations

from pathlib import Path

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of


def command(folder: Path, *, json: Json = False) -> None:
    """Show how far a run is, from its folder: while it goes on elsewhere, and after it died.

    Parameters
    ----------
    folder
        The run folder.
    json
        Print the status as JSON.
    """
    from polyarena.harness.cli.output import print_json, print_lines, print_table
    from polyarena.harness.progress.eta import describe_time_left
    from polyarena.harness.progress.status import read_status
    from polyarena.harness.progress.tracker import describe_rate

    status = read_status(folder)
    if json:
        print_json(status.model_dump(mode="json"))
        return
    failed = sum(line.failed for line in status.lines)
    lacking = [f"{count_of(failed, 'language')} failed; run the same command again"] if failed else []
    lacking += [
        f"the judge {judge!r} gave no verdict in any of its {count_of(games, 'game')}; "
        "read its replies, `raw` in games/"
        for judge, games in status.silent.items()
    ]
    said = {
        "stopped": "stopped: run the same command again to go on",
        "incomplete": f"not complete: {'; '.join(lacking) or 'run the same command again'}",
    }.get(status.state, status.state)
    lines = [f"{status.experiment}: {said} (status of {status.updated})", status.holder]
    if status.state == "running":
        left = describe_time_left(status.seconds_left)
        rate = describe_rate(status.requests_per_second)
        lines.append(f"{count_of(len(status.in_flight), 'cell')} in flight, {rate}, {left}")
        lines += [
            f"{worker.name} on {worker.host}" + (f", with {worker.systems}" if worker.systems else "")
            for worker in status.workers
        ]
    if status.workers:
        lines.append("Logs of the workers: workers/*/<worker>/log.txt")
    print_lines(*(line for line in lines if line))
    rows = [(line.title, f"{line.done}/{line.total}", str(line.stored), str(line.failed)) for line in status.lines]
    print_table("", ("work", "languages done", "stored before", "failed"), rows, right=(1, 2, 3), whole=(0,))
