"""One gate's answer as a record: what was compared, what was found, what it means for the build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from polyarena.reports.gate.decision import Decision
from polyarena.reports.gate.settings import Level
from polyarena.reports.gate.verdict import Status, Verdict
from polyarena.tasks.counts import count_of
from polyarena.tasks.languages import find_language


class Outcome(StrEnum):
    """What the gate as a whole says."""

    PASSED = "passed"
    REGRESSED = "regressed"
    INCOMPLETE = "incomplete"
    """A model, a judge or an endpoint failed: run again."""
    INCOMPARABLE = "incomparable"
    INCONCLUSIVE = "inconclusive"
    """Only where the gate file asks that an inconclusive verdict fails."""


@dataclass(frozen=True, slots=True)
class Example:
    """One item that the baseline answered well and the candidate did not.

    Attributes:
        task: Task name.
        language: ``lang_Script``.
        item_id: The item.
        metric: The metric.
        before: The baseline's value.
        after: The candidate's.
        prompt: What was asked; ``None`` where it is not stored.
        old: The baseline's answer.
        new: The candidate's.
    """

    task: str
    language: str
    item_id: str
    metric: str
    before: float
    after: float
    prompt: str | None = None
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """A regression that an entry of the gate file allows.

    Attributes:
        verdict: The verdict, whose status stays what it is.
        reason: Of the entry.
        until: The last day on which the entry holds, ISO 8601.
    """

    verdict: Verdict
    reason: str
    until: str


@dataclass(frozen=True)
class GateResult:
    """A gate's answer.

    Attributes:
        baseline: What the candidate was compared with, in words.
        candidate: The candidate.
        outcome: The answer.
        decision: All verdicts.
        allowed: Regressions that the gate file allows.
        missing: Cells and pairs of the candidate that are planned and not stored, in words.
        silent: Judges that gave no verdict in any game of the candidate, with the number of these.
        notes: What a reader must know, one sentence each.
        examples: Items of the worst cells.
        informational: Cost, tokens and latency of both runs, by name.
        false_alarms: Share of A/A comparisons of this configuration that were red, as calibrated; ``None`` if unknown.
    """

    baseline: str
    candidate: str
    outcome: Outcome
    decision: Decision
    allowed: tuple[Allowed, ...] = ()
    missing: tuple[str, ...] = ()
    silent: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    informational: Mapping[str, tuple[float | None, float | None]] = field(default_factory=lambda: MappingProxyType({}))
    false_alarms: float | None = None

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """What turns the gate red and is not allowed."""
        excused = {id(each.verdict) for each in self.allowed}
        return tuple(each for each in self.decision.failed if id(each) not in excused)

    @property
    def shows_nothing(self) -> bool:
        """Whether nothing regressed, but no check was shown to be within the margin either: all are inconclusive."""
        quiet = self.outcome in (Outcome.PASSED, Outcome.INCONCLUSIVE)
        return quiet and len(self.decision.inconclusive) == len(self.decision.verdicts)

    @property
    def headline(self) -> str:
        """One sentence with the answer, the worst of it and its interval."""
        checked = len(self.decision.verdicts)
        counts = self.decision.counts()
        if self.outcome is Outcome.INCOMPLETE:
            return f"Incomplete: {' '.join(self._lacking())}"
        if self.outcome is Outcome.INCOMPARABLE and not self.failed:
            count = len(self.decision.incomparable)
            return f"Incomparable: {count} of {checked} checks cannot be compared with {self.baseline}."
        if self.failed:
            worst = self.failed[0]
            return f"{len(self.failed)} of {checked} checks failed, the worst {name_of(worst)}: {span_of(worst)}."
        if self.shows_nothing:
            which = "the only check is" if checked == 1 else f"all {checked} checks are"
            return f"No regression found, but nothing was shown: {which} inconclusive ({self._hidden()})."
        rest = f"{counts['ok'] + counts['improved']} of {checked} checks are shown to be within the margin"
        if self.decision.inconclusive:
            are = "is" if counts["inconclusive"] == 1 else "are"
            rest += f", {counts['inconclusive']} {are} inconclusive ({self._hidden()})"
        return f"No regression found: {rest}."

    def _hidden(self) -> str:
        """Return how large a drop the inconclusive checks could have missed."""
        drops = [each.detectable for each in self.decision.inconclusive]
        known = [each for each in drops if each is not None]
        if len(known) < len(drops):
            return "they could hide a drop of any size"
        return f"they could hide a drop of up to {max(known):.1f} points"

    def _lacking(self) -> Iterator[str]:
        """Yield what the candidate's run lacks and how to go on, a sentence each."""
        if self.missing:
            count = count_of(len(self.missing), "cell or pair", "cells and pairs")
            yield f"{count} of {self.candidate} without a result. Run the same experiment again: it does only these."
        if self.silent:
            silent = "; ".join(silence_of(*each) for each in self.silent.items())
            yield (
                f"{silent} of {self.candidate}. Read the replies, `raw` in games/: give a judge that is cut off more "
                "`max_tokens`, or its template the form in which it says a verdict; then run again."
            )


def silence_of(judge: str, games: int) -> str:
    """Return in words that a judge gave no verdict."""
    return f"the judge {judge!r} gave no verdict in any of {count_of(games, 'game')}"


def name_of(verdict: Verdict) -> str:
    """Return what a verdict is about, in words, such as ``Swahili in xcopa (acc)``."""
    level = Level(verdict.level)
    measured = f"{verdict.metric}{f' by {verdict.judge}' if verdict.judge else ''}"
    if level is Level.CELL:
        return f"{language_name(verdict.group)} in {verdict.task} ({measured})"
    if level is Level.TASK:
        return f"{verdict.task}, all languages ({measured})"
    if level is Level.GROUP:
        return f"{verdict.grouping} {verdict.group} in {verdict.task} ({measured})"
    return f"suite {verdict.group}" if level is Level.SUITE else "all tasks"


def language_name(code: str) -> str:
    """Return the English name of a language code, or the code if it is not in the table."""
    try:
        return find_language(code).name
    except LookupError:
        return code


def span_of(verdict: Verdict) -> str:
    """Return difference and interval in points, such as ``-6.1 points [-8.9, -3.2]``, or the status without numbers."""
    if verdict.difference is None:
        return verdict.status if not verdict.note else f"{verdict.status}, {verdict.note}"
    return f"{signed(verdict.difference)} points [{signed(verdict.low)}, {signed(verdict.high)}]"


def note_of(verdict: Verdict) -> str:
    """Return the note of a verdict, and how many items would settle it."""
    found = [verdict.note] if verdict.note else []
    if verdict.status == Status.INCONCLUSIVE and verdict.n_needed:
        found.append(f"about {count_of(verdict.n_needed, 'item')} a language would settle it")
    return "; ".join(found)


def signed(value: float | None) -> str:
    """Return points with their sign and one decimal; empty if there are none."""
    return "" if value is None else f"{value:+.1f}"


MARKS = {
    Status.REGRESSED: "regressed",
    Status.MISSING: "missing",
    Status.INCOMPARABLE: "incomparable",
    Status.INCONCLUSIVE: "inconclusive",
    Status.OK: "ok",
    Status.IMPROVED: "improved",
}
