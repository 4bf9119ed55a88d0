"""Our own JSON Lines: one game a line, with the fields of :class:`polyarena.judges.records.Game`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from polyarena.harness.importing.found import Found, ImportOptions
from polyarena.harness.importing.reading import code_of, lines, one_of, text_of
from polyarena.judges.records import Game, Label
from polyarena.tasks.errors import DataError

_FIELDS = tuple(field.name for field in fields(Game))
_TEXTS = ("item_id", "system_a", "system_b", "label")
_MOST: dict[str, tuple[int, bool]] = {
    "repeat": (2**31 - 1, True),
    "prompt_tokens": (2**63 - 1, True),
    "completion_tokens": (2**63 - 1, True),
    "asked": (2**31 - 1, True),
    "cost": (10**15, False),
    "score": (1, False),
}
"""The largest value of each number, all of which begin at 0, and whether it is a whole one."""
_SIDES = ("a", "b", "both")


def read(path: Path, options: ImportOptions) -> Found:
    """Read games; ``item_id``, ``system_a``, ``system_b`` and ``label`` are needed, the rest has defaults.

    Raises:
        DataError: A line lacks a field or has one of the wrong type.
        UnknownNameError: A label or language does not exist.
    """
    found = Found()
    for where, row in lines(path, _TEXTS):
        found.leave_fields(row, _FIELDS)
        found.games.append(_game(row, options, where))
        found.places.append(where)
    found.orders = _orders(found.games)
    return found


def _game(row: dict[str, Any], options: ImportOptions, where: str) -> Game:
    values: dict[str, Any] = {name: text_of(row, name, where) for name in _TEXTS}
    one_of(values["label"], [label.value for label in Label], "label", where)
    language = row.get("language") or options.language
    if not isinstance(language, str):
        raise DataError("the line names no language", where=where, fix='add "language", or give --language')
    for name, (most, whole) in _MOST.items():
        values[name] = _number(row, name, most, where, whole=whole)
    values["repeat"] = values["repeat"] or 0
    sides = _optional(row, "wrong_language")
    if sides is not None:
        one_of(sides, _SIDES, "wrong_language", where)
    return Game(
        **values,
        judge=options.judge or _named(row, "judge", where) or "judge",
        task=_named(row, "task", where) or options.task or "imported",
        language=code_of(language, where),
        source_id=_named(row, "source_id", where) or values["item_id"],
        raw=str(row.get("raw") or ""),
        error=_optional(row, "error"),
        wrong_language=sides,
    )


def _number(row: dict[str, Any], name: str, most: int, where: str, *, whole: bool) -> float | None:
    value = row.get(name)
    if value is None:
        return None
    if whole and isinstance(value, float) and value.is_integer():
        value = int(value)  # What pandas writes of a column of whole numbers that has gaps.
    kind = int if whole else (int, float)
    if not isinstance(value, kind) or isinstance(value, bool) or not 0 <= value <= most:
        what = "a whole number" if whole else "a number"
        raise DataError(f"{name} is {value!r:.40}", where=where, why=f"{what} from 0 to {most:,} is wanted")
    return value


def _named(row: dict[str, Any], name: str, where: str) -> str:
    return text_of(row, name, where) if row.get(name) not in (None, "") else ""


def _optional(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value)


def _orders(games: list[Game]) -> int:
    """Return 2 if any pair of answers was shown both ways."""
    shown = {(game.judge, game.task, game.language, game.item_id, game.system_a, game.system_b) for game in games}
    return 2 if any((*key[:4], key[5], key[4]) in shown for key in shown) else 1
