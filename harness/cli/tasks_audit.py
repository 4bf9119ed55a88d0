"""``polyarena tasks audit``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of
from polyarena.tasks.exit_codes import ExitCode

if TYPE_CHECKING:
    from polyarena.tasks.audit import Finding

MOST_LINES = 60
"""Most lines on the terminal; with more findings, each kind of finding is one line."""


def command(
    *task: str,
    lm_eval: Annotated[str | None, Parameter(name="--lm-eval")] = None,
    lighteval: Annotated[str | None, Parameter(name="--lighteval")] = None,
    nemo_skills: Annotated[Path | None, Parameter(name="--nemo-skills")] = None,
    overlap: Annotated[Path | None, Parameter(name="--overlap")] = None,
    hub: Annotated[bool, Parameter(name="--hub", negative="")] = False,
    json: Json = False,
) -> int:
    """Find errors in tasks before spending anything on them; exits with 1 if there are any.

    Items are checked if the data is on this machine (POLYARENA_DATA).

    Parameters
    ----------
    task
        Tasks to audit. Default: all installed tasks, unless task files of another tool are given.
    lm_eval
        Task files of lm-eval: a pattern of names such as `xlsum_*`, or a folder such as `afrobench/xlsum`.
    lighteval
        Task files of lighteval: a pattern of file names such as `mmlu*`, or a folder.
    nemo_skills
        The folder of a copy of NeMo-Skills.
    overlap
        A JSON Lines file of training texts that must not contain test items.
    hub
        Download data sets that have no local mirror.
    json
        Print all findings as JSON.
    """
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json
    from polyarena.tasks.audit import Severity, audit_configs, audit_lighteval, audit_nemo_skills, ordered, worst

    found = audit_configs(lm_eval) if lm_eval is not None else []
    found += audit_lighteval(lighteval) if lighteval is not None else []
    found += audit_nemo_skills(nemo_skills) if nemo_skills is not None else []
    if task or (lm_eval is None and lighteval is None and nemo_skills is None):
        found = ordered([*found, *_of_tasks(task, overlap, hub)])
    if json:
        print_json([asdict(finding) for finding in found])
    else:
        _print(found)
    return ExitCode.CHECK_FAILED if worst(found) is Severity.ERROR else 0


def _of_tasks(names: Sequence[str], overlap: Path | None, hub: bool) -> list[Finding]:
    from polyarena.tasks.audit import AuditSource, Overlap, audit_tasks
    from polyarena.tasks.data import data_root
    from polyarena.tasks.registry import find_task, installed_tasks

    tasks = [find_task(name) for name in names] if names else installed_tasks()[0]
    source = AuditSource(data_root(None, Path.cwd()), hub=hub)
    return audit_tasks(tasks, source, Overlap(overlap) if overlap else None)


def _print(found: Sequence[Finding]) -> None:
    from collections import Counter

    from polyarena.harness.cli.output import print_lines, print_table

    by_task: dict[tuple[str, str, str], list[Finding]] = {}
    by_check: dict[tuple[str, str, str], list[Finding]] = {}
    for each in found:
        by_task.setdefault((each.severity.value, each.check, each.task), []).append(each)
        by_check.setdefault((each.severity.value, each.check, ""), []).append(each)
    short = len(by_task) <= MOST_LINES
    rows = [
        (
            severity,
            check,
            task or count_of(len({each.task for each in same}), "task"),
            _languages(same),
            _said(same, task),
        )
        for (severity, check, task), same in (by_task if short else by_check).items()
    ]
    if rows:
        print_table("", ("", "check", "task", "languages", "finding"), rows)
    counts = Counter(each.severity.value for each in found)
    told = ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items())
    print_lines(f"{told} (--json lists all)" if told else "nothing found")


def _languages(same: Sequence[Finding]) -> str:
    codes = sorted({each.language for each in same if each.language})
    return ", ".join(codes) if len(codes) <= 3 else f"{codes[0]} and {len(codes) - 1} more"


def _said(same: Sequence[Finding], task: str) -> str:
    first = same[0]
    message = first.message if task or len(same) == 1 else f"{first.task}: {first.message}"
    return message + "".join(f"\n  {example}" for example in first.examples[:2])
