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
        missing = resolve_suite(name).missing
        tasks = (code(entry.task) + (" (not installed)" if entry.task in missing else "") for entry in suite.entries)
        rows.append((code(name), suite.title, ", ".join(tasks)))
    return table(("suite", "what it is", "tasks"), rows)


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
