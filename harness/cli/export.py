"""``polyarena export`` and its subcommands, each of which is imported only when it is called."""

from __future__ import annotations

from cyclopts import App

SUBCOMMANDS = {
    "archive": "Pack a run for the supplement of a paper, with checksums and licences.",
    "results": "Export the estimates of a run in the format of another tool or site.",
}

command = App(name="export", help_flags=["--help", "-h"], version_flags=[])
for _name, _help in SUBCOMMANDS.items():
    command.command(f"polyarena.harness.cli.export_{_name}:command", name=_name, help=_help)
