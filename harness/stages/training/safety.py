"""The stage ``safety``: rows to train on, with a teacher's refusals among them at a stated weight."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from polyarena.harness.stages.files import (
    HELD_OUT,
    LICENCES,
    RESULTS,
    ROWS,
    licences_of,
    read_rows,
    write_json,
    write_rows,
)
from polyarena.harness.stages.pipeline.data_stages import SafetyStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.teacher_calls import hold_out, rows_of, with_preambles
from polyarena.harness.stages.training.teachers import answers_of
from polyarena.harness.stages.training.trainers import prepare
from polyarena.tasks.counts import too_few
from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.mixtures.safety import distilled_refusals


def run(stage: SafetyStage, context: StageContext) -> None:
    """Ask the teacher with the preamble, keep usable refusals, and add them to the rows.

    Raises:
        DataError: No refusal is usable, or there are too few for the weight.
    """
    prepare(context)
    prompts = rows_of(read_rows(context.inputs[stage.prompts]), stage.teacher)
    prompts, held_out = hold_out(prompts, stage.held_out, context.seed)
    asked = with_preambles(prompts, stage)
    answers = answers_of(stage.teacher, asked, context, context.seed + 1, f"{stage.teacher.name} answers")
    texts = {row.row_id: text for row, (text, _) in zip(prompts, answers, strict=True)}
    found = distilled_refusals(prompts, texts, stage.name, stage.teacher.licence)
    rows = read_rows(context.inputs[stage.rows])
    added = at_weight(found.rows, len(rows), stage.weight, stage.max_repeats, context.seed, stage.name)
    write_rows(context.folder / ROWS, [*rows, *added])
    write_rows(context.folder / HELD_OUT, held_out)
    write_json(context.folder / LICENCES, licences_of([*rows, *added]))
    write_json(
        context.folder / RESULTS,
        {
            "rows": len(rows) + len(added),
            "refusals": len(added),
            "distinct_refusals": min(len(added), len(found.rows)),
            "weight": 100 * len(added) / (len(rows) + len(added)),
            "left_out": dict(found.left_out),
            "refusals_by_language": dict(sorted(Counter(row.language for row in added).items())),
            "left_out_languages": sorted({row.language for row in prompts} - {row.language for row in found.rows}),
        },
    )


def at_weight(
    refusals: Sequence[TrainingRow], others: int, weight: float, max_repeats: int, seed: int, where: str
) -> list[TrainingRow]:
    """Return refusals, drawn or repeated, that are so many percent of all rows; each repeat has an id of its own.

    Args:
        refusals: At least one.
        others: Number of the other rows.
        weight: Percent.
        max_repeats: How often a refusal may occur.
        seed: Of the order.
        where: The stage, for the message.

    Raises:
        DataError: There are too few refusals.
    """
    wanted = max(1, round(others * weight / (100 - weight)))
    if wanted > max_repeats * len(refusals):
        raise DataError(
            f"{too_few(len(refusals), 'refusal')} for {weight:g}% of the rows",
            where=where,
            why=f"{wanted} are wanted beside {others} rows, and one may occur {max_repeats} times",
            fix="add harmful prompts, lower `weight`, or raise `max_repeats`",
        )

    def draw(row: TrainingRow) -> bytes:
        return hashlib.sha256(f"{seed}\0{row.row_id}".encode("utf-8", "backslashreplace")).digest()

    order = sorted(refusals, key=draw)
    # The prompts may come from the very rows that the refusals are added to.
    return [
        replace(order[at % len(order)], row_id=f"{where}:{order[at % len(order)].row_id}:{at // len(order)}")
        for at in range(wanted)
    ]
