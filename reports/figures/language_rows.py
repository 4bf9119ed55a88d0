"""Rows of languages for a chart: sorted by value, under headings of their tier, family or script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from polyarena.reports.figures.inputs import FigureError
from polyarena.reports.figures.row_chart import Entry
from polyarena.reports.labels import TIER_TITLES, language_label
from polyarena.tasks.languages import all_languages

By = Literal["tier", "family", "script", "none"]


def language_rows(
    codes: Iterable[str], value: Callable[[str], float | None], *, by: By = "tier", average: bool = True
) -> list[Entry]:
    """Return rows: the average, then headings with their languages, best first.

    Args:
        codes: Languages; unknown ones stand for themselves under "Other languages".
        value: What a language is sorted by; those without a value come last.
        by: What the headings are.
        average: Whether the first row is the average over all languages.

    Raises:
        FigureError: ``by`` is none of the choices.
    """
    if by not in ("tier", "family", "script", "none"):
        raise FigureError(f"languages cannot be grouped by {by!r}", fix="write tier, family, script or none")
    labels = {code: language_label(code) for code in dict.fromkeys(codes)}

    def order(code: str) -> tuple[float, str, str]:
        known = value(code)
        return (float("inf") if known is None else -known, labels[code].name, code)

    found = [Entry("average", ("macro", "all"), "All languages")] if average else []
    for group, title in _groups(by, labels):
        members = sorted((code for code in labels if _group(by, code) == group), key=order)
        if by != "none" and members:
            found.append(Entry("group", (by, group), title))
        found += [
            Entry("item", ("language", code), labels[code].name, labels[code].autonym, labels[code].script)
            for code in members
        ]
    return found


def _group(by: By, code: str) -> str:
    if by == "none":
        return ""
    if by == "tier":
        return language_label(code).tier
    known = {language.code: language for language in all_languages()}.get(code)
    return "" if known is None else str(getattr(known, by))


def _groups(by: By, labels: Iterable[str]) -> list[tuple[str, str]]:
    if by == "none":
        return [("", "")]
    if by == "tier":
        return list(TIER_TITLES.items())
    names = sorted({_group(by, code) for code in labels} - {""})
    return [*((name, name) for name in names), ("", "Other languages")]
