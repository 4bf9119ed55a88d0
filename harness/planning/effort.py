"""What each cell and each pair of cells takes, before anything is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning.judging import ResolvedJudge
from polyarena.harness.planning.keys import cell_key, games_key, samples_of, sampling_of
from polyarena.harness.planning.measured import MOST, call_size, measured
from polyarena.harness.planning.prompting import messages, system_text
from polyarena.harness.planning.resolve import ResolvedSystem
from polyarena.harness.planning.resolved_task import ResolvedTask
from polyarena.harness.planning.sheets import Questions
from polyarena.harness.planning.stock import Stock
from polyarena.harness.planning.tokens import Range, price, size_tokens, text_tokens
from polyarena.judges import pairings
from polyarena.judges.protocol import Answer, Call, Match, Reply
from polyarena.tasks.item import Item, Kind

ORDERS = 2
"""Each pair of answers is judged in both orders."""


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
    """One (system, task, language); ``key`` is the digest of all that changes its content."""

    system: str
    task: str
    language: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedGames(Effort):
    """The games of one judge on one pair of cells; not ``stored`` while one of the two cells is not.

    ``key`` is the digest of all that changes them; empty while one of the two cells is not stored. ``counted`` is the
    number of answers, each with the endpoint's own count of tokens, that the estimate rests on; 0 where it rests on the
    length of texts alone.
    """

    key: str
    judge: str
    candidate: str
    baseline: str
    task: str
    language: str
    counted: int = 0


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
    if endpoint is not None and not stored and stock.cache is not None:
        calls = (
            Call(messages(instructions, item.prompt), sampling, sample)
            for item in questions.items()
            for sample in range(samples)
        )
        cached = stock.cached(endpoint, calls)
    prompt = size_tokens(sheet.size * (1 if choosing else samples)) + text_tokens(instructions or "") * requests
    completion = Range() if choosing else Range(1, sampling.max_tokens) * requests
    return PlannedCell(
        system=system.spec.name,
        task=task.spec.task,
        language=language,
        key=key,
        stored=stored,
        **_effort(sheet.items, requests, cached, prompt, completion, endpoint),
    )


def plan_games(
    baseline: str | None,
    judges: Sequence[ResolvedJudge],
    questions: Questions,
    row: Mapping[str, PlannedCell],
    stock: Stock,
) -> Iterator[PlannedGames]:
    """Plan the games of every judge on every candidate against the baseline.

    Args:
        baseline: Name of the baseline.
        judges: The judges.
        questions: Of an open-ended task in one language.
        row: The cells of this task and language, by system.
        stock: What is there already.
    """
    other = row.get(baseline or "")
    if other is None:
        return
    candidates = [cell for cell in row.values() if cell.system != other.system]
    for judge in judges:
        # The answers of all pairs tell what the questions about each of them take; most plans need none of them.
        answered = cache(partial(_answered, judge, candidates, other, questions, stock))
        for cell in candidates:
            yield _pair(judge, cell, other, questions, stock, answered)


def _pair(
    judge: ResolvedJudge,
    candidate: PlannedCell,
    baseline: PlannedCell,
    questions: Questions,
    stock: Stock,
    answered: Callable[[], Sequence[tuple[Call, Reply]]],
) -> PlannedGames:
    task, language = candidate.task, candidate.language
    one, other = (stock.cell_content(cell.system, task, language, cell.key) for cell in (candidate, baseline))
    stored, key = False, ""
    if one and other:
        key = games_key(judge.signature, judge.spec.repeats, one, other, questions.sheet.digest)
        stored = stock.has_games(judge.spec.name, candidate.system, baseline.system, task, language, key)
    requests = ORDERS * judge.spec.repeats * min(candidate.requests, baseline.requests)
    prompt, completion, cached, measure = Range(), Range(), 0, None
    endpoint = judge.spec.endpoint
    if endpoint is not None and not stored:
        items = questions.items()
        calls = _calls(judge, candidate, baseline, items, stock)
        if calls:
            cached = stock.cached(endpoint, calls)
            measure = measured(answered(), requests - cached)
        else:
            # The answers are not known yet: an empty one costs least, the longest allowed one most.
            nothing = Answer(text="")
            blank = (Match(language=language, question=item.prompt, a=nothing, b=nothing) for item in items)
            calls = [call for match in blank for call in judge.judge.calls(match)] * (requests // len(items))
            prompt = (candidate.completion_tokens + baseline.completion_tokens) * (ORDERS * judge.spec.repeats)
        for call in calls:
            size = call_size(call)
            prompt = prompt + (size_tokens(size) if measure is None else measure.per_byte * size)
            completion = completion + (Range(1, call.sampling.max_tokens) if measure is None else measure.reply)
    return PlannedGames(
        key=key,
        judge=judge.spec.name,
        candidate=candidate.system,
        baseline=baseline.system,
        task=task,
        language=language,
        counted=0 if measure is None else measure.answers,
        stored=stored,
        **_effort(questions.sheet.items, requests, cached, prompt, completion, endpoint),
    )


def _calls(
    judge: ResolvedJudge, candidate: PlannedCell, baseline: PlannedCell, items: Sequence[Item], stock: Stock
) -> list[Call]:
    """Return what the judge will ask about two stored cells; nothing if one is not stored."""
    one, other = (stock.completions(cell.system, cell.task, cell.language, cell.key) for cell in (candidate, baseline))
    if not one or not other:
        return []
    paired = pairings(one, other, {item.item_id: item for item in items}, repeats=judge.spec.repeats)
    return [call for match in paired.matches() for call in judge.judge.calls(match)]


def _answered(
    judge: ResolvedJudge, candidates: Sequence[PlannedCell], baseline: PlannedCell, questions: Questions, stock: Stock
) -> list[tuple[Call, Reply]]:
    """Return questions of a judge about several pairs, spread over each, with the answers that the cache holds."""
    if judge.spec.endpoint is None or stock.cache is None:
        return []
    found = []
    items = questions.items()
    for candidate in candidates:
        calls = _calls(judge, candidate, baseline, items, stock)
        some = calls[:: max(1, len(calls) // MOST)]
        replies = zip(some, stock.replies(judge.spec.endpoint, some), strict=True)
        found += [(call, reply) for call, reply in replies if reply is not None]
    return found


def _effort(
    items: int,
    requests: int,
    cached: int,
    prompt: Range,
    completion: Range,
    endpoint: EndpointSettings | None,
) -> dict[str, Any]:
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
