"""The items of one cell, checked, the same for planning and for running."""

from __future__ import annotations

from itertools import islice

from polyarena.harness.planning.resolve import ResolvedTask
from polyarena.tasks.check import checked
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item


def load_items(resolved: ResolvedTask, language: str, data: DataSource) -> list[Item]:
    """Return the first ``limit`` items of one language.

    Raises:
        DataError: The data is missing, not in the expected schema, or empty.
    """
    items = checked(resolved.task, language, islice(resolved.task.items(language, data), resolved.spec.limit))
    if not items:
        dataset = resolved.card.dataset
        raise DataError(
            f"the task {resolved.card.name!r} has no items in {language}",
            where=f"{dataset.id}@{dataset.revision}",
            fix="leave the language out, or check the data",
        )
    return items
