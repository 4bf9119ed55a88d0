"""``polyarena tasks items``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter


def command(
    name: str,
    *,
    languages: Annotated[str, Parameter(name=("--languages", "-l"))] = "all",
    limit: Annotated[int | None, Parameter(name="--limit")] = None,
) -> int:
    """Print the items of a task as JSON Lines: ids, prompts, choices and references.

    To answer them with a program of your own, store each answer with its `item_id`.

    Parameters
    ----------
    name
        Name of a task.
    languages
        A selector of languages, such as `deu_Latn, hin_Deva` or `tier:low`. Default: all languages of the task.
    limit
        Only the first items of each language, as many as this.
    """
    import json
    import sys
    from itertools import islice
    from pathlib import Path

    from polyarena.tasks.counts import count_of
    from polyarena.tasks.data import DataSource, data_root
    from polyarena.tasks.errors import ExperimentError
    from polyarena.tasks.languages import select_languages
    from polyarena.tasks.registry import find_task
    from polyarena.tasks.validation import iter_valid_items

    if limit is not None and limit < 1:
        raise ExperimentError("--limit must be at least 1", why=f"got {limit}")
    task = find_task(name)
    selected = {language.code for language in select_languages(languages)}
    codes = [code for code in task.card.languages if code in selected]
    if not codes:
        raise ExperimentError(
            f"{name} has none of these languages",
            why=f"{languages!r} selects {count_of(len(selected), 'other language')}",
            fix=f"`polyarena tasks {name}` lists its languages",
        )
    data = DataSource(data_root(None, Path.cwd()))
    for code in codes:
        for item in islice(iter_valid_items(task, code, task.items(code, data)), limit):
            row = {
                "item_id": item.item_id,
                "source_id": item.source_id,
                "language": code,
                "prompt": item.full_prompt,
                "category": item.category,
                "choices": item.choices,
                "gold": item.gold,
                "references": item.references,
                "previous": item.previous,
                "images_or_recordings": len(item.media) or None,
            }
            # ASCII: one object is one line for every program, and no terminal acts on a character of a prompt.
            sys.stdout.write(json.dumps({key: value for key, value in row.items() if value not in (None, ())}) + "\n")
    return 0
