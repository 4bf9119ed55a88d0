"""The methods of a run in sentences, ready for a paper."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from polyarena.reports.page.content import PageContent, TaskInfo
from polyarena.tasks.counts import count_of

if TYPE_CHECKING:
    import pandas as pd

METHODS = {
    "percentile": "percentile bootstrap",
    "bca": "BCa bootstrap",
    "student": "studentised bootstrap",
    "wilson": "Wilson score",
    "seeds": "two-way random-effects (seeds and items)",
}
"""Names of intervals in estimates, as a paper writes them."""


def methods_sentences(content: PageContent) -> list[str]:
    """Return what was evaluated and how numbers were computed, one or two sentences for each subject.

    Args:
        content: Of the page.
    """
    if content.estimates.empty:
        return []
    found = [_evaluated(content)]
    found += [_task(task, content.estimates) for task in content.tasks]
    judged = content.estimates[content.estimates["baseline"].notna()]
    if len(judged):
        found += [_judge(judge.name, judge.description, judge.orders, judge.repeats) for judge in content.judges]
        found.append(
            "Each item counts once: its verdicts over orders and repeats are averaged first, a win counting 1, a tie "
            "one half and a loss 0. Verdicts that could not be parsed are left out, and bounded by counting all of "
            "them as losses and as wins."
        )
    found.append(_intervals(content))
    if content.rankings:
        found.append(
            "Systems are rated with the Bradley-Terry model with Davidson's ties; rank intervals are simultaneous over "
            "all pairs (Mogstad et al., 2024), and systems within a group cannot be told from its best."
        )
    if content.identifier:
        found.append(f"The languages of answers were identified with {content.identifier.replace(':', ' ')}.")
    return found


def _evaluated(content: PageContent) -> str:
    names = [system.name for system in content.systems]
    languages = content.estimates.loc[content.estimates["level"] == "language", "group"].nunique()
    who = _and(names) if len(names) <= 5 else count_of(len(names), "system")
    tasks = count_of(len(content.tasks), "task")
    where = count_of(languages, "language")
    return f"We evaluated {who} on {tasks} in {where} with polyarena {content.version}."


def _task(task: TaskInfo, estimates: pd.DataFrame) -> str:
    card = task.card
    own = estimates[(estimates["task"] == card.name) & (estimates["level"] == "language")]
    counts = sorted({int(n) for n in own["n"]})
    items = "" if not counts else f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    each = f"{items} item{'' if items == '1' else 's'} each"
    asked = f" in {count_of(own['group'].nunique(), 'language')} with {each}" if items else ""
    chosen = ""
    if task.limit:
        how = "the first of the data" if task.first else "spread over the data and the same in all languages"
        chosen = f", limited to {count_of(task.limit, 'item')} a language ({how})"
    shared = f"; the languages share {card.shared}" if card.shared else ""
    return (
        f"{card.title} ({card.name}, version {card.version}; {card.dataset.id}, revision {card.dataset.revision}, "
        f"split {card.dataset.split}) was run{asked}{chosen}{shared}.{' ' if card.validity else ''}{card.validity}"
    )


def _judge(name: str, description: str, orders: int, repeats: int) -> str:
    said = description.removeprefix(f"{name}:").strip().rstrip(".")
    order = "in both orders" if orders == 2 else "in one order"
    again = f", {repeats} times in each" if repeats > 1 else ""
    return f"The judge {name} compared each pair of answers {order}{again}{f' ({said})' if said else ''}."


def _intervals(content: PageContent) -> str:
    levels = sorted({float(value) for value in content.estimates["confidence"]})
    kinds = sorted({str(value) for value in content.estimates["method"].dropna()} - {"none"})
    kind = _and([METHODS.get(name, name) for name in kinds]) or "no"
    drawn = f" with {content.rounds:,} rounds (seed {content.seed})" if content.rounds else ""
    level = " and ".join(f"{100 * value:g}%" for value in levels)
    text = (
        f"Intervals are {level} {kind} intervals{drawn}; source items are resampled, the same ones in all languages "
        "and systems. Averages give each language the same weight."
    )
    if content.estimates["band_low"].notna().any():
        text += " Simultaneous bands over languages are computed with max-T."
    return text


def _and(names: Iterable[str]) -> str:
    found = list(names)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""
