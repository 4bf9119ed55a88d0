"""Pairwise judgments of FastChat (MT-bench): one line an item, pair and turn, with the winner of both orders.

The first game shows ``model_1`` first, the second one ``model_2``. A second turn is an item of its own with the
question as its source, so that both turns are resampled together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyarena.harness.importing.result import ImportOptions, ImportResult
from polyarena.harness.importing.rows import lines, require_text
from polyarena.judges.records import Game, Label

_KNOWN = (
    "question_id", "model_1", "model_2", "g1_winner", "g2_winner", "g1_judgment", "g2_judgment", "judge", "turn",
)  # fmt: skip


def read(path: Path, options: ImportOptions) -> ImportResult:
    """Read ``{"question_id", "model_1", "model_2", "g1_winner", "g2_winner", "judge": [model, prompt], "turn"}``.

    Raises:
        DataError: A line lacks a field.
    """
    result = ImportResult()
    for where, row in lines(path, ("question_id", "model_1", "model_2")):
        result.skip_fields(row, _KNOWN)
        _leave_prompt(result, row.get("judge"))
        one, two = require_text(row, "model_1", where), require_text(row, "model_2", where)
        for number, first, second in ((1, one, two), (2, two, one)):
            if f"g{number}_winner" not in row:
                result.skip("a line with one game only (the other order is missing)", where)
                continue
            label = _label(result, row[f"g{number}_winner"], model_1_first=number == 1)
            question, turn = require_text(row, "question_id", where), row.get("turn", 1)
            result.add(
                Game(
                    judge=options.judge or _judge(row.get("judge")),
                    task=options.task or "mt_bench",
                    language=options.language or result.default("language", "eng_Latn"),
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
    return result


def _label(result: ImportResult, winner: Any, *, model_1_first: bool) -> Label:
    if winner == "tie":
        return Label.TIE
    if winner in ("model_1", "model_2"):
        return Label.A if (winner == "model_1") == model_1_first else Label.B
    if winner != "error":
        result.skip("an unknown winner (kept as invalid)", winner)
    return Label.INVALID


def _leave_prompt(result: ImportResult, named: Any) -> None:
    for prompt in named[1:] if isinstance(named, list) else ():
        result.skip("the name of the judge's prompt (kept in no record)", prompt)


def _judge(named: Any) -> str:
    """Return the judge's model; the prompt of the second turn is not another judge."""
    if isinstance(named, list) and named:
        return str(named[0])
    return str(named or "judge")
