"""Pairwise judgments of FastChat (MT-bench): one line an item, pair and turn, with the winner of both orders.

The first game shows ``model_1`` first, the second one ``model_2``. A second turn is an item of its own with the
question as its source, so that both turns are resampled together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyarena.harness.importing.found import Found, ImportOptions
from polyarena.harness.importing.reading import lines, text_of
from polyarena.judges.records import Game, Label

_KNOWN = (
    "question_id", "model_1", "model_2", "g1_winner", "g2_winner", "g1_judgment", "g2_judgment", "judge", "turn",
)  # fmt: skip


def read(path: Path, options: ImportOptions) -> Found:
    """Read ``{"question_id", "model_1", "model_2", "g1_winner", "g2_winner", "judge": [model, prompt], "turn"}``.

    Raises:
        DataError: A line lacks a field.
    """
    found = Found()
    for where, row in lines(path, ("question_id", "model_1", "model_2")):
        found.leave_fields(row, _KNOWN)
        _leave_prompt(found, row.get("judge"))
        one, two = text_of(row, "model_1", where), text_of(row, "model_2", where)
        for number, first, second in ((1, one, two), (2, two, one)):
            if f"g{number}_winner" not in row:
                found.leave("a line with one game only (the other order is missing)", where)
                continue
            label = _label(found, row[f"g{number}_winner"], model_1_first=number == 1)
            question, turn = text_of(row, "question_id", where), row.get("turn", 1)
            found.keep(
                Game(
                    judge=options.judge or _judge(row.get("judge")),
                    task=options.task or "mt_bench",
                    language=options.language or found.assume("language", "eng_Latn"),
                    item_id=question if turn == 1 else f"{question}.turn{turn}",
                    source_id=question,
                    system_a=first,
                    system_b=second,
                    repeat=0,
                    label=label.value,
                    raw=str(row.get(f"g{number}_judgment") or ""),
                    error="the file says error" if label is Label.INVALID else None,
                ),
                where,
            )
    return found


def _label(found: Found, winner: Any, *, model_1_first: bool) -> Label:
    if winner == "tie":
        return Label.TIE
    if winner in ("model_1", "model_2"):
        return Label.A if (winner == "model_1") == model_1_first else Label.B
    if winner != "error":
        found.leave("an unknown winner (kept as invalid)", winner)
    return Label.INVALID


def _leave_prompt(found: Found, named: Any) -> None:
    for prompt in named[1:] if isinstance(named, list) else ():
        found.leave("the name of the judge's prompt (kept in no record)", prompt)


def _judge(named: Any) -> str:
    """Return the judge's model; the prompt of the second turn is not another judge."""
    if isinstance(named, list) and named:
        return str(named[0])
    return str(named or "judge")
