"""The items of one cell, checked, the same for planning and for running."""

from __future__ import annotations

from itertools import islice

from polyarena.harness.planning.resolved_task import ResolvedTask
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item
from polyarena.tasks.subsample import subsample
from polyarena.tasks.validation import validate_items


def load_items(resolved: ResolvedTask, language: str, data: DataSource) -> list[Item]:
    """Return the items of one language, or ``limit`` of them (see :mod:`polyarena.tasks.subsample`).

    Raises:
        DataError: The data is missing, not in the expected schema, or empty.
    """
    spec, found = resolved.spec, resolved.task.items(language, data)
    taken = islice(found, spec.limit) if spec.take == "first" else subsample(found, spec.limit)
    items = validate_items(resolved.task, language, taken)
    if not items:
        dataset = resolved.card.dataset
        raise DataError(
            f"the task {resolved.card.name!r} has no items in {language}",
            where=f"{dataset.id}@{dataset.revision}",
            fix="leave the language out, or check the data",
        )
    return items
