"""``polyarena tasks coverage``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from polyarena.harness.cli.options import Json
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    from polyarena.tasks.coverage import CoverageRow
    from polyarena.tasks.data import DataSource
    from polyarena.tasks.suites import ResolvedSuite


def command(
    *,
    suite: Annotated[str, Parameter(name="--suite")] = "aya99",
    system: Annotated[str | None, Parameter(name="--system")] = None,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    json: Json = False,
) -> int:
    """Show which tasks of a suite cover each language, by resource tier.

    Items are counted if the data is on this machine (POLYARENA_DATA).

    Parameters
    ----------
    suite
        A suite: aya101_paper, aya23_paper, aya_expanse_paper, tiny_aya, aya99, safety, smoke.
    system
        A system of an experiment, as `EXPERIMENT:NAME`; lists the languages that are not in its `languages`.
    output
        Also write one row for each language and task into this CSV file.
    json
        Print one row for each language and task.
    """
    from polyarena.harness.cli.output import print_json
    from polyarena.tasks.coverage import coverage
    from polyarena.tasks.suites import resolve_suite

    resolved = resolve_suite(suite)
    unclaimed = None if system is None else _manifest(system)
    rows = coverage(resolved, _local())
    if output is not None:
        _write(output, [asdict(row) for row in rows])
    if json:
        print_json([asdict(row) for row in rows])
        _complain(resolved)
    else:
        _print(resolved, rows)
    if unclaimed is not None:
        _say_left_out(rows, system or "", unclaimed, to_stderr=json)
    return 0


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    import csv
    import io

    from polyarena.harness.store.atomic import write_atomically
    from polyarena.harness.store.replacing import begins_with, refuse_to_replace, require_suffix
    from polyarena.tasks.coverage import CoverageRow

    names = [field.name for field in fields(CoverageRow)]
    require_suffix(path, (".csv",), "a table of coverage")
    refuse_to_replace(path, begins_with(",".join(names)), "a table of coverage")
    text = io.StringIO()
    table = csv.DictWriter(text, names, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8"))


def _local() -> DataSource:
    from polyarena.tasks.audit import AuditSource
    from polyarena.tasks.data import data_root

    return AuditSource(data_root(None, Path.cwd()))


def _manifest(system: str) -> Sequence[str] | str:
    """Return the selector of a system's languages; ``all`` if it has none."""
    from polyarena.harness.experiment import load_experiment
    from polyarena.tasks.errors import ExperimentError
    from polyarena.tasks.suggest import unknown

    path, colon, name = system.rpartition(":")
    if not colon:
        raise ExperimentError(f"{system!r} names no system", fix="write EXPERIMENT:NAME, such as release.yaml:ours")
    experiment = load_experiment(path)
    names = [each.name for each in experiment.systems]
    if name not in names:
        raise unknown("system", name, names, where=path)
    return experiment.system(name).languages or "all"


def _print(resolved: ResolvedSuite, rows: list[CoverageRow]) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.tasks.coverage import CoverageKind, by_language

    items: dict[str, int] = {}
    for row in rows:
        items[row.language] = items.get(row.language, 0) + (row.n_items or 0)
    # A suite of all languages names none, so no language is missing from it.
    selected = sorted({row.language for row in rows}) if resolved.suite.languages == "all" else resolved.suite.languages
    covered = by_language(rows, selected)
    print_table(
        resolved.title,
        ("tier", "code", "name", *(kind.value.replace("_", "-") for kind in CoverageKind), "items here"),
        [
            (
                each.language.tier or "–",
                each.language.code,
                each.language.name,
                *(", ".join(each.tasks[kind]) or "–" for kind in CoverageKind),
                str(items.get(each.language.code, 0)),
            )
            for each in covered
        ],
        right=(3 + len(CoverageKind),),
    )
    scored = sum(each.scored for each in covered)
    count = f"{scored} of {len(covered)} languages have a discriminative task and two generative or open-ended ones"
    if all(row.kind is CoverageKind.SAFETY for row in rows):
        count = f"{count_of(len(covered), 'language')} with a safety task"
    print_lines(
        count,
        *(f"left out: {name}: {reason}" for name, reason in resolved.missing.items()),
    )
    doubtful = sorted({f"{row.task} in {row.language}" for row in rows if row.adequacy == "inadequate"})
    if doubtful:
        print_lines(f"the headline metric is inadequate: {', '.join(doubtful)}")


def _complain(resolved: ResolvedSuite) -> None:
    import sys

    for name, reason in resolved.missing.items():
        sys.stderr.write(f"polyarena: left out of {resolved.suite.name}: {name}: {reason}\n")


def _say_left_out(rows: list[CoverageRow], system: str, manifest: Sequence[str] | str, *, to_stderr: bool) -> None:
    import sys

    from polyarena.tasks.coverage import left_out

    codes = left_out(rows, manifest)
    stream = sys.stderr if to_stderr else sys.stdout
    stream.write(
        f"{count_of(len(codes), 'language')} not in the `languages` of {system}"
        + (f": {', '.join(codes)}\n" if codes else "\n")
    )
