"""Languages and tasks."""

from __future__ import annotations

import re
from importlib.resources import files

from extension.markdown import code, table
from polyarena.tasks.benchmarks.cldr_names.coverage import aya_coverage
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.metrics.metric import Direction
from polyarena.tasks.metrics.registry import METRICS
from polyarena.tasks.registry import find_task, task_plugins


def languages(selector: str) -> str:
    """Return the languages that a selector means."""
    rows = [
        (code(one.code), one.name, one.autonym, one.family, one.tier, " ".join(one.regions), " ".join(sorted(one.sets)))
        for one in select_languages(selector)
    ]
    return table(("code", "name", "autonym", "family", "tier", "regions", "sets"), rows)


def tasks() -> str:
    """Return the tasks that polyarena ships with."""
    own = [name for name, point in task_plugins().points.items() if point.value.startswith("polyarena.")]
    cards = [find_task(name).card for name in sorted(own)]
    rows = [
        (
            code(card.name),
            card.kind.value.replace("_", " "),
            str(len(card.languages)),
            ", ".join(map(code, card.metrics)) or "judged",
            f"{card.dataset.id}@{card.dataset.revision}",
            card.dataset.licence,
        )
        for card in cards
    ]
    return table(("task", "kind", "languages", "metrics", "data", "licence"), rows)


def metrics() -> str:
    """Return polyarena's own metrics with their units, ranges and directions."""
    rows = [
        (
            code(each.name),
            each.description,
            each.unit.value,
            f"{each.low:g} to {each.high:g}",
            "nearest to 0" if each.direction is Direction.ZERO else each.direction.value,
            each.facts.aggregation.value,
        )
        for each in METRICS.values()
    ]
    return table(("metric", "meaning", "unit", "range", "best", "score of a language"), rows)


def notes(task: str) -> str:
    """Return the notes of a task's card."""
    return find_task(task).card.notes


def covered(task: str) -> str:
    """Return the languages of a task, with their provenance."""
    card = find_task(task).card
    rows = [(code(each), find_language(each).name, card.provenance[each].value) for each in card.languages]
    return table(("code", "language", "provenance"), rows)


def cldr_coverage() -> str:
    """Return how many names ``cldr_names`` can ask in each language."""
    rows = [
        (code(each), find_language(each).name, str(len(coverage.names)))
        for each, coverage in aya_coverage().items()
        if not coverage.reason
    ]
    return table(("code", "language", "questions"), rows)


def left_out(task: str) -> str:
    """Return the languages that a task leaves out, with the reason."""
    card = find_task(task).card
    rows = [(code(each), find_language(each).name, why) for each, why in sorted(card.left_out.items())]
    return table(("code", "language", "why"), rows)


def card(task: str) -> str:
    """Return the data card that ships beside a task, without its title, its headings as bold lines."""
    text = files(f"polyarena.tasks.benchmarks.{task}").joinpath("card.md").read_text("utf-8")
    return re.sub(r"^#+ (.*)$", r"**\1**", text.partition("\n")[2], flags=re.MULTILINE)
