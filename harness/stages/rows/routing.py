"""The stage ``arbitrage``: for each prompt of a pool the completion of the teacher that a router names."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from polyarena.harness.stages.files import LICENCES, RESULTS, ROWS, licences_of, read_pool, write_json, write_rows
from polyarena.harness.stages.pipeline.data_stages import ArbitrageStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import PooledCompletion
from polyarena.tasks.errors import DataError
from polyarena.tasks.languages import select_languages
from polyarena.tasks.mixtures.records import TrainingRow


def run(stage: ArbitrageStage, context: StageContext) -> None:
    """Route every prompt and write the rows, with a report of which teacher won where.

    Raises:
        DataError: No completion has a text, or a language has no teacher.
    """
    pool = read_pool(context.inputs[stage.pool])
    chosen = route(pool, stage, context.seed)
    rows = [
        TrainingRow(
            each.row_id, f"{stage.name}:{each.teacher}", each.language, each.prompt, each.completion, each.licence
        )
        for each in chosen
    ]
    write_rows(context.folder / ROWS, rows)
    write_json(context.folder / LICENCES, licences_of(rows))
    wins: dict[str, dict[str, int]] = {}
    for each in chosen:
        counts = wins.setdefault(each.language, {})
        counts[each.teacher] = counts.get(each.teacher, 0) + 1
    write_json(context.folder / RESULTS, {"rows": len(rows), "wins": {code: wins[code] for code in sorted(wins)}})


def route(pool: Sequence[PooledCompletion], stage: ArbitrageStage, seed: int) -> list[PooledCompletion]:
    """Return one completion of each prompt; prompts that no teacher answered are left out.

    Raises:
        DataError: Nothing is left, or a language has no teacher.
    """
    prompts: dict[str, list[PooledCompletion]] = {}
    for each in pool:
        if each.completion.strip():
            prompts.setdefault(each.row_id, []).append(each)
    fixed = _fixed(stage)
    chosen = []
    for row_id, answers in prompts.items():
        picked = _pick(answers, stage, fixed, random.Random(f"{seed}:{row_id}"))
        if picked is not None:
            chosen.append(picked)
    if not chosen:
        raise DataError("no prompt has a completion", where=stage.name)
    return chosen


def _pick(
    answers: Sequence[PooledCompletion], stage: ArbitrageStage, fixed: Mapping[str, str], generator: random.Random
) -> PooledCompletion | None:
    match stage.router:
        case "reward":
            return max(answers, key=lambda each: each.reward if each.reward is not None else float("-inf"))
        case "random":
            return generator.choice(answers)
        case "single":
            return next((each for each in answers if each.teacher == stage.teacher), None)
        case "fixed":
            language = answers[0].language
            if language not in fixed:
                raise DataError(f"`by_language` has no teacher for {language}", where=stage.name)
            return next((each for each in answers if each.teacher == fixed[language]), None)
        case _:
            raise DataError(f"the router {stage.router!r} is not available", where=stage.name)


def _fixed(stage: ArbitrageStage) -> dict[str, str]:
    return {
        language.code: teacher
        for selector, teacher in stage.by_language.items()
        for language in select_languages(selector, where=stage.name)
    }
