"""What each cell takes, before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning.counting import open_counter, tokens_per_byte
from polyarena.harness.planning.keys import cell_key, samples_of, sampling_of
from polyarena.harness.planning.measured import call_size
from polyarena.harness.planning.prompting import messages, system_text
from polyarena.harness.planning.resolve import ResolvedSystem
from polyarena.harness.planning.resolved_task import ResolvedTask
from polyarena.harness.planning.sheets import Questions
from polyarena.harness.planning.stock import Stock
from polyarena.harness.planning.tokens import Range, price, size_tokens, text_tokens
from polyarena.judges.protocol import Call
from polyarena.tasks.item import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one part of a plan takes.

    Attributes:
        items: Number of items.
        requests: Texts to generate, choices to score, or games to judge.
        cached: Of the requests, those that the call cache can answer.
        prompt_tokens: Estimated range, cached requests apart.
        completion_tokens: Likewise.
        price: Likewise; ``None`` where nothing is billed or no price is known.
        billed: Whether an endpoint is asked.
        stored: Whether the outcome is in the run folder already.
    """

    items: int
    requests: int
    cached: int
    prompt_tokens: Range
    completion_tokens: Range
    price: Range | None
    billed: bool
    stored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCell(Effort):
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
    questions: Questions,
    context: ModelContext,
    stock: Stock,
) -> PlannedCell:
    """Plan one cell."""
    sheet = questions.sheet
    key = cell_key(system, task, language, sheet.digest, context)
    instructions = system_text(system.spec.system_prompt, language)
    samples, sampling = samples_of(system, task), sampling_of(system, task)
    choosing = task.card.kind is Kind.MULTIPLE_CHOICE
    requests = sheet.choices if choosing else sheet.items * samples
    endpoint = EndpointSettings.model_validate(system.spec.args) if system.spec.model == "endpoint" else None
    stored = bool(stock.cell_content(system.spec.name, task.spec.task, language, key))
    cached = 0
    prompt = size_tokens(sheet.size * (1 if choosing else samples)) + text_tokens(instructions or "") * requests
    count = open_counter(endpoint, context.base)
    if endpoint is not None and not stored and (stock.cache is not None or count is not None):
        calls = [
            Call(messages(instructions, item.prompt), sampling, sample)
            for item in questions.items()
            for sample in range(samples)
        ]
        cached = stock.cached(endpoint, calls)
        if count is not None:
            prompt = tokens_per_byte(calls, count) * sum(map(call_size, calls))
    completion = Range() if choosing else Range(1, sampling.max_tokens) * requests
    return PlannedCell(
        system=system.spec.name,
        task=task.spec.task,
        language=language,
        key=key,
        stored=stored,
        answer_tokens=completion,
        **effort_fields(sheet.items, requests, cached, prompt, completion, endpoint),
    )


def effort_fields(
    items: int,
    requests: int,
    cached: int,
    prompt: Range,
    completion: Range,
    endpoint: EndpointSettings | None,
) -> dict[str, Any]:
    """Return the fields of :class:`Effort` but ``stored``, given the tokens of all requests.

    Args:
        items: As there.
        requests: As there.
        cached: As there; their share of the tokens costs nothing.
        prompt: Of all requests.
        completion: Likewise.
        endpoint: Who is asked; ``None`` for nobody who bills.
    """
    share = 1 - cached / requests if requests else 0.0
    return {
        "items": items,
        "requests": requests,
        "cached": cached,
        "prompt_tokens": prompt * share,
        "completion_tokens": completion * share,
        "price": _price(prompt * share, completion * share, endpoint) if endpoint else None,
        "billed": endpoint is not None,
    }


def _price(prompt: Range, completion: Range, endpoint: EndpointSettings) -> Range | None:
    total = price(prompt, completion, endpoint.prices)
    if total is None or endpoint.prices is None or endpoint.mode != "batch":
        return total
    return total * float(endpoint.prices.batch_share)
