"""Findings of the audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from polyarena.tasks.text import sanitize_text

SHOWN = 5
"""Examples that a finding keeps."""
_LONGEST = 160


class Severity(StrEnum):
    """Severity of a finding."""

    ERROR = "error"
    """Scores do not measure what the task's name says, or cannot be computed."""
    WARNING = "warning"
    """Scores are valid but less reliable than they look."""
    NOTE = "note"
    """Information, or a check that could not be made, with the reason."""


_ORDER = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        check: The name of the check, in kebab case; stable, for programs.
        severity: How bad it is.
        task: Name of the task, or of the group.
        language: ``lang_Script``, or ``""`` where it concerns the task as a whole.
        message: One sentence: what is wrong and what follows from it.
        examples: Up to :data:`SHOWN` places or texts that show it.
    """

    check: str
    severity: Severity
    task: str
    language: str
    message: str
    examples: tuple[str, ...] = ()


def shown(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the first few texts in one line each, cut to a readable length."""
    kept: list[str] = []
    for text in texts:
        if len(kept) == SHOWN:
            break
        line = " ".join(sanitize_text(text).split())
        kept.append(line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…")
    return tuple(kept)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with the worst first, then by task, check and language."""
    return sorted(findings, key=lambda each: (_ORDER[each.severity], each.task, each.check, each.language))


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the worst severity among the findings, ``None`` if there are none."""
    return min((each.severity for each in findings), key=_ORDER.__getitem__, default=None)
