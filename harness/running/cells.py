"""Runs a job: loads a model once, computes its cells, and stores each when it is complete."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs
from polyarena.harness.events import CellDone, CellFailed, CellStarted, Event, ModelChanged, ModelLoaded, ModelLoading
from polyarena.harness.executors.protocol import Job
from polyarena.harness.lock.digest import content_digest
from polyarena.harness.models.plausibility import check_likelihoods
from polyarena.harness.models.protocol import ChoiceRequest, GenerateRequest, Model, ModelContext
from polyarena.harness.planning import PlannedCell
from polyarena.harness.planning.cells import cell_key
from polyarena.harness.planning.items import items_digest, load_items
from polyarena.harness.planning.systems import (
    ResolvedSystem,
    messages,
    resolve_systems,
    samples_of,
    sampling_of,
    system_text,
)
from polyarena.harness.planning.tasks import ResolvedTask, resolve_tasks
from polyarena.harness.running.connections import Connections
from polyarena.harness.running.scoring import store_scores
from polyarena.harness.running.thoughts import split_result, thought_language
from polyarena.harness.servers import served_arguments
from polyarena.harness.store import RunFolder, write_shard
from polyarena.tasks.data import DataSource, data_root
from polyarena.tasks.errors import DataError, ModelError, PolyarenaError
from polyarena.tasks.identify import identify
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion
from polyarena.tasks.text import sanitize_text

GIVE_UP_AFTER = 3
"""Consecutive failed cells of a job after which the rest is skipped, because it would fail in the same way."""


def do_job(job: Job) -> Iterator[Event]:
    """Compute the cells of one job and yield events.

    A cell that fails is reported and skipped. A model that cannot be loaded fails all of its cells.
    """
    experiment, folder = job.experiment, RunFolder(job.folder)
    names = tuple(dict.fromkeys(cell.system for cell in job.cells))
    # The server outlives the connections, which wait for requests in flight.
    with (
        ExitStack() as servers,
        Connections(experiment, folder, "candidates", grace_s=job.grace_s) as connections,
    ):
        lock = folder.read_lock()
        context = ModelContext(
            base=str(experiment.base),
            open_endpoint=connections.open_candidate,
            recorded=lock.models.get(names[0], {}) if lock else {},
        )
        tasks = {task.spec.task: task for task in resolve_tasks(experiment)}
        systems = {s.spec.name: s for s in resolve_systems(experiment, tuple(tasks.values()), context)}
        first = systems[names[0]]
        yield ModelLoading(names, first.spec.model)
        started = time.monotonic()
        try:
            args = servers.enter_context(served_arguments(first.spec, folder, experiment.base))
            model = first.type.load(args, first.chat_template, context)
        except PolyarenaError as error:
            yield from (_failed(cell, error) for cell in job.cells)
            return
        try:
            told = dict(model.provenance)
            yield ModelLoaded(names, time.monotonic() - started, told)
            data = DataSource(data_root(experiment.data_root, experiment.base))
            for event in _do_cells(job, systems, tasks, model, data, folder, context):
                connections.log_spent()
                yield event
                if told != (told := dict(model.provenance)):
                    yield ModelChanged(names, told)
        finally:
            model.close()


@dataclass(frozen=True, slots=True)
class CellsPart:
    """A job whose model loads nothing and asks nobody, for :mod:`polyarena.harness.workers`."""

    job: Job

    def events(self) -> Iterator[Event]:
        """Do it."""
        return do_job(self.job)


def _do_cells(
    job: Job,
    systems: Mapping[str, ResolvedSystem],
    tasks: Mapping[str, ResolvedTask],
    model: Model,
    data: DataSource,
    folder: RunFolder,
    context: ModelContext,
) -> Iterator[Event]:
    in_a_row = 0
    for position, cell in enumerate(job.cells):
        yield CellStarted(cell.system, cell.task, cell.language, cell.requests)
        started = time.monotonic()
        try:
            with attribute_costs(CostLabel("candidates", cell.system, cell.task, cell.language)):
                _compute(cell, systems[cell.system], tasks[cell.task], model, data, folder, context)
        except DataError as error:
            # Of this language's data only; the next one's may be good.
            yield _failed(cell, error)
        except ModelError as error:
            yield _failed(cell, error)
            in_a_row += 1
            if in_a_row == GIVE_UP_AFTER:
                yield from (_failed(rest, error) for rest in job.cells[position + 1 :])
                return
        else:
            in_a_row = 0
            seconds = time.monotonic() - started
            yield CellDone(cell.system, cell.task, cell.language, cell.requests, seconds, cell.key)


def _failed(cell: PlannedCell, error: PolyarenaError) -> CellFailed:
    return CellFailed(cell.system, cell.task, cell.language, cell.requests, str(error), error.exit_code)


def _compute(
    cell: PlannedCell,
    system: ResolvedSystem,
    task: ResolvedTask,
    model: Model,
    data: DataSource,
    folder: RunFolder,
    context: ModelContext,
) -> None:
    items = load_items(task, cell.language, data)
    if cell_key(system, task, cell.language, items_digest(items), context) != cell.key:
        raise DataError(
            f"the data or the model of {cell.task} in {cell.language} changed since the plan was made",
            fix="run the same command again",
        )
    ask = _choose if task.card.kind is Kind.MULTIPLE_CHOICE else _generate
    completions = ask(system, task, cell.language, items, model)
    facts = {"key": cell.key, "content": content_digest(completions)}
    write_shard(folder.cell(cell.system, cell.task, cell.language), completions, COMPLETION_SCHEMA, facts)
    store_scores(folder, cell, task, items, completions, facts["content"])


def _generate(
    system: ResolvedSystem, task: ResolvedTask, language: str, items: Sequence[Item], model: Model
) -> list[Completion]:
    instructions, multiturn = system_text(system.spec.system_prompt, language), system.spec.fewshot_as_multiturn
    sampling = sampling_of(system, task)
    asked = [(item, sample) for item in items for sample in range(samples_of(system, task))]
    thinking = system.spec.thinking.rule
    requests = [
        GenerateRequest(
            language, item.item_id, messages(instructions, item, multiturn=multiturn), sampling, sample, thinking
        )
        for item, sample in asked
    ]
    answers = model.generate(requests)
    completions = []
    for (item, sample), request, answer in zip(asked, requests, answers, strict=True):
        if answer.text is None:
            continue
        parts = split_result(request, answer)
        found = identify(parts.text)
        thought_in, thought_agrees = thought_language(parts.thought, language)
        completions.append(
            Completion(
                system=system.spec.name,
                task=task.spec.task,
                language=language,
                item_id=item.item_id,
                sample_index=sample,
                source_id=item.source_id,
                prompt=sanitize_text(answer.prompt),
                text=parts.text,
                finish_reason=answer.finish_reason,
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.completion_tokens,
                latency_s=answer.latency_s,
                identified_language=found.language,
                identified_probability=found.probability,
                identified_script=found.script,
                thought=parts.thought,
                thought_ended=parts.thought_ended,
                thought_tokens=parts.thought_tokens,
                answer_tokens=parts.answer_tokens,
                reasoning_effort=sampling.reasoning_effort,
                thought_language=thought_in,
                thought_agreement=thought_agrees,
            )
        )
    return completions


def _choose(
    system: ResolvedSystem, task: ResolvedTask, language: str, items: Sequence[Item], model: Model
) -> list[Completion]:
    instructions, multiturn = system_text(system.spec.system_prompt, language), system.spec.fewshot_as_multiturn
    requests = [
        ChoiceRequest(
            language,
            item.item_id,
            () if item.whole_choices else messages(instructions, item, multiturn=multiturn),
            item.choices,
            item.choice_separator,
            system.spec.thinking.rule,
        )
        for item in items
    ]
    answers = model.choose(requests)
    check_likelihoods(requests, answers, system.spec.name)
    return [
        Completion(
            system=system.spec.name,
            task=task.spec.task,
            language=language,
            item_id=item.item_id,
            sample_index=0,
            source_id=item.source_id,
            prompt=sanitize_text(answer.prompt),
            loglikelihoods=answer.loglikelihoods,
            choice_bytes=tuple(len(choice.encode()) for choice in item.choices),
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            latency_s=answer.latency_s,
        )
        for item, answer in zip(items, answers, strict=True)
    ]
