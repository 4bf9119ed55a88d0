"""Regressions that a gate file allows for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from polyarena.harness.gate.gate_file import AllowEntry
from polyarena.reports.gate.result import Allowed
from polyarena.reports.gate.settings import Level
from polyarena.reports.gate.verdict import Verdict
from polyarena.tasks.counts import count_of
from polyarena.tasks.errors import ExperimentError
from polyarena.tasks.languages import select_languages


def refuse_expired(entries: Sequence[AllowEntry], today: date, where: str) -> None:
    """Refuse entries whose last day has passed.

    Args:
        entries: Of a gate file.
        today: The day of the check.
        where: The gate file, for the message.

    Raises:
        ExperimentError: There are some.
    """
    expired = [each for each in entries if each.until < today]
    if expired:
        raise ExperimentError(
            f"{count_of(len(expired), 'entry', 'entries')} of `allow` expired",
            where=where,
            why="; ".join(f"{each.reason} (until {each.until.isoformat()})" for each in expired),
            fix="remove them, or give them a later date and a reason that still holds",
        )


def allowed_regressions(verdicts: Sequence[Verdict], entries: Sequence[AllowEntry]) -> Iterator[Allowed]:
    """Yield the verdicts that an entry allows, each with the first such entry."""
    for verdict in verdicts:
        for entry in entries:
            if _matches(verdict, entry):
                yield Allowed(verdict, entry.reason, entry.until.isoformat())
                break


def _matches(verdict: Verdict, entry: AllowEntry) -> bool:
    if entry.task not in (None, verdict.task) or entry.metric not in (None, verdict.metric):
        return False
    if entry.language is not None:
        codes = {language.code for language in select_languages(entry.language)}
        return verdict.level == Level.CELL and verdict.group in codes
    return entry.group in (None, verdict.group)
