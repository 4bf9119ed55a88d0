"""polyarena's own JSON Lines: one game per line, with the fields of :class:`polyarena.judges.records.Game`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.rows import find_text, lines, require_choice, require_text, row_language
from polyarena.judges.collapse import SCORES
from polyarena.judges.records import Game, Label
from polyarena.tasks.errors import DataError

_FIELDS = tuple(field.name for field in fields(Game))
_TEXTS = ("item_id", "system_a", "system_b", "label")
_MOST: dict[str, tuple[int, bool]] = {
    "repeat": (2**31 - 1, True),
    "prompt_tokens": (2**63 - 1, True),
    "completion_tokens": (2**63 - 1, True),
    "asked": (2**31 - 1, True),
    "follow_ups": (2**31 - 1, True),
    "cost": (10**15, False),
    "score": (1, False),
}
"""The largest value of each number, all of which begin at 0, and whether it is a whole one."""
ROUNDED = 1e-9
"""Distance from 0.5 that counts as none."""
_SIDES = ("a", "b", "both")


def read(path: Path, options: ImportOptions) -> ImportResult:
    """Read games; ``item_id``, ``system_a``, ``system_b`` and ``label`` are needed, the rest has defaults.

    Raises:
        DataError: A line lacks a field, has one of the wrong type, or a label and a score that contradict each other.
        UnknownNameError: A label does not exist.
    """
    result = ImportResult(repeatable=True)
    for where, row in lines(path, _TEXTS):
        result.skip_fields(row, _FIELDS)
        language = row_language(row, options.language, where, result)
        if language is not None:
            result.add(_game(row, language, options, where), where)
    result.orders = _orders(result.games)
    return result


def _game(row: dict[str, Any], language: str, options: ImportOptions, where: str) -> Game:
    values: dict[str, Any] = {name: require_text(row, name, where) for name in _TEXTS}
    require_choice(values["label"], [label.value for label in Label], "label", where)
    for name, (most, whole) in _MOST.items():
        values[name] = _number(row, name, most, where, whole=whole)
    values["repeat"] = values["repeat"] or 0
    _refuse_contradiction(Label(values["label"]), values["score"], where)
    sides = _optional(row, "wrong_language")
    if sides is not None:
        require_choice(sides, _SIDES, "wrong_language", where)
    return Game(
        **values,
        judge=options.judge or find_text(row, ("judge",), where, "judge"),
        task=find_text(row, ("task",), where, options.task or "imported"),
        language=language,
        source_id=find_text(row, ("source_id",), where, values["item_id"]),
        raw=str(row.get("raw") or ""),
        error=_optional(row, "error"),
        wrong_language=sides,
        rater=find_text(row, ("rater",), where, ""),
        first_raw=_optional(row, "first_raw"),
        finish_reason=_optional(row, "finish_reason"),
        question=_optional(row, "question"),
    )


def _refuse_contradiction(label: Label, score: float | None, where: str) -> None:
    """Refuse a label that prefers another answer than the score does."""
    worth = SCORES[label]
    if score is None:
        return
    # A score that programs have rounded to 0.5 may have been on either side of it.
    if worth is not None and (abs(score - 0.5) <= ROUNDED or (worth - 0.5) * (score - 0.5) > 0):
        return
    raise DataError(
        "'label' and 'score' contradict each other",
        where=where,
        why=f"the label is {label.value!r} and the score {score:g}; a score is what the verdict is worth to system_a: "
        "above 0.5 where it is better, 0.5 for a tie, and none where there is no verdict",
        fix="leave one of the two out, or correct it",
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


def _optional(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value)


def _orders(games: list[Game]) -> int:
    """Return 2 if any pair of answers was shown both ways."""
    shown = {(game.judge, game.task, game.language, game.item_id, game.system_a, game.system_b) for game in games}
    return 2 if any((*key[:4], key[5], key[4]) in shown for key in shown) else 1
