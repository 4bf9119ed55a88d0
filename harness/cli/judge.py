"""``polyarena judge`` and its subcommands, each of which is imported only when it is called."""

from __future__ import annotations

from cyclopts import App

SUBCOMMANDS = {
    "agreement": "Compare a judge with human votes, and people with each other, by language.",
    "audit": "Show how reliable a judge is: position bias, length bias, consistency, language, cost.",
    "panel": "Show how the members of a panel agree, and the win rates without each of them.",
    "preferences": "Show how often a judge prefers the chosen answer in preference data.",
    "reparse": "Parse a judge's stored replies again, without calling it.",
}

command = App(name="judge", help_flags=["--help", "-h"], version_flags=[])
for _name, _help in SUBCOMMANDS.items():
    command.command(f"polyarena.harness.cli.judge_{_name}:command", name=_name, help=_help)
