"""Languages as rows and comparisons side by side; or the other way round, where there are more comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from polyarena.reports.figures.captions import facet_title
from polyarena.reports.figures.row_chart import Entry

Pair = tuple[str, str]
GroupKey = tuple[str, str]


@dataclass(frozen=True)
class View:
    """One plot: what its title is, and which comparison and group each row of it shows."""

    title: str
    cell: Callable[[Entry], tuple[Pair, GroupKey]]


@dataclass(frozen=True)
class Views:
    """The rows of a chart, and its plots."""

    entries: Sequence[Entry]
    views: Sequence[View]


def views_of(pairs: Sequence[Pair], entries: Sequence[Entry], value: Callable[[Pair, GroupKey], float | None]) -> Views:
    """Return rows and plots: a plot for each comparison; of many in few languages, a plot for each language.

    Args:
        pairs: System and baseline of each comparison.
        entries: Rows of languages with their headings.
        value: By which rows of comparisons are sorted, best first.
    """
    languages = [entry for entry in entries if entry.kind == "item"]
    if len(pairs) <= max(3, len(languages)):
        return Views(entries, [View(facet_title(pair, pairs), _of_pair(pair)) for pair in pairs])
    shown = languages if len(languages) == 1 else [entry for entry in entries if entry.kind != "group"]
    first = shown[0].key

    def order(pair: Pair) -> tuple[float, Pair]:
        known = value(pair, first)
        return (float("inf") if known is None else -known, pair)

    ranked = sorted(pairs, key=order)
    rows = [Entry("item", pair, facet_title(pair, pairs)) for pair in ranked]
    return Views(rows, [View(entry.name, _of_group(entry.key)) for entry in shown])


def _of_pair(pair: Pair) -> Callable[[Entry], tuple[Pair, GroupKey]]:
    return lambda entry: (pair, entry.key)


def _of_group(key: GroupKey) -> Callable[[Entry], tuple[Pair, GroupKey]]:
    return lambda entry: (entry.key, key)
