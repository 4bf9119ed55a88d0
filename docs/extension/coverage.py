"""Suites, and which languages they cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from extension.markdown import code, table
from polyarena.tasks.coverage import CoverageKind, by_language, coverage
from polyarena.tasks.suites import all_suites, resolve_suite


def suites() -> str:
    """Return the suites with their tasks; those that are not installed are marked."""
    rows = []
    for name, suite in all_suites().items():
        resolved = resolve_suite(name)
        tasks = (
            code(entry.task) + (" (not installed)" if entry.task in resolved.missing else "") for entry in suite.entries
        )
        rows.append((code(name), resolved.title, ", ".join(tasks)))
    return table(("suite", "what it is", "tasks"), rows)


def protocols() -> str:
    """Return how each suite of a paper asks its tasks, beside how the paper does."""
    rows = []
    for name in all_suites():
        resolved = resolve_suite(name)
        for each in resolved.tasks:
            paper, entry = each.entry.paper, each.entry
            if paper is None:
                continue
            rows.append(
                (
                    code(name),
                    code(each.task.card.name),
                    paper.benchmark,
                    f"{len(each.languages)} ({paper.languages or 'not said'})",
                    f"{each.task.card.dataset.split} ({paper.split or 'not said'})",
                    f"{entry.shots or 0} ({'not said' if paper.shots is None else paper.shots})",
                    f"{each.templates} ({paper.templates or 'not said'})",
                    entry.aggregate,
                    "; ".join(each.differences),
                )
            )
        rows += [
            (code(name), "", benchmark, "", "", "", "", "", f"not asked: {reason}")
            for benchmark, reason in resolved.suite.absent.items()
        ]
    heads = (
        "suite",
        "task",
        "in the paper",
        "languages",
        "split",
        "examples",
        "templates",
        "over templates",
        "differs",
    )
    return table(heads, rows)


def matrix(suite: str) -> str:
    """Return the tasks of each language by kind; how many languages are really scored stands below."""
    resolved = resolve_suite(suite)
    found = by_language(coverage(resolved), resolved.suite.languages)
    rows = [
        (
            each.language.tier,
            code(each.language.code),
            each.language.name,
            *(", ".join(each.tasks[kind]) for kind in CoverageKind),
        )
        for each in found
    ]
    scored = sum(each.scored for each in found)
    told = f"{scored} of {len(found)} languages have a discriminative task and two generative or open-ended ones."
    heads = (kind.value.replace("_", "-") for kind in CoverageKind)
    return f"{table(('tier', 'code', 'language', *heads), rows)}\n{told}\n"


def tasks(suite: str) -> str:
    """Return how many languages of each task are of which provenance and adequacy."""
    rows = coverage(resolve_suite(suite))
    lines = []
    for task in sorted({row.task for row in rows}):
        own = [row for row in rows if row.task == task]
        kind, languages = own[0].kind.value.replace("_", "-"), str(len(own))
        provenance = _counted(row.provenance for row in own)
        lines.append((code(task), kind, languages, provenance, _counted(row.adequacy for row in own)))
    return table(("task", "kind", "languages", "provenance", "first metric"), lines)


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(Counter(words).items()))
