"""Plans games: the keys of pairs of cells, and the cost of judging them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from polyarena.harness.endpoints import EndpointSettings, call_key
from polyarena.harness.experiment.opponents import Opposed
from polyarena.harness.lock.digest import digest
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.planning.cells import FORMAT, PlannedCell
from polyarena.harness.planning.cost import (
    MAX_SAMPLED_CALLS,
    CostEstimate,
    Count,
    Range,
    call_size,
    cost_fields,
    open_counter,
    sample_calls,
    size_tokens,
    token_rates,
    tokens_per_byte,
)
from polyarena.harness.planning.existing_results import ExistingResults
from polyarena.harness.planning.items import CellItems, ItemStats, refuse_media
from polyarena.harness.planning.judges import ResolvedJudge
from polyarena.judges.pairwise import Pairings, pairings
from polyarena.judges.protocol import Answer, Call, Match, Reply, inputs_of
from polyarena.tasks.item import Item
from polyarena.tasks.signature import Signature
from polyarena.tasks.subsample import subsample

ORDERS = 2
"""Each pair of answers is judged in both orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedGames(CostEstimate):
    """The games of one judge on one pair of cells; not ``stored`` while one of the two cells is not.

    ``items`` are those that both systems have answered, and ``requests`` the different questions about them; as long as
    one of the two has not answered, all items, and the questions that as many answers would make. ``key`` is the digest
    of all that changes them; empty while one of the two cells is not stored. ``counted`` is the number of answers, each
    with the endpoint's own count of tokens, that the estimate rests on; 0 where it rests on a tokenizer that the
    experiment names, or on the length of texts alone. ``limit`` is the number of items that are judged, chosen as
    :func:`polyarena.tasks.subsample.subsample` does; ``None`` for all.
    """

    key: str
    judge: str
    candidate: str
    baseline: str
    task: str
    language: str
    counted: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnallocatedGames(CostEstimate):
    """The games of one judge that a budget still has for pairs to be chosen while the run goes on; never ``stored``.

    ``items`` is 0, as it is not known which items these are.
    """

    judge: str
    task: str


def unallocated_games(judge: ResolvedJudge, task: str, games: int, probes: Iterable[PlannedGames]) -> UnallocatedGames:
    """Return the cost of games of pairs that are not chosen yet.

    Args:
        judge: The judge.
        task: The task.
        games: How many.
        probes: Plans of pairs like them.
    """
    like = [each for each in probes if each.judge == judge.spec.name and each.task == task]
    asked = sum(each.requests - each.cached for each in like)
    share = games / asked if asked else 0.0
    prompt = sum((each.prompt_tokens for each in like), Range()) * share
    completion = sum((each.completion_tokens for each in like), Range()) * share
    return UnallocatedGames(
        judge=judge.spec.name,
        task=task,
        stored=False,
        **cost_fields(0, games, 0, prompt, completion, judge.spec.endpoint),
    )


def plan_games(
    pairs: Mapping[Opposed, int | None],
    judges: Sequence[ResolvedJudge],
    cell_items: CellItems,
    row: Mapping[str, PlannedCell],
    context: ModelContext,
    existing: ExistingResults,
) -> Iterator[PlannedGames]:
    """Plan the games of every judge on every pair of systems.

    Args:
        pairs: The systems that are compared, and on how many items (``None`` for all); those that do not both have a
            cell here are left out.
        judges: The judges.
        cell_items: Of an open-ended task in one language.
        row: The cells of this task and language, by system.
        context: Context of the experiment.
        existing: Results of earlier runs.

    Raises:
        ExperimentError: The items have images or recordings that a judge is not shown.
    """
    limits = {pair: _effective(items, cell_items) for pair, items in pairs.items() if row.keys() >= {*pair}}
    if not limits:
        return
    cell = next(iter(row.values()))
    for judge in judges:
        refuse_media(f"judge {judge.spec.name!r}", inputs_of(judge.judge), cell.task, cell.language, cell_items.stats)
    limited = cache(partial(_limited, cell_items))
    contents = {name: existing.cell_content(name, cell.task, cell.language, cell.key) for name, cell in row.items()}
    for judge in judges:
        # The answers of all pairs tell what the questions about each of them take; most plans need none of them.
        cells = [(row[one], row[other]) for one, other in limits]
        answered = cache(partial(_answered, judge, cells, cell_items, existing))
        count = open_counter(judge.spec.endpoint, context.base)
        for (one, other), limit in limits.items():
            both = (contents[one], contents[other])
            judged = limited(limit)
            pair = _pair(judge, row[one], row[other], both, judged, existing, answered, count)
            yield replace(pair, limit=limit)


def uncosted_games(
    judge: ResolvedJudge, candidate: PlannedCell, baseline: PlannedCell, limit: int | None
) -> PlannedGames:
    """Return the games of two cells, without their costs; they count as not stored.

    Args:
        judge: The judge.
        candidate: The candidate's cell.
        baseline: The other cell, of the same task and language.
        limit: Items that are judged; ``None`` for all.
    """
    items = candidate.items if limit is None else min(limit, candidate.items)
    each = ORDERS * judge.spec.repeats * min(candidate.requests, baseline.requests) // candidate.items
    return PlannedGames(
        key="",
        judge=judge.spec.name,
        candidate=candidate.system,
        baseline=baseline.system,
        task=candidate.task,
        language=candidate.language,
        limit=None if items == candidate.items else limit,
        stored=False,
        **cost_fields(items, each * items, 0, Range(), Range(), judge.spec.endpoint),
    )


def _effective(limit: int | None, cell_items: CellItems) -> int | None:
    """Return the limit, or ``None`` where it leaves all items."""
    return None if limit is None or limit >= cell_items.stats.items else limit


def _limited(cell_items: CellItems, limit: int | None) -> CellItems:
    """Return the items that a limit leaves."""
    if limit is None:
        return cell_items
    items = list(subsample(cell_items.load(), limit))
    return CellItems(ItemStats.of(items), lambda: items)


def _pair(
    judge: ResolvedJudge,
    candidate: PlannedCell,
    baseline: PlannedCell,
    contents: tuple[str, str],
    cell_items: CellItems,
    existing: ExistingResults,
    answered: Callable[[], Sequence[tuple[Call, Reply]]],
    count: Count | None,
) -> PlannedGames:
    task, language = candidate.task, candidate.language
    stored, key = False, ""
    if all(contents):
        key = games_key(judge.signature, judge.spec.repeats, *contents, cell_items.stats.digest)
        stored = existing.has_games(judge.spec.name, candidate.system, baseline.system, task, language, key)
    items = cell_items.stats.items
    requests = ORDERS * judge.spec.repeats * min(candidate.requests, baseline.requests) * items // candidate.items
    prompt, completion, cached, measure = Range(), Range(), 0, None
    endpoint = judge.spec.endpoint
    paired = _paired(judge, candidate, baseline, cell_items, existing) if key and not stored else None
    if paired is not None:
        items, requests = paired.items, len(paired)
    if endpoint is not None and not stored:
        if paired is not None:
            calls = _asked(judge, endpoint, paired.matches())
            cached = existing.cached(endpoint, calls)
            measure = token_rates(answered(), len(calls) - cached)
        else:
            rounds = range(requests // (ORDERS * items))
            calls = [call for item in cell_items.load() for call in _expected(judge, endpoint, item, rounds)]
            # The answers are not known yet: an empty one costs least, the longest allowed one most.
            answers = candidate.answer_tokens + baseline.answer_tokens
            prompt = answers * _shown(judge, endpoint, cell_items.load()[0], rounds)
        requests = len(calls)
        size = sum(map(call_size, calls))
        if measure is not None:
            prompt = prompt + measure.per_byte * size
        elif count is not None and calls:
            prompt = prompt + tokens_per_byte(calls, count) * size
        else:
            prompt = prompt + size_tokens(size)
        for call in calls:
            completion = completion + (Range(1, call.sampling.total_tokens) if measure is None else measure.reply)
    return PlannedGames(
        key=key,
        judge=judge.spec.name,
        candidate=candidate.system,
        baseline=baseline.system,
        task=task,
        language=language,
        counted=0 if measure is None else measure.answers,
        stored=stored,
        **cost_fields(items, requests, cached, prompt, completion, endpoint),
    )


def _paired(
    judge: ResolvedJudge,
    candidate: PlannedCell,
    baseline: PlannedCell,
    cell_items: CellItems,
    existing: ExistingResults,
) -> Pairings | None:
    """Return the matches of two stored cells; ``None`` if one is not stored."""
    one, other = (
        existing.completions(cell.system, cell.task, cell.language, cell.key) for cell in (candidate, baseline)
    )
    if not one or not other:
        return None
    return pairings(one, other, {item.item_id: item for item in cell_items.load()}, repeats=judge.spec.repeats)


def _asked(judge: ResolvedJudge, endpoint: EndpointSettings, matches: Iterable[Match]) -> list[Call]:
    """Return the calls of a judge about some matches, without duplicates."""
    calls = (call for match in matches for call in judge.judge.calls(match))
    return list({call_key(endpoint, call): call for call in calls}.values())


def _expected(
    judge: ResolvedJudge, endpoint: EndpointSettings, item: Item, rounds: range, length: int = 1
) -> list[Call]:
    """Return the calls of a judge about two different answers of ``length`` characters each."""
    one, other = Answer("a" * length), Answer("b" * length)
    return _asked(
        judge,
        endpoint,
        (
            Match(language=item.language, question=item.full_prompt, a=a, b=b, repeat=n)
            for a, b in ((one, other), (other, one))
            for n in rounds
        ),
    )


def _shown(judge: ResolvedJudge, endpoint: EndpointSettings, item: Item, rounds: range) -> float:
    """Return how often each of two answers is shown to a judge."""
    short, long = (sum(map(call_size, _expected(judge, endpoint, item, rounds, length))) for length in (1, 51))
    return (long - short) / 50 / 2


def _answered(
    judge: ResolvedJudge,
    cells: Sequence[tuple[PlannedCell, PlannedCell]],
    cell_items: CellItems,
    existing: ExistingResults,
) -> list[tuple[Call, Reply]]:
    """Return a sample of the judge's calls about each pair that the cache can answer, with the replies."""
    if judge.spec.endpoint is None or existing.cache is None:
        return []
    found = []
    for candidate, baseline in cells:
        paired = _paired(judge, candidate, baseline, cell_items, existing)
        if paired is None:
            continue
        some = sample_calls(_asked(judge, judge.spec.endpoint, paired.matches()), MAX_SAMPLED_CALLS)
        replies = zip(some, existing.replies(judge.spec.endpoint, some), strict=True)
        found += [(call, reply) for call, reply in replies if reply is not None]
    return found


def games_key(
    judge_signature: Signature, repeats: int, candidate_content: str, baseline_content: str, items: str
) -> str:
    """Return the key of the games of one pair of cells.

    Args:
        judge_signature: Every setting of the judge, its model included.
        repeats: Judgments of each order.
        candidate_content: Digest of the candidate's completions.
        baseline_content: Digest of the baseline's completions.
        items: Digest of the items.
    """
    return digest([FORMAT, str(judge_signature), repeats, candidate_content, baseline_content, items])
