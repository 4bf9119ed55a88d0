"""The result in plain words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from polyarena.reports.rows import Mark
from polyarena.reports.stats.outcome import Outcome, outcome
from polyarena.reports.tables import Section, format_mark

LONGEST_DISTANCE = 0.5
"""Of a win rate from one half."""
VERBS = {Outcome.BETTER: "does better than", Outcome.WORSE: "does worse than"}


@dataclass(frozen=True, slots=True)
class Headline:
    """One result.

    Attributes:
        outcome: ``better``, ``worse``, ``inconclusive``; empty for scores, which are compared with nothing.
        claim: The sentence that matters.
        details: Sentences that qualify it.
    """

    outcome: str
    claim: str
    details: tuple[str, ...]


def headline(section: Section) -> Headline | None:
    """Say what a section shows on average over its languages; ``None`` without any average."""
    average = next((row for row in section.rows if row.kind == "average"), None)
    if average is None or not any(average.marks):
        return None
    if section.baseline is None:
        return _scores(section, average.marks)
    mark = average.marks[0]
    return None if mark is None else _comparison(section, mark)


def _comparison(section: Section, mark: Mark) -> Headline:
    system, baseline = section.systems[0], section.baseline
    verdict = outcome(mark.low, mark.high)
    rows = [row.marks[0] for row in section.rows if row.kind == "language"]
    if mark.value is None:
        claim = f"No game of {system} against {baseline} has a verdict."
        why = f"The columns `error` and `raw` of the games of {section.judge} say why."
        return Headline(str(Outcome.INCONCLUSIVE), claim, (why,))
    rate = f"{100 * mark.value:.1f}% of battles"
    span = f" ({_level(section)} interval {_span(mark)})" if mark.low is not None else " (no interval)"
    if verdict is Outcome.INCONCLUSIVE:
        claim = f"It is open whether {system} is better than {baseline}: it wins {rate}{span}."
    else:
        claim = f"{system} {VERBS[verdict]} {baseline}: it wins {rate}{span}."
    details = [
        f"Average over {_languages(section)} on {section.task}, judged by {section.judge}; ties count half.",
    ]
    if len(rows) > 1:
        details.append(_by_language(section, rows))
    if mark.detectable is not None and mark.detectable > LONGEST_DISTANCE:
        details.append("Such items cannot find even the longest distance from 50% in 80% of experiments: too few.")
    elif mark.detectable is not None:
        details.append(
            f"Such items find a distance of {100 * mark.detectable:.1f} points from 50% in 80% of experiments; "
            "smaller ones are missed more often."
        )
    if mark.n_invalid and mark.worst is not None and mark.best is not None:
        details.append(
            f"Games without a verdict: {mark.n_invalid}. Were all of them lost, the win rate would be "
            f"{100 * mark.worst:.1f}%; were all won, {100 * mark.best:.1f}%."
        )
    return Headline(str(verdict), claim, tuple(details))


def _by_language(section: Section, rows: list[Mark | None]) -> str:
    counts = Counter(outcome(m.low, m.high) for m in rows if m)
    sentence = (
        f"Language by language: better in {counts[Outcome.BETTER]}, worse in {counts[Outcome.WORSE]}, inconclusive in "
        f"{counts[Outcome.INCONCLUSIVE]}. These intervals are not corrected for looking at many languages: about one "
        f"in {_odds(section)} misses by chance alone."
    )
    together = Counter(outcome(m.band_low, m.band_high) for m in rows if m and m.band_low is not None)
    if together:
        sentence += (
            f" With bands that hold for all languages together: better in {together[Outcome.BETTER]}, worse in "
            f"{together[Outcome.WORSE]}."
        )
    return sentence


def _scores(section: Section, marks: tuple[Mark | None, ...]) -> Headline:
    unit = " %" if section.scale > 1 else ""
    parts = [
        f"{system} {format_mark(mark, section.scale)}{unit}"
        for system, mark in zip(section.systems, marks, strict=True)
        if mark and mark.value is not None
    ]
    claim = f"{section.metric} on {section.task}: {'; '.join(parts) or 'no language in common'}."
    detail = f"Average over {_languages(section)}; in brackets the {_level(section)} interval"
    if section.over_templates:
        detail += "; in braces the least and the greatest average of a single prompt template"
    return Headline("", claim, (f"{detail}.",))


def _languages(section: Section) -> str:
    averages = section.estimates[section.estimates["level"] == "macro"]
    many = sorted({int(n) for n in averages["n_languages"]})
    return f"{many[-1]} language{'s' if many[-1] != 1 else ''}" if many else "no language"


def _level(section: Section) -> str:
    return f"{100 * float(section.estimates['confidence'].iloc[0]):g}%"


def _odds(section: Section) -> str:
    return f"{round(1 / (1 - float(section.estimates['confidence'].iloc[0])))}"


def _span(mark: Mark) -> str:
    assert mark.low is not None
    assert mark.high is not None
    return f"{100 * mark.low:.1f} to {100 * mark.high:.1f}%"
