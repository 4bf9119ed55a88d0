"""The result in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyarena.reports.metric_facts import unit_label
from polyarena.reports.rows import Mark
from polyarena.reports.stats.outcome import Outcome, outcome
from polyarena.reports.stats.win_rates import COUNTS_OF_ITEMS, TOLD_APART, rate_of_counts
from polyarena.reports.tables import Section, format_mark

if TYPE_CHECKING:
    import pandas as pd

LONGEST_DISTANCE = 0.5
"""Of a win rate from one half."""
VERBS = {Outcome.BETTER: "does better than", Outcome.WORSE: "does worse than"}


@dataclass(frozen=True, slots=True)
class Headline:
    """One result.

    Attributes:
        outcome: ``better``, ``worse`` or ``inconclusive``; ``ranking`` of several systems; empty for scores, which are
            compared with nothing.
        claim: The sentence that matters.
        details: Sentences that qualify it.
        value: Of a comparison: the win rate, from 0 to 1.
    """

    outcome: str
    claim: str
    details: tuple[str, ...]
    value: float | None = None


def headline(section: Section) -> Headline | None:
    """Say what a section shows on average over its languages; ``None`` without any average."""
    average = next((row for row in section.rows if row.kind == "average"), None)
    if average is None or not any(average.marks):
        return None
    if section.baseline is None:
        return _scores(section, average.marks)
    mark = average.marks[0]
    return None if mark is None else _comparison(section, mark)


def finding(sections: Sequence[Section], rankings: Mapping[tuple[str, str], pd.DataFrame]) -> Headline | None:
    """Say what a run found: the first ranking; else the first comparison; else the first average of scores.

    Args:
        sections: In the order shown.
        rankings: By judge and task, from :func:`polyarena.reports.stats.rank`: rows of the average over languages.
    """
    ranked = next((said for key in rankings if (said := _ranked(rankings[key]))), None)
    if ranked is not None:
        return ranked
    found = [said for section in sections if (said := headline(section))]
    return next((said for said in found if said.outcome), found[0] if found else None)


def _ranked(ranking: pd.DataFrame) -> Headline | None:
    rows = ranking[ranking["rank"].notna()].sort_values(["rank", "system"], kind="stable").to_dict("records")
    if len(rows) < 2:
        return None
    best = rows[0]
    alike = [str(row["system"]) for row in rows[1:] if row["tie_group"] == best["tie_group"]]
    place = f"on {best['task']}, judged by {best['judge']}"
    span = _ends(best["rank_low"], best["rank_high"], f"{100 * float(best['confidence']):g}% rank interval")
    then = f"but {_and(alike)} cannot be told from it" if alike else "ahead of all others"
    claim = f"Of {len(rows)} systems {place}, {best['system']} ranks first ({span}), {then}."
    details = []
    if best["win_rate"] == best["win_rate"] and best["win_rate"] is not None and best["system"] != best["baseline"]:
        rate = f"{100 * float(best['win_rate']):.1f}%"
        level = f"{100 * float(best['confidence']):g}% interval"
        ends = f" ({level} {100 * best['low']:.1f}–{100 * best['high']:.1f}%)" if best["low"] == best["low"] else ""
        details.append(f"Its win rate against {best['baseline']} is {rate}{ends}; ties count half.")
    groups = {row["tie_group"] for row in rows if row["tie_group"] == row["tie_group"]}
    details.append(
        f"The {len(rows)} systems form {len(groups)} groups; the systems of a group cannot be told from its best."
        if len(groups) > 1
        else "No two of the systems can be told apart for certain from the best of all."
    )
    return Headline("ranking", claim, tuple(details))


def _ends(low: Any, high: Any, what: str) -> str:
    if low != low or high != high or low is None or high is None:
        return f"no {what}"
    return f"{what} {low:.0f}" if low == high else f"{what} {low:.0f}–{high:.0f}"


def _and(names: Sequence[str]) -> str:
    """Join names; of more than three, the rest is counted."""
    if len(names) > 3:
        return f"{names[0]}, {names[1]} and {len(names) - 2} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _comparison(section: Section, mark: Mark) -> Headline:
    system, baseline = section.systems[0], section.baseline
    verdict = outcome(mark.low, mark.high)
    rows = [row.marks[0] for row in section.rows if row.kind == "language"]
    if mark.value is None:
        claim = f"No game of {system} against {baseline} has a verdict."
        why = f"The columns `error` and `raw` of the games of {section.judge} say why."
        return Headline(str(Outcome.INCONCLUSIVE), claim, (why,))
    rate = f"{100 * mark.value:.1f}%"
    span = f"{_level(section)} interval {_span(mark)}" if mark.low is not None else "no interval"
    counts = f"; {_counts(mark)}" if mark.wins is not None else ""
    if verdict is Outcome.INCONCLUSIVE:
        claim = f"Inconclusive: {system} has a win rate of {rate} against {baseline} ({span}{counts})."
    else:
        claim = f"{system} {VERBS[verdict]} {baseline}: its win rate is {rate} ({span}{counts})."
    details = [
        f"Average over {_languages(section)} on {section.task}, judged by {section.judge}; ties count half.",
    ]
    if _counts_mislead(mark):
        details.append(COUNTS_OF_ITEMS)
    if len(rows) > 1:
        details.append(_by_language(section, rows))
    if mark.detectable is not None and mark.detectable > LONGEST_DISTANCE:
        details.append("There are too few items to detect even the largest possible difference 80% of the time.")
    elif mark.detectable is not None:
        details.append(
            f"With these items, a true difference of {100 * mark.detectable:.1f} points from 50% is detected 80% of "
            "the time; smaller ones usually are not."
        )
    if mark.n_invalid and mark.worst is not None and mark.best is not None:
        details.append(
            f"Games without a verdict: {mark.n_invalid:,}. If all of them were lost, the win rate would be "
            f"{100 * mark.worst:.1f}%; if all were won, {100 * mark.best:.1f}%."
        )
    return Headline(str(verdict), claim, tuple(details), mark.value)


def _counts_mislead(mark: Mark) -> bool:
    """Whether a reader who computes the win rate from the counts beside it gets another one."""
    if mark.wins is None or mark.value is None:
        return False
    told = rate_of_counts(mark.wins, mark.ties or 0, mark.losses or 0)
    return told is not None and abs(told - mark.value) >= TOLD_APART


def _by_language(section: Section, rows: list[Mark | None]) -> str:
    counts = Counter(outcome(m.low, m.high) for m in rows if m)
    sentence = (
        f"By language: better in {counts[Outcome.BETTER]}, worse in {counts[Outcome.WORSE]}, inconclusive in "
        f"{counts[Outcome.INCONCLUSIVE]}. These intervals are not adjusted for the number of languages: about one in "
        f"{_odds(section)} misses the true value by chance."
    )
    together = Counter(outcome(m.band_low, m.band_high) for m in rows if m and m.band_low is not None)
    if together:
        sentence += (
            f" With simultaneous bands, which hold for all languages together: better in {together[Outcome.BETTER]}, "
            f"worse in {together[Outcome.WORSE]}."
        )
    return sentence


def _scores(section: Section, marks: tuple[Mark | None, ...]) -> Headline:
    unit = unit_label(section.scale)
    parts = [
        f"{system} {format_mark(mark, section.scale, unit=unit)}"
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
    if not many:
        return "no language"
    counts = f"{many[0]}" if len(many) == 1 else f"{many[0]} to {many[-1]}"
    return f"{counts} {'language' if many[-1] == 1 else 'languages'}"


def _level(section: Section) -> str:
    return f"{100 * float(section.estimates['confidence'].iloc[0]):g}%"


def _odds(section: Section) -> str:
    return f"{round(1 / (1 - float(section.estimates['confidence'].iloc[0])))}"


def _span(mark: Mark) -> str:
    assert mark.low is not None
    assert mark.high is not None
    return f"{100 * mark.low:.1f}–{100 * mark.high:.1f}%"


def _counts(mark: Mark) -> str:
    """Return wins, ties and losses in words."""
    said = ((mark.wins, "win", "wins"), (mark.ties, "tie", "ties"), (mark.losses, "loss", "losses"))
    return ", ".join(f"{count or 0:,} {one if count == 1 else many}" for count, one, many in said)
