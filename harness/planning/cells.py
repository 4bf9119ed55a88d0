"""Plans cells: their keys and their costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.lock.digest import digest
from polyarena.harness.models.endpoint import result_of
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.models.split_result import split_result
from polyarena.harness.models.system_prompt import system_text
from polyarena.harness.planning.cost import (
    CostEstimate,
    Range,
    call_size,
    cost_fields,
    open_counter,
    size_tokens,
    text_tokens,
    tokens_per_byte,
)
from polyarena.harness.planning.existing_results import ExistingResults
from polyarena.harness.planning.items import CellItems, refuse_media
from polyarena.harness.planning.systems import (
    ResolvedSystem,
    messages,
    samples_of,
    sampling_of,
)
from polyarena.harness.planning.tasks import ResolvedTask
from polyarena.judges.protocol import Call
from polyarena.tasks.item import Item, Kind
from polyarena.tasks.sampling import Sampling

FORMAT = 2
"""Of the stored records; a change makes old shards stale."""


def cell_key(system: ResolvedSystem, task: ResolvedTask, language: str, items: str, context: ModelContext) -> str:
    """Return the key of one cell.

    Args:
        system: The system.
        task: The task.
        language: ``lang_Script``.
        items: Digest of the items.
        context: The run around the model.
    """
    multiple_choice = task.card.kind is Kind.MULTIPLE_CHOICE
    return digest(
        {
            "format": FORMAT,
            "task": f"{task.card.name}@{task.card.version}",
            "items": items,
            "model": {"type": system.spec.model, **system.type.identity(system.spec.args, context, language)},
            "chat_template": system.chat_template,
            "thinking": str(system.spec.thinking.rule),
            "system_prompt": system_text(system.spec.system_prompt, language),
            "sampling": None if multiple_choice else asdict(sampling_of(system, task)),
            "samples": samples_of(system, task),
            # Only where it changes what is asked, so that other cells keep their keys.
            **({"fewshot_as_multiturn": True} if system.spec.fewshot_as_multiturn else {}),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCell(CostEstimate):
    """One (system, task, language).

    ``key`` is the digest of all that changes its content. ``answer_tokens`` is the range of all its answers, those that
    are stored or cached included.
    """

    system: str
    task: str
    language: str
    key: str
    answer_tokens: Range


def plan_cell(
    system: ResolvedSystem,
    task: ResolvedTask,
    language: str,
    cell_items: CellItems,
    context: ModelContext,
    existing: ExistingResults,
) -> PlannedCell:
    """Plan one cell: its key, what is stored or cached of it, and what the rest will cost.

    Args:
        system: Who answers.
        task: What is asked.
        language: ``lang_Script`` of the items.
        cell_items: The items of the cell, or what is known of them.
        context: What model types may need, such as the folder of the experiment.
        existing: Stored cells and cached replies.

    Raises:
        ExperimentError: The system cannot be shown the images or recordings of the items.
    """
    stats = cell_items.stats
    who = f"system {system.spec.name!r} (model type {system.spec.model!r})"
    refuse_media(who, system.type.inputs, task.spec.task, language, stats)
    key = cell_key(system, task, language, stats.digest, context)
    instructions = system_text(system.spec.system_prompt, language)
    samples, sampling = samples_of(system, task), sampling_of(system, task)
    choosing = task.card.kind is Kind.MULTIPLE_CHOICE
    requests = stats.choices if choosing else stats.items * samples
    endpoint = system.type.endpoint(system.spec.args)
    stored = bool(existing.cell_content(system.spec.name, task.spec.task, language, key))
    cached = 0
    prompt = size_tokens(stats.size * (1 if choosing else samples)) + text_tokens(instructions or "") * requests
    count = open_counter(endpoint, context.base)
    if endpoint is not None and not stored and not choosing and (existing.cache is not None or count is not None):
        calls = [
            call
            for sample in range(samples)
            for call in _calls(system, instructions, sampling, cell_items.load(), sample, endpoint, existing)
        ]
        cached = existing.cached(endpoint, calls)
        if count is not None:
            prompt = tokens_per_byte(calls, count) * sum(map(call_size, calls))
    prompt += Range(1, sampling.max_tokens) * (stats.earlier_answers * samples)
    completion = Range() if choosing else Range(1, sampling.total_tokens) * requests
    return PlannedCell(
        system=system.spec.name,
        task=task.spec.task,
        language=language,
        key=key,
        stored=stored,
        answer_tokens=completion,
        **cost_fields(stats.items, requests, cached, prompt, completion, endpoint),
    )


def _calls(
    system: ResolvedSystem,
    instructions: str | None,
    sampling: Sampling,
    items: Sequence[Item],
    sample: int,
    endpoint: EndpointSettings,
    existing: ExistingResults,
) -> Iterator[Call]:
    """Yield the calls of one sample of each item.

    Later turns of a conversation show the answers that the call cache has for the turns before them, and nothing in the
    place of those that it lacks: such a call is not known yet, and its length is added by the caller.
    """
    before: list[tuple[Item, str]] = []
    for item, following in zip(items, [*items[1:], None], strict=True):
        if item.previous is None:
            before = []
        multiturn = system.spec.fewshot_as_multiturn
        call = Call(messages(instructions, item, multiturn=multiturn, before=before), sampling, sample)
        yield call
        if following is not None and following.previous is not None:
            reply = existing.replies(endpoint, [call])[0]
            answer = ""
            if reply is not None:
                answer = split_result(system.spec.thinking.rule, sampling.stop, result_of(reply, "")).text
            before = [*before, (item, answer)]
