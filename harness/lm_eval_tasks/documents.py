"""The items of our tasks as lm-eval's documents; lm-eval calls :func:`load` through ``custom_dataset``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from polyarena.tasks.data import DataSource, data_root
from polyarena.tasks.errors import DataError
from polyarena.tasks.item import Item
from polyarena.tasks.registry import find_task
from polyarena.tasks.validation import validate_items


def load(*, polyarena_task: str, polyarena_language: str, **_: Any) -> dict[str, Any]:
    """Return the items of a task in one language as lm-eval expects a data set: tables by split.

    Args:
        polyarena_task: The task's name.
        polyarena_language: One of its languages.

    Raises:
        PolyarenaError: The task or its data cannot be used.
    """
    from datasets import Dataset

    task = find_task(polyarena_task)
    data = DataSource(data_root(None, Path.cwd()))
    items = validate_items(task, polyarena_language, task.items(polyarena_language, data))
    if any(item.previous is not None for item in items):
        raise DataError(
            f"lm-eval cannot ask the conversations of {polyarena_task}",
            why="it asks every question on its own, and later turns need the answers to the earlier ones",
            fix="run the task with `polyarena run`",
        )
    return {"test": Dataset.from_list([document(item, polyarena_task) for item in items])}


def document(item: Item, task: str) -> dict[str, Any]:
    """Return an item as one row, from which :func:`item_of` makes it again."""
    return {
        "polyarena_task": task,
        "item_id": item.item_id,
        "source_id": item.source_id,
        "language": item.language,
        "prompt": item.full_prompt,
        "choices": list(item.choices),
        "continuations": [f"{item.choice_separator}{choice}" for choice in item.choices],
        "choice_separator": item.choice_separator,
        "whole_choices": item.whole_choices,
        "category": item.category,
        "gold": -1 if item.gold is None else item.gold,
        "references": list(item.references),
        "target": next(iter(item.references), ""),
        "fields": json.dumps(dict(item.fields), ensure_ascii=False),
    }


def item_of(row: dict[str, Any]) -> Item:
    """Return the item of a row."""
    return Item(
        item_id=row["item_id"],
        source_id=row["source_id"],
        language=row["language"],
        prompt=row["prompt"],
        choices=tuple(row["choices"]),
        choice_separator=row["choice_separator"],
        whole_choices=row["whole_choices"],
        category=row["category"],
        gold=None if row["gold"] < 0 else row["gold"],
        references=tuple(row["references"]),
        fields=json.loads(row["fields"]),
    )
