"""``model_judgment`` files of Arena-Hard-Auto, v0.1 and v2: one line an item, two games in both orders.

The first game shows the baseline first, the second one the model. Files of 2024 name the item ``question_id`` and
do not name the baseline (gpt-4-0314 unless the run was configured otherwise); later ones of both versions name the item
``uid`` and the baseline of each line. A game without a label (``null``, or an unknown one) is kept as invalid, with its
text. Public folders contain the baseline's own file, whose lines are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyarena.harness.importing.names import folder_names
from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.rows import find_text, is_given, lines, require_equal, require_text
from polyarena.judges.records import Game, Label
from polyarena.tasks.errors import DataError

_ITEM = ("uid", "question_id")
_KNOWN = (*_ITEM, "model", "judge", "games", "baseline", "category")
BASELINE = "gpt-4-0314"
"""The baseline of Arena-Hard-Auto v0.1."""
_LABELS = {label.value: label for label in Label if label is not Label.INVALID}
_TURNED = {"A<B": Label.B, "A<<B": Label.B_MUCH, "B<A": Label.A, "B<<A": Label.A_MUCH, "B=A": Label.TIE}
"""Other ways to write a label, which the expression that finds labels lets through."""


def read(path: Path, options: ImportOptions) -> ImportResult:
    """Read ``{"uid" or "question_id", "model", "baseline", "judge", "games": [{"score", "judgment"}, ...]}``.

    Raises:
        DataError: A line lacks a field, or has no games.
    """
    result = ImportResult()
    for where, row in lines(path, ("model",)):
        item = find_text(row, _ITEM, where)
        model, judge = (require_text(row, name, where) for name in ("model", "judge"))
        baseline = _baseline(result, row, options, where, assumed=BASELINE if is_given(row, "question_id") else None)
        if baseline == model:
            assumed = options.baseline is None and not row.get("baseline")
            error = DataError(
                f"{model!r} meets itself",
                where=where,
                why=f"the baseline {baseline} is assumed" if assumed else "it is the baseline",
                fix="name the system that the others are compared with by --baseline",
            )
            result.skip_row("a line of the baseline against itself (left out)", model, error)
            continue
        result.baselines.add(baseline)
        games = row.get("games")
        if not isinstance(games, list) or not games:
            result.skip("a line without games (not judged)", f"{model}, item {item}")
            continue
        result.skip_fields(row, _KNOWN)
        if row.get("category"):
            result.skip("field category (kept in no record)", row["category"])
        if len(games) > 2:
            raise DataError(f"{len(games)} games in one line", where=where, why="there are two, one for each order")
        for place, game in enumerate(games):
            first, second = (baseline, model) if place == 0 else (model, baseline)
            result.add(_game(result, game, where, options, (judge, item, first, second)), where)
        if len(games) == 1:
            result.skip("a line with one game only (the second order is missing)", f"{model}, item {item}")
    return result


def _baseline(
    result: ImportResult, row: dict[str, Any], options: ImportOptions, where: str, *, assumed: str | None
) -> str:
    """Return the baseline of a line: what it says, else ``--baseline``, else the one of custom."""
    if is_given(row, "baseline"):
        named = require_text(row, "baseline", where)
        if options.baseline not in (None, named, folder_names([named])[named]):
            require_equal({"baseline": named, "--baseline": str(options.baseline)}, where)
        return named
    if options.baseline is not None:
        return options.baseline
    if assumed is None:
        raise DataError("the line names no baseline", where=where, fix="give --baseline")
    return result.default("baseline", assumed)


def _game(
    result: ImportResult, game: Any, where: str, options: ImportOptions, names: tuple[str, str, str, str]
) -> Game:
    judge, item, first, second = names
    if game is None:
        game = {}
    if not isinstance(game, dict):
        raise DataError("a game is no object", where=where, why=f"it is a {type(game).__name__}")
    result.skip_fields(game, ("score", "judgment"), "games.")
    for turn in game["judgment"] if isinstance(game.get("judgment"), list) else [game.get("judgment")]:
        result.skip_fields(turn, ("answer",), "games.judgment.")
    written = game.get("score")
    label = _LABELS.get(str(written)) or _TURNED.get(str(written)) or Label.INVALID
    if label is Label.INVALID and written is not None:
        result.skip("an unknown label (kept as invalid)", written)
    return Game(
        judge=options.judge or judge,
        task=options.task or "m_arenahard",
        language=options.language or result.default("language", "eng_Latn"),
        item_id=item,
        source_id=item,
        system_a=first,
        system_b=second,
        repeat=0,
        label=label.value,
        raw=_text(game.get("judgment")),
        error=None if label is not Label.INVALID else f"no label: the file has {written!r}",
    )


def _text(judgment: Any) -> str:
    """Return what the judge wrote; v2 keeps it under ``answer``, some versions as turns of a conversation."""
    if isinstance(judgment, dict):
        return str(judgment.get("answer") or "")
    if isinstance(judgment, list):
        return "\n".join(_text(turn) if isinstance(turn, dict) else str(turn) for turn in judgment)
    return str(judgment or "")
