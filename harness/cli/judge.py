"""``polyarena judge`` and its subcommands, each of which is imported only when it is called."""

from __future__ import annotations

from cyclopts import App

SUBCOMMANDS = {
    "agreement": "Compare a judge with people, language by language, beside people with one another.",
    "audit": "Show what a judge's verdicts are worth: position, length, consistency, language, price.",
    "panel": "Show how the members of panels agree, and what leaving each out would change.",
    "preferences": "Show how often a judge prefers the chosen answer of preference data.",
    "reparse": "Read a judge's stored verdicts again, without any call.",
}

command = App(name="judge", help_flags=["--help", "-h"], version_flags=[])
for _name, _help in SUBCOMMANDS.items():
    command.command(f"polyarena.harness.cli.judge_{_name}:command", name=_name, help=_help)
