"""A gate's result as workflow commands of GitHub Actions, which appear as annotations of a run."""

from __future__ import annotations

from polyarena.reports.gate.result import GateResult, name_of, span_of

MOST = 10
"""Annotations of one kind that GitHub shows for a step."""


def workflow_commands(result: GateResult) -> list[str]:
    """Return one line a failure and warning, worst first; what exceeds :data:`MOST` is counted in the last."""
    found = []
    for kind, verdicts in (("error", result.failed), ("warning", result.decision.warnings)):
        shown = verdicts if len(verdicts) <= MOST else verdicts[: MOST - 1]
        found += [_command(kind, name_of(each), f"{each.status}: {span_of(each)}") for each in shown]
        if len(verdicts) > len(shown):
            found.append(_command(kind, "polyarena gate", f"{len(verdicts) - len(shown)} more, see the job summary"))
    return found


def _command(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
