"""The lines of ``polyarena plan`` about what is left out or flagged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    from polyarena.harness.lock import Omission
    from polyarena.harness.planning import Plan
    from polyarena.reports.flags import Flag

MOST_NAMED = 6
"""Most languages that a line names; it counts the rest."""


def omission_lines(planned: Plan) -> Iterator[str]:
    """Yield a line for each incomplete suite, unscored metric, suite that differs from its paper, and kind of flag."""
    for suite in dict.fromkeys(each.suite for each in planned.omissions if each.suite and not each.metric):
        yield _of_suite(suite, [each for each in planned.omissions if each.suite == suite and not each.metric])
    for each in planned.omissions:
        if each.metric:
            yield f"left out: {each.metric} of {each.task} in {_some(each.languages)}, because {each.reason}"
    for suite in dict.fromkeys(each.suite for each in planned.deviations):
        told = [f"{each.task} ({each.reason})" for each in planned.deviations if each.suite == suite]
        yield f"{suite} differs from the paper in {', '.join(told)}"
    yield from _flagged([flag for task in planned.tasks for flag in task.flags])


def _of_suite(suite: str, omissions: Sequence[Omission]) -> str:
    whole = [f"{each.task} ({each.reason})" for each in omissions if not each.languages]
    pairs = sum(len(each.languages) for each in omissions)
    tasks = len({each.task for each in omissions if each.languages})
    parts = (
        [f"{count_of(pairs, 'language')} missing from {count_of(tasks, 'task')} (`--json` lists them)"] if pairs else []
    )
    return f"left out of the suite {suite}: {', '.join([*whole, *parts])}"


def _flagged(flags: Sequence[Flag]) -> Iterator[str]:
    counts = Counter((flag.task, flag.metric, flag.level, flag.reason) for flag in flags)
    for task, metric, level, reason in counts:
        codes = [flag.language for flag in flags if (flag.task, flag.metric, flag.reason) == (task, metric, reason)]
        yield f"flagged as {level}: {metric} of {task} in {_some(codes)}: {reason}"


def _some(codes: Sequence[str]) -> str:
    shown = ", ".join(codes[:MOST_NAMED])
    return shown if len(codes) <= MOST_NAMED else f"{shown} and {len(codes) - MOST_NAMED} more"
