"""The records of a run folder: columns as the Arrow schemas have them, events as the dataclasses do."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import get_args

from extension.markdown import code, described, found, prose, table
from polyarena.harness.events import Event


def record(dotted: str, schema: str) -> str:
    """Return the columns of a record: name, Arrow type, whether it may be null, and meaning.

    Args:
        dotted: Of the dataclass.
        schema: Name of its Arrow schema, in the same module.
    """
    kind = found(dotted)
    meaning = _keys_of_records() | described(kind)
    arrow = found(f"{dotted.rpartition('.')[0]}.{schema}")
    if [field.name for field in fields(kind)] != list(arrow.names):
        raise ValueError(f"{dotted} and {schema} differ")
    rows = [(code(f.name), code(f.type), "yes" if f.nullable else "", meaning[f.name]) for f in arrow]
    return table(("column", "type", "may be null", "meaning"), rows)


def _keys_of_records() -> dict[str, str]:
    """Describe the columns by which records are joined: a record whose docstring refers to another leaves them out."""
    completion, game = found("polyarena.tasks.records.Completion"), found("polyarena.judges.records.Game")
    win_rate = {"candidate": "The system that the score is about.", "baseline": "The system it is compared with."}
    return {**described(game), **described(completion), **win_rate}


def events() -> str:
    """Return the events of ``events.jsonl`` with their fields."""
    rows = [
        (code(kind.__name__), ", ".join(code(field.name) for field in fields(kind)), prose(inspect.getdoc(kind) or ""))
        for kind in get_args(Event)
    ]
    return table(("event", "fields", "when"), rows)
