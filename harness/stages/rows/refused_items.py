"""The test items that no data of a stage may contain."""

from __future__ import annotations

from collections.abc import Sequence, Set

from polyarena.harness.stages.protocol import StageContext
from polyarena.tasks.data import DataSource
from polyarena.tasks.mixtures.overlap import ItemIndex
from polyarena.tasks.registry import find_task


def refused_items(
    tasks: Sequence[str], languages: Set[str] | None, context: StageContext, where: str
) -> ItemIndex | None:
    """Return the items of tasks, or ``None`` where a stage names no task.

    Args:
        tasks: Names of tasks of the harness.
        languages: ``lang_Script`` codes; ``None`` takes those of each task.
        context: With the mirror of the hub.
        where: The stage, for messages.

    Raises:
        UnknownNameError: A task does not exist.
        DataError: The items of a task cannot be read.
    """
    if not tasks:
        return None
    index, data = ItemIndex(), DataSource(context.data_root)
    for name in tasks:
        task = find_task(name, where=where)
        for language in task.card.languages:
            if languages is None or language in languages:
                index.add(name, language, list(task.items(language, data)))
    return index
