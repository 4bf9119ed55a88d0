"""What the teachers behind endpoints will be asked and what that costs, for the dry run; asks nobody.

Where the stage that gives the prompts is finished, they are counted as ``polyarena plan`` counts those of experiments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass

from polyarena.harness.endpoints import CallCache, EndpointSettings, is_known
from polyarena.harness.models.registry import find_model_type
from polyarena.harness.planning.cost import (
    Range,
    call_size,
    cost_fields,
    open_counter,
    size_tokens,
    text_tokens,
    tokens_per_byte,
)
from polyarena.harness.stages.endpoints import cache_file
from polyarena.harness.stages.files import read_rows
from polyarena.harness.stages.pipeline.data_stages import (
    PoolStage,
    SafetyStage,
    TeacherSettings,
    TranslatedPairsStage,
    teachers_of,
)
from polyarena.harness.stages.pipeline.schema import Pipeline
from polyarena.harness.stages.pipeline.status import StageStatus
from polyarena.harness.stages.rounds import limit_per_language
from polyarena.harness.stages.teacher_calls import (
    hold_out,
    not_english,
    requests_of,
    rows_of,
    system_texts,
    translator_of,
    with_preambles,
)
from polyarena.judges.protocol import Call
from polyarena.tasks.errors import PolyarenaError
from polyarena.tasks.mixtures.records import TrainingRow

AsksTeachers = PoolStage | SafetyStage | TranslatedPairsStage


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherRequests:
    """What one teacher behind an endpoint is asked.

    Attributes:
        teacher: Its name.
        requests: Their number, or the most that there can be; ``None`` where only running the data stages tells.
        exact: Whether it is the number.
        cached: Of the requests, those that the call cache can answer.
        prompt_tokens: Estimated range, cached requests apart; ``None`` where the prompts are not known yet.
        answer_tokens: Likewise, up to ``max_tokens`` of each answer.
        price: Of both, or of the answers alone where the prompts are not known; ``None`` without prices or a number.
        currency: Of the price.
    """

    teacher: str
    requests: int | None
    exact: bool
    cached: int
    prompt_tokens: Range | None
    answer_tokens: Range | None
    price: Range | None
    currency: str


def requests_of_stage(
    pipeline: Pipeline, status: StageStatus, statuses: Mapping[str, StageStatus], most: int | None
) -> tuple[TeacherRequests, ...]:
    """Return what each teacher behind an endpoint is asked; nothing for a stage that is finished or asks none.

    Args:
        pipeline: The pipeline.
        status: Of the stage.
        statuses: Of all stages, by name.
        most: Most prompts of the stage; ``None`` where it is not known.

    Raises:
        PolyarenaError: The settings of an endpoint cannot be used.
    """
    stage = status.stage
    if status.manifest is not None or not isinstance(stage, AsksTeachers):
        return ()
    endpoints = {}
    for place, teacher in teachers_of(stage).items():
        if teacher.model is None:
            continue
        type_ = find_model_type(teacher.model, where=pipeline.where_stage(stage.name, *place, "model"))
        try:
            endpoint = type_.endpoint(teacher.args)
        except PolyarenaError as error:
            error.move(pipeline.where_stage(stage.name, *place, "args"))
            raise
        if endpoint is not None:
            endpoints[place] = (teacher, endpoint)
    if not endpoints:
        return ()
    source = statuses[stage.prompts.partition("/")[0]]
    if source.manifest is None:
        return tuple(_at_most(most, teacher, endpoint) for teacher, endpoint in endpoints.values())
    seed = status.key.settings["seed"]
    rows = read_rows(source.folder)
    path = cache_file(pipeline)
    with closing(CallCache(path)) if path.exists() else nullcontext() as cache:
        found = []
        for place, (teacher, endpoint) in endpoints.items():
            asked = _asked(stage, rows, teacher, seed)
            if place == ("translator",) and isinstance(stage, TranslatedPairsStage):
                found.append(_translations(stage, asked, endpoint))
            else:
                calls = [Call(each.messages, each.sampling) for each in requests_of(asked, teacher, seed)]
                found.append(_counted(calls, teacher, endpoint, cache, pipeline))
    return tuple(found)


def _asked(stage: AsksTeachers, rows: Sequence[TrainingRow], teacher: TeacherSettings, seed: int) -> list[TrainingRow]:
    """Return the prompts of a teacher as the stage itself asks them."""
    if isinstance(stage, SafetyStage):
        prompts, _ = hold_out(rows_of(rows, teacher), stage.held_out, seed)
        return with_preambles(prompts, stage)
    limited = limit_per_language(rows, stage.limit, seed)
    if not isinstance(stage, TranslatedPairsStage):
        return rows_of(limited, teacher)
    return not_english(limited if teacher is stage.translator else rows_of(limited, teacher))


def _counted(
    calls: Sequence[Call],
    teacher: TeacherSettings,
    endpoint: EndpointSettings,
    cache: CallCache | None,
    pipeline: Pipeline,
) -> TeacherRequests:
    cached = 0 if cache is None else sum(is_known(cache, endpoint, call, refusals=False) for call in calls)
    size = sum(map(call_size, calls))
    count = open_counter(endpoint, pipeline.base)
    prompt = tokens_per_byte(calls, count) * size if count is not None and calls else size_tokens(size)
    answers = Range(1, teacher.sampling.max_tokens) * len(calls)
    return _requests(teacher, endpoint, len(calls), cached, prompt, answers, exact=True)


def _translations(
    stage: TranslatedPairsStage, rows: Sequence[TrainingRow], endpoint: EndpointSettings
) -> TeacherRequests:
    """Return the most requests to the translator, whose prompts are answers that nobody has given yet."""
    teacher = translator_of(stage.translator)
    told = sum((text_tokens(text or "") for text in system_texts(rows, teacher)), Range())
    prompt = Range(0, told.high + stage.weaker.sampling.max_tokens * len(rows))
    answers = Range(0, teacher.sampling.max_tokens * len(rows))
    return _requests(teacher, endpoint, len(rows), 0, prompt, answers, exact=False)


def _at_most(most: int | None, teacher: TeacherSettings, endpoint: EndpointSettings) -> TeacherRequests:
    answers = None if most is None else Range(0, teacher.sampling.max_tokens * most)
    return _requests(teacher, endpoint, most, 0, None, answers, exact=False)


def _requests(
    teacher: TeacherSettings,
    endpoint: EndpointSettings,
    requests: int | None,
    cached: int,
    prompt: Range | None,
    answers: Range | None,
    *,
    exact: bool,
) -> TeacherRequests:
    cost = cost_fields(requests or 0, requests or 0, cached, prompt or Range(), answers or Range(), endpoint)
    return TeacherRequests(
        teacher=teacher.name,
        requests=requests,
        exact=exact,
        cached=cached,
        prompt_tokens=None if prompt is None else cost["prompt_tokens"],
        answer_tokens=None if answers is None else cost["completion_tokens"],
        price=None if requests is None else cost["price"],
        currency=endpoint.prices.currency if endpoint.prices else "",
    )
