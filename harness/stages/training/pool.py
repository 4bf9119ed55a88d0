"""The stage ``pool``: completions of several teachers to the same prompts, each with the arbiters' reward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from polyarena.harness.models.protocol import GenerateRequest, ModelContext
from polyarena.harness.models.registry import find_model_type
from polyarena.harness.stages.arbitrage import check_pool
from polyarena.harness.stages.files import LICENCES, POOL, RESULTS, read_rows, write_json, write_records
from polyarena.harness.stages.pipeline.data_stages import PoolStage, TeacherSettings
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.records import PooledCompletion
from polyarena.harness.stages.rounds import limit_per_language
from polyarena.harness.stages.training.arbiters import Candidate, reward
from polyarena.harness.stages.training.models import load_model, load_tokenizer, release
from polyarena.harness.stages.training.sampling import sample
from polyarena.harness.stages.training.trainers import prepare
from polyarena.tasks.errors import ModelError
from polyarena.tasks.item import Kind
from polyarena.tasks.languages import find_language, select_languages
from polyarena.tasks.mixtures.records import TrainingRow
from polyarena.tasks.sampling import Sampling


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
        asked = _asked(rows, teacher)
        answers = _answers(stage, teacher, asked, context)
        for row, (text, done) in zip(asked, answers, strict=True):
            licence = row.licence if teacher.people else teacher.licence
            pool.append(PooledCompletion(row.row_id, row.language, row.prompt, teacher.name, text, None, licence))
            ended.append(done)
    check_pool(pool, where=stage.name)
    context.report("scoring", 0, 1, {})
    candidates = [
        Candidate(each.prompt, each.completion, each.language, done) for each, done in zip(pool, ended, strict=True)
    ]
    scores = reward(candidates, stage.arbiters, context, stage.name)
    scored = [replace(each, reward=score) for each, score in zip(pool, scores, strict=True)]
    write_records(context.folder / POOL, scored)
    licences: dict[str, list[str]] = {}
    for each in scored:
        if each.teacher not in licences.setdefault(each.licence, []):
            licences[each.licence].append(each.teacher)
    write_json(context.folder / LICENCES, licences)
    write_json(context.folder / RESULTS, {"teachers": [_summary(teacher, scored) for teacher in stage.teachers]})


def _asked(rows: Sequence[TrainingRow], teacher: TeacherSettings) -> list[TrainingRow]:
    if teacher.languages is None:
        return list(rows)
    wanted = {language.code for language in select_languages(teacher.languages, where=teacher.name)}
    return [row for row in rows if row.language in wanted]


def _answers(
    stage: PoolStage, teacher: TeacherSettings, rows: Sequence[TrainingRow], context: StageContext
) -> list[tuple[str, bool | None]]:
    """Return a teacher's completion of each row, and whether it ended by itself."""
    if teacher.people:
        return [(row.completion, True) for row in rows]
    systems = [_system_prompt(teacher, row.language) for row in rows]
    if teacher.stage is not None:
        folder = context.inputs[teacher.stage]
        model, tokenizer = load_model(folder, context.device, torch.bfloat16), load_tokenizer(folder)
        seed = context.seed + 1 + [each.name for each in stage.teachers].index(teacher.name)
        found = sample(
            model, tokenizer, [row.prompt for row in rows], 1, teacher.sampling, seed,
            system_prompts=systems, report=context.report, activity=f"{teacher.name} answers",
        )  # fmt: skip
        del model
        release()
        return [(texts[0].text, texts[0].ended) for texts in found]
    return _system_answers(teacher, rows, systems, context)


def _system_answers(
    teacher: TeacherSettings, rows: Sequence[TrainingRow], systems: Sequence[str | None], context: StageContext
) -> list[tuple[str, bool | None]]:
    """Ask a system of the harness, one language at a time."""
    type_ = find_model_type(str(teacher.model), where=teacher.name)
    if type_.endpoint(teacher.args) is not None or not type_.supports(Kind.OPEN_ENDED):
        raise ModelError(
            f"the model type {teacher.model!r} cannot be a teacher here",
            where=teacher.name,
            why="a pipeline has no budget for paid requests, or the type generates no text",
            fix="answer the prompts in an experiment, and name the stored answers: `model: completions`",
        )
    around = ModelContext(base=str(context.base))
    type_.check(teacher.args, around, teacher.name)
    model = type_.load(teacher.args, True, around)
    sampling = Sampling(teacher.sampling.max_tokens, teacher.sampling.temperature, 1.0, (), context.seed)
    answers: dict[int, tuple[str, bool | None]] = {}
    try:
        languages = list(dict.fromkeys(row.language for row in rows))
        for done, language in enumerate(languages):
            context.report(f"{teacher.name} answers", done, len(languages), {})
            places = [place for place, row in enumerate(rows) if row.language == language]
            requests = [
                GenerateRequest(language, rows[at].row_id, _messages(rows[at].prompt, systems[at]), sampling)
                for at in places
            ]
            for at, result in zip(places, model.generate(requests), strict=True):
                reason = result.finish_reason
                answers[at] = (result.text or "", None if reason is None else reason != "length")
    finally:
        model.close()
    return [answers[at] for at in range(len(rows))]


def _messages(prompt: str, system_prompt: str | None) -> tuple[dict[str, str], ...]:
    system = ({"role": "system", "content": system_prompt},) if system_prompt else ()
    return (*system, {"role": "user", "content": prompt})


def _system_prompt(teacher: TeacherSettings, language: str) -> str | None:
    if teacher.system_prompt is None:
        return None
    known = find_language(language)
    return teacher.system_prompt.replace("{language}", known.name).replace("{autonym}", known.autonym)


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
