"""The stage ``pool``: completions of several teachers to the same prompts, each with the arbiters' reward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from polyarena.harness.stages.arbitrage import check_pool
from polyarena.harness.stages.files import LICENCES, POOL, RESULTS, read_rows, write_json, write_records
from polyarena.harness.stages.parts import PARTS
from polyarena.harness.stages.pipeline.data_stages import PoolStage, TeacherSettings
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import PooledCompletion
from polyarena.harness.stages.rounds import limit_per_language
from polyarena.harness.stages.teacher_calls import rows_of
from polyarena.harness.stages.training.arbiters import Candidate, reward
from polyarena.harness.stages.training.teachers import answers_of
from polyarena.harness.stages.training.trainers import prepare
from polyarena.tasks.errors import DataError


def run(stage: PoolStage, context: StageContext) -> None:
    """Ask every teacher, score what they say, and write the pool.

    Raises:
        DataError: A teacher answers nothing at all.
        ModelError: A teacher or an arbiter cannot be used, or a reward is no number.
    """
    prepare(context)
    rows = limit_per_language(read_rows(context.inputs[stage.prompts]), stage.limit, context.seed)
    pool: list[PooledCompletion] = []
    ended: list[bool | None] = []
    for teacher in stage.teachers:
        asked = rows_of(rows, teacher)
        if not asked:
            raise DataError(
                f"the teacher {teacher.name!r} has no prompts",
                where=stage.name,
                why=f"no prompt is in its languages ({teacher.languages})",
                fix="correct its `languages`, add prompts in them, or take it out of the pool",
            )
        # Each teacher draws from a stream of its own.
        seed = context.seed + 1 + [each.name for each in stage.teachers].index(teacher.name)
        answers = answers_of(teacher, asked, context, seed, f"{teacher.name} answers")
        for row, (text, done) in zip(asked, answers, strict=True):
            licence = row.licence if teacher.people else teacher.licence
            pool.append(PooledCompletion(row.row_id, row.language, row.prompt, teacher.name, text, None, licence))
            ended.append(done)
    check_pool(pool, where=stage.name)
    candidates = [
        Candidate(each.prompt, each.completion, each.language, done) for each, done in zip(pool, ended, strict=True)
    ]
    scores = reward(candidates, stage.arbiters, context, stage.name, context.folder / PARTS)
    scored = [replace(each, reward=score) for each, score in zip(pool, scores, strict=True)]
    write_records(context.folder / POOL, scored)
    licences: dict[str, list[str]] = {}
    for each in scored:
        if each.teacher not in licences.setdefault(each.licence, []):
            licences[each.licence].append(each.teacher)
    write_json(context.folder / LICENCES, licences)
    write_json(context.folder / RESULTS, {"teachers": [_summary(teacher, scored) for teacher in stage.teachers]})


def _summary(teacher: TeacherSettings, pool: Sequence[PooledCompletion]) -> dict[str, float | str]:
    own = [each for each in pool if each.teacher == teacher.name]
    rewards = [each.reward for each in own if each.reward is not None]
    return {
        "teacher": teacher.name,
        "completions": len(own),
        "empty": sum(not each.completion.strip() for each in own),
        "mean_reward": sum(rewards) / len(rewards),
        "mean_characters": sum(len(each.completion) for each in own) / len(own),
    }
