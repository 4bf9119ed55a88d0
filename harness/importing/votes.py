"""Votes of people on pairs of answers, as JSON Lines or CSV.

A row needs the item, the two systems and the vote. Accepted names of columns:

* ``item_id`` or ``question_id``; ``language`` (or ``--language``); ``source_id`` if the item has translations;
* ``system_a``/``model_a`` and ``system_b``/``model_b``: shown first and second;
* ``vote``, ``label`` or ``winner``: the system's name; one of our five labels, or ``invalid`` where the person gave no
  verdict; ``a``/``model_a``/``system_a``/``answer a``/``left`` for what was shown first, ``b`` and so on or ``right``
  for the other; or a tie (``tie``, ``draw``, ``equal``, ``both``, ``neither``, ``both good``, ``both bad``,
  ``tie (bothbad)``); all but names and labels in any letter case;
* ``voter``, ``judge`` or ``annotator``: who voted. Votes of several people on one item are several games of one judge
  (``humans``), numbered by ``repeat``; who voted is kept in ``raw``, for the agreement among people.

Two votes of one voter on the same item and pair are a mistake and refused, and so are two columns that mean the same
and say different things.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.rows import (
    Row,
    files,
    find_text,
    is_given,
    lines,
    require_equal,
    require_text,
    row_language,
    table,
)
from polyarena.judges.records import Game, Label
from polyarena.tasks.errors import DataError

JUDGE = "humans"
ANONYMOUS = "unnamed"
"""Stands for a voter that the file does not name."""
_NAMES = {
    "item_id": ("item_id", "question_id", "id"),
    "system_a": ("system_a", "model_a"),
    "system_b": ("system_b", "model_b"),
    "vote": ("vote", "label", "winner"),
    "voter": ("voter", "judge", "annotator"),
}
_KNOWN = ("language", "source_id", "task", *(name for names in _NAMES.values() for name in names))
_TIES = frozenset({"tie", "draw", "both", "bothgood", "bothbad", "tiebothbad", "tiebothgood", "neither", "equal"})


def read(path: Path, options: ImportOptions) -> ImportResult:
    """Read votes; see the module for the columns.

    Raises:
        DataError: A row lacks a column, has an unknown vote, or repeats a vote.
    """
    result = ImportResult(orders=1)
    voted: dict[tuple[str, ...], str] = {}
    counted: dict[tuple[str, ...], int] = {}
    for where, row in _rows(path):
        result.skip_fields(row, _KNOWN)
        language = row_language(row, options.language, where, result)
        if language is None:
            continue
        game, voter = _game(row, language, options, where)
        pair = sorted((game.system_a, game.system_b))
        vote = (voter, game.task, game.language, game.item_id, *pair)
        if voter != ANONYMOUS and vote in voted:
            raise DataError(
                f"{voter!r} votes twice on item {game.item_id!r}",
                where=where,
                why=f"the first time at {voted[vote]}",
                fix="keep one of the two votes, or name the voters differently",
            )
        voted[vote] = where
        shown = (game.task, game.language, game.item_id, game.system_a, game.system_b)
        repeat = counted.get(shown, 0)
        counted[shown] = repeat + 1
        result.add(replace(game, repeat=repeat), where)
    return result


def _rows(path: Path) -> list[Row]:
    suffixes = {file.suffix.lower() for file in files(path, (".jsonl", ".csv"))}
    return [row for suffix in sorted(suffixes) for row in (table(path) if suffix == ".csv" else lines(path))]


def _game(row: dict[str, Any], language: str, options: ImportOptions, where: str) -> tuple[Game, str]:
    item, a, b = (find_text(row, _NAMES[name], where) for name in ("item_id", "system_a", "system_b"))
    voter = find_text(row, _NAMES["voter"], where, ANONYMOUS)
    return (
        Game(
            judge=options.judge or JUDGE,
            task=find_text(row, ("task",), where, options.task or "imported"),
            language=language,
            item_id=item,
            source_id=find_text(row, ("source_id",), where, item),
            system_a=a,
            system_b=b,
            repeat=0,
            label=_vote(row, a, b, where).value,
            raw="",
            rater=voter,
        ),
        voter,
    )


def _vote(row: dict[str, Any], a: str, b: str, where: str) -> Label:
    """Return the label of a vote; columns may say it in different words, but not say different things."""
    present = [each for each in _NAMES["vote"] if is_given(row, each)] or [_NAMES["vote"][0]]
    said = {each: require_text(row, each, where) for each in present}
    labels = {each: _label(vote, a, b, where) for each, vote in said.items()}
    if len(set(labels.values())) > 1:
        require_equal(said, where)
    return labels[present[0]]


def _label(vote: str, a: str, b: str, where: str) -> Label:
    if vote in {label.value for label in Label}:
        return Label(vote)
    # A system may be called "b" or "left", whichever side it was shown on.
    if vote in (a, b):
        return Label.A if vote == a else Label.B
    plain = re.sub(r"[^\w]|_", "", vote.casefold())
    if plain in _TIES:
        return Label.TIE
    if plain in ("a", "modela", "systema", "left", "answera"):
        return Label.A
    if plain in ("b", "modelb", "systemb", "right", "answerb"):
        return Label.B
    raise DataError(
        f"the vote is {vote!r}",
        where=where,
        why=f"neither {a!r}, {b!r}, a, b, tie nor one of our labels",
        fix="see docs/importing.md for the votes that are read",
    )
