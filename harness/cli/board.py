"""``polyarena board`` and its subcommands, each of which is imported only when it is called."""

from __future__ import annotations

from cyclopts import App

SUBCOMMANDS = {
    "add": "Add a run to a board, or put it in the place of an earlier one.",
    "build": "Build a static leaderboard from runs.",
    "check": "Check a contributed run: complete, untouched, and measured as the board's runs were.",
    "schema": "Print the JSON Schema of the board file.",
    "serve": "Serve a board to this machine, for a look.",
}

command = App(name="board", help_flags=["--help", "-h"], version_flags=[])
for _name, _help in SUBCOMMANDS.items():
    command.command(f"polyarena.harness.cli.board_{_name}:command", name=_name, help=_help)
