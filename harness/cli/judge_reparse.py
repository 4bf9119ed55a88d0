"""``polyarena judge reparse``."""

from __future__ import annotations

from pathlib import Path

from polyarena.harness.cli.options import Json


def command(run: Path, judge: str, /, *, template: str | None = None, json: Json = False) -> int:
    """Parse a judge's stored replies again, without calling it, and rebuild results and report.

    Parameters
    ----------
    run
        A run folder.
    judge
        Name of the judge.
    template
        Name or file of the template that defines how verdicts are written. Default: the judge's own.
    json
        Print the changes as JSON.
    """
    from polyarena.harness.cli.output import print_json, print_lines, print_table
    from polyarena.harness.cli.summary import print_edited
    from polyarena.harness.reporting import write_report
    from polyarena.harness.running.reparsing import reparse
    from polyarena.harness.store import RunFolder

    folder = RunFolder(run)
    with folder.existing_write_access():
        found = reparse(folder, judge, template)
        files = write_report(folder)
    rows = [(before, after, count) for (before, after), count in found.changes.items()]
    changed = sum(found.changes.values())
    if json:
        changes = [{"from": before, "to": after, "games": count} for before, after, count in rows]
        facts = {"judge": judge, "template": found.template, "games": found.games, "textless": found.textless}
        print_json({**facts, "changed": changed, "changes": changes, "edited": [str(path) for path in files.edited]})
        return 0
    print_lines(
        f"{changed} of {found.games} verdicts of {judge} changed, parsed with {found.template}; "
        f"{found.textless} have no stored reply and are unchanged"
    )
    if rows:
        cells = [(before, after, str(count)) for before, after, count in rows]
        print_table("", ("was", "is", "games"), cells, right=[2])
    print_edited(files)
    return 0
