"""Captions of the tables that a report writes: what is shown, in which unit, and what each column means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyarena.reports.metric_facts import metric_facts, unit_label
from polyarena.reports.tables.sections import Section

if TYPE_CHECKING:
    import pandas as pd

_BRACKETS = "In brackets: {level}intervals, each for its number alone."
_BAND = "Band: the intervals of all languages together, which all contain the true value with {level}confidence."
_AVERAGES = "Averages give each language the same weight."


def language_caption(section: Section) -> str:
    """Return the caption of a table over languages (:func:`polyarena.reports.tables.language_table`)."""
    level = _level(section.estimates)
    if section.baseline is not None:
        who = f"{section.systems[0]} against {section.baseline}"
        what = f"Win rate of {who} on {section.task}, judged by {section.judge}, by language, in %; ties count half."
    else:
        what = f"{_measure(section)} by language."
    banded = "band_low" in section.estimates.columns and section.estimates["band_low"].notna().any()
    parts = [what, _BRACKETS.format(level=level), *([_BAND.format(level=level)] if banded else []), _AVERAGES]
    if section.baseline is not None:
        parts.append("Wins, ties and losses count battles: both orders of an item are one.")
    return " ".join(parts)


def comparisons_caption(estimates: pd.DataFrame) -> str:
    """Return the caption of a table with a comparison in each row."""
    brackets = _BRACKETS.format(level=_level(estimates))
    return f"Win rates over all languages and by resource tier, in %; ties count half. {brackets} {_AVERAGES}"


def group_caption(title: str, estimates: pd.DataFrame) -> str:
    """Return the caption of a table with a column for each group.

    Args:
        title: Of the grouping, such as ``By resource tier``.
        estimates: That the numbers come from.
    """
    brackets = _BRACKETS.format(level=_level(estimates))
    return f"All results {title[0].lower()}{title[1:]}; shares and win rates in %. {brackets} {_AVERAGES}"


def category_caption(section: Section) -> str:
    """Return the caption of a table with a column for each category of the items."""
    return f"{_measure(section)} by category of the items. {_BRACKETS.format(level=_level(section.estimates))}"


def signature_note(section: Section) -> str:
    """Return a line with the signature of the first number; empty without signatures."""
    if "signature" not in section.estimates.columns:
        return ""
    signatures = sorted(set(map(str, section.estimates["signature"].dropna())))
    return f"Signature of the first number: {signatures[0]}" if signatures else ""


def _measure(section: Section) -> str:
    unit = unit_label(section.scale)
    facts = metric_facts(section.metric)
    description = f" ({facts.description.rstrip('.')})" if facts.description else ""
    return f"{section.metric}{description} on {section.task}{f', in {unit}' if unit else ''},"


def _level(estimates: pd.DataFrame) -> str:
    levels = (
        {float(value) for value in estimates["confidence"].dropna()} if "confidence" in estimates.columns else set()
    )
    return f"{100 * min(levels):g}% " if len(levels) == 1 else ""
