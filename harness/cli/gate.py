"""``polyarena gate`` and its subcommands, each of which is imported only when it is called."""

from __future__ import annotations

from cyclopts import App

SUBCOMMANDS = {
    "accept": "Write a run into a reference file, as the baseline of later checks.",
    "calibrate": "Measure the gate's false alarms and detectable drops, on two runs of one model.",
    "check": "Check whether a new system is worse in any language.",
    "schema": "Print the JSON Schema of the result or of the gate file.",
}

command = App(name="gate", help_flags=["--help", "-h"], version_flags=[])
for _name, _help in SUBCOMMANDS.items():
    command.command(f"polyarena.harness.cli.gate_{_name}:command", name=_name, help=_help)
