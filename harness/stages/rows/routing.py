"""The stage ``arbitrage``: for each prompt of a pool the completion of the teacher that a router names."""

from __future__ import annotations

import json

from polyarena.harness.stages.arbitrage import (
    Router,
    Routing,
    render_teacher_table,
    route,
    teacher_table,
    training_rows,
)
from polyarena.harness.stages.files import LICENCES, RESULTS, ROWS, licences_of, read_pool, write_json, write_rows
from polyarena.harness.stages.pipeline.data_stages import ArbitrageStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.tasks.languages import select_languages

REPORT = "teachers.md"


def run(stage: ArbitrageStage, context: StageContext) -> None:
    """Route every prompt and write the rows, with a report of which teacher won where.

    Raises:
        DataError: No completion has a text.
        ExperimentError: A language has no teacher.
    """
    pool = read_pool(context.inputs[stage.pool])
    fixed = {
        language.code: teacher
        for selector, teacher in stage.by_language.items()
        for language in select_languages(selector, where=stage.name)
    }
    routing = Routing(Router(stage.router), stage.teacher, fixed or None, context.seed)
    chosen = route(pool, routing, where=stage.name)
    rows = training_rows(chosen, stage.name)
    table = teacher_table(pool, chosen)
    write_rows(context.folder / ROWS, rows)
    write_json(context.folder / LICENCES, licences_of(rows))
    (context.folder / REPORT).write_text(render_teacher_table(table), "utf-8")
    teachers = json.loads(table.to_json(orient="records"))
    write_json(context.folder / RESULTS, {"rows": len(rows), "teachers": teachers})
