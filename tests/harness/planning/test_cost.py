"""What a cell and a pair of cells take: requests, tokens and money, and what of it is there already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints import CallCache, EndpointSettings, call_key
from polyarena.harness.planning import plan
from polyarena.harness.planning.cost import BYTES_PER_TOKEN, Range, cost_fields, text_tokens
from polyarena.harness.planning.games import ORDERS, _shown
from polyarena.harness.planning.systems import messages
from polyarena.harness.running.runner import run
from polyarena.harness.store import read_shard, shard_metadata, write_shard
from polyarena.judges import pairings
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.item import Item
from polyarena.tasks.records import COMPLETION_SCHEMA, Completion
from polyarena.tasks.sampling import Sampling

ADDRESS = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}
PRICED = {**ADDRESS, "prices": {"input": 2, "output": 8}}
ITEMS = 12
PROMPTS = [f"question {number} in deu_Latn" for number in range(ITEMS)]
SIZE = sum(map(len, PROMPTS))
MOST = 512


def toy(name="one", **changes):
    return {"name": name, "model": "toy", "args": {"voice": name}, **changes}


def asked(args=None, **changes):
    return {"name": "one", "model": "endpoint", "args": args or ADDRESS, **changes}


def judge(endpoint=PRICED, **changes):
    return {"name": "j", "judge": "llm", "endpoint": endpoint, **changes}


@pytest.fixture
def planned(toys, tmp_path):
    def planned(*systems, retry_refused=False, **changes):
        data = {"name": "x", "systems": list(systems), "tasks": ["toy_open"], "languages": ["deu_Latn"], **changes}
        return plan(data, output=tmp_path / "run", retry_refused=retry_refused)

    return planned


@pytest.fixture
def cell(planned):
    """Plans one cell."""
    return lambda system, **changes: planned(system, **changes).cells[0]


@pytest.fixture
def cache(tmp_path):
    with CallCache(tmp_path / "calls.sqlite") as cache:
        yield cache


@pytest.fixture
def pair(planned):
    """Plans the games of a judge on two systems."""

    def pair(one=None, two=None, judge_=None, **changes):
        systems = (one or toy(), two or toy("two"))
        return planned(*systems, baseline="one", judges=[judge_ or judge()], **changes).games[0]

    return pair


def near(span):
    return pytest.approx((span.low, span.high))


def ends(span):
    return (span.low, span.high)


def test_a_cell_takes_its_prompts_and_up_to_the_longest_answers(cell):
    found = cell(toy())
    assert (found.items, found.requests, found.cached) == (ITEMS, ITEMS, 0)
    assert ends(found.prompt_tokens) == near(Range(SIZE / BYTES_PER_TOKEN[1], SIZE / BYTES_PER_TOKEN[0]))
    assert found.completion_tokens == Range(ITEMS, ITEMS * MOST)
    assert (found.price, found.billed, found.stored) == (None, False, False)


@pytest.mark.parametrize("samples", [2, 5])
def test_each_sample_takes_as_much_as_the_first(cell, samples):
    once = cell(toy(sampling={"temperature": 1.0}))
    often = cell(toy(sampling={"temperature": 1.0}, samples=samples))
    assert often.requests == samples * once.requests
    assert ends(often.prompt_tokens) == near(once.prompt_tokens * samples)
    assert often.completion_tokens == once.completion_tokens * samples
    assert often.items == once.items


def test_a_system_prompt_is_paid_with_each_request_and_in_each_language_s_own_letters(planned):
    said = "Jibu kwa {autonym}."
    plain = planned(toy(), languages=["tha_Thai"]).cells[0]
    told = planned(toy(system_prompt=said), languages=["tha_Thai"]).cells[0]
    assert ends(told.prompt_tokens) == near(plain.prompt_tokens + text_tokens("Jibu kwa ไทย.") * ITEMS)
    assert told.completion_tokens == plain.completion_tokens


@pytest.mark.parametrize(("longest", "samples"), [(7, 1), (1, 1), (64, 3)])
def test_answers_are_as_long_as_the_system_s_own_limit_allows(cell, longest, samples):
    found = cell(toy(sampling={"max_tokens": longest, "temperature": 1.0}, samples=samples))
    assert found.completion_tokens == Range(1, longest) * ITEMS * samples


def test_choices_are_scored_once_each_and_nothing_is_written(cell):
    found = cell(toy(sampling={"temperature": 1.0}, samples=4), tasks=["toy_choice"])
    assert (found.items, found.requests) == (ITEMS, 2 * ITEMS)
    assert found.completion_tokens == Range()
    # Each prompt stands before each of its choices.
    assert ends(found.prompt_tokens) == near(text_tokens("x" * (2 * SIZE + ITEMS * len("yesno"))))


def test_an_endpoint_without_prices_is_billed_at_an_unknown_price(planned):
    made = planned(asked())
    assert (made.cells[0].billed, made.cells[0].price) == (True, None)
    assert made.price() is None


@pytest.mark.parametrize(("mode", "share"), [("online", 1), ("batch", 0.5)])
def test_the_price_is_that_of_the_tokens_and_batch_mode_has_its_share(cell, mode, share):
    found = cell(asked({**PRICED, "mode": mode}))
    whole = found.prompt_tokens * 2e-6 + found.completion_tokens * 8e-6
    assert ends(found.price) == near(whole * share)


def test_another_share_of_batch_mode_is_believed(cell):
    prices = {**PRICED["prices"], "batch_share": 0.1}
    one, other = (cell(asked({**PRICED, "prices": prices, "mode": mode})).price for mode in ("online", "batch"))
    assert ends(other) == near(one * 0.1)


def test_the_share_of_online_calls_is_the_whole_price_even_where_a_batch_share_is_named(cell):
    free = cell(asked({**PRICED, "prices": {**PRICED["prices"], "batch_share": 0}}))
    assert free.price == cell(asked(PRICED)).price


def calls(prompts=PROMPTS, instructions=None, **fields):
    items = [Item("1", "1", "deu_Latn", prompt) for prompt in prompts]
    return [Call(messages(instructions, item), Sampling(max_tokens=MOST), **fields) for item in items]


@pytest.mark.parametrize("kept", [1, 5, ITEMS])
def test_what_the_call_cache_can_answer_costs_nothing(cell, cache, kept):
    before = cell(asked(PRICED))
    for call in calls()[:kept]:
        cache.put(call_key(EndpointSettings(**ADDRESS), call), Reply("kept"))
    after = cell(asked(PRICED))
    left = 1 - kept / ITEMS
    assert (after.cached, after.requests) == (kept, before.requests)
    assert ends(after.prompt_tokens) == near(before.prompt_tokens * left)
    assert ends(after.price) == near(before.price * left)
    assert after.key == before.key


@pytest.mark.parametrize(
    "system",
    [
        asked({**ADDRESS, "model": "other"}),
        asked({**ADDRESS, "extra_body": {"top_k": 1}}),
        asked(sampling={"max_tokens": 3}),
        asked(system_prompt="Be brief."),
    ],
)
def test_answers_to_other_questions_are_none(cell, cache, system):
    for call in calls():
        cache.put(call_key(EndpointSettings(**ADDRESS), call), Reply("kept"))
    assert cell(asked()).cached == ITEMS
    assert cell(system).cached == 0


def test_each_sample_is_looked_up_by_itself(cell, cache):
    settings = EndpointSettings(**ADDRESS)
    for prompt in PROMPTS[:4]:
        call = Call(messages(None, Item("1", "1", "deu_Latn", prompt)), Sampling(max_tokens=MOST, temperature=1.0), 1)
        cache.put(call_key(settings, call), Reply("second"))
    assert cell(asked(sampling={"temperature": 1.0}, samples=2)).cached == 4
    assert cell(asked(sampling={"temperature": 1.0})).cached == 0


@pytest.mark.parametrize(("retried", "found"), [(False, 2), (True, 0)])
def test_remembered_refusals_need_no_request_unless_they_are_tried_again(cell, cache, retried, found):
    for call in calls()[:2]:
        cache.refuse(call_key(EndpointSettings(**ADDRESS), call), "HTTP 400")
    assert cell(asked(), retry_refused=retried).cached == found


def test_planning_makes_no_cache(cell, tmp_path):
    assert cell(asked()).cached == 0
    assert not (tmp_path / "calls.sqlite").exists()


@pytest.mark.parametrize("repeats", [1, 3])
def test_games_are_judged_in_both_orders_and_as_often_as_is_said(pair, repeats):
    once, often = pair(), pair(judge_=judge(repeats=repeats))
    assert often.requests == ORDERS * repeats * ITEMS
    assert ends(often.prompt_tokens) == near(once.prompt_tokens * repeats)
    assert ends(often.completion_tokens) == near(once.completion_tokens * repeats)
    assert ends(often.price) == near(once.price * repeats)


def test_of_unequal_numbers_of_samples_the_fewer_are_judged(pair):
    sampled = {"sampling": {"temperature": 1.0}}
    assert pair(toy(samples=3, **sampled), toy("two", samples=2, **sampled)).requests == ORDERS * 2 * ITEMS


def test_longer_answers_may_cost_the_judge_more_and_never_less(pair):
    short, long = (pair(toy(sampling={"max_tokens": most})) for most in (10, 1000))
    assert short.prompt_tokens.low == pytest.approx(long.prompt_tokens.low)
    assert long.prompt_tokens.high - short.prompt_tokens.high == pytest.approx(990 * ITEMS * ORDERS)


def test_a_judge_that_asks_nobody_takes_no_tokens(pair):
    found = pair(judge_={"name": "j", "judge": "toy_length"})
    assert (found.requests, found.billed, found.price) == (ORDERS * ITEMS, False, None)
    assert found.prompt_tokens == found.completion_tokens == Range()


def test_there_are_no_games_where_the_baseline_does_not_answer(planned):
    made = planned(
        toy(languages="deu_Latn"), toy("two"), baseline="one", judges=[judge()], languages=["deu_Latn", "tha_Thai"]
    )
    assert [(games.candidate, games.baseline, games.language) for games in made.games] == [("two", "one", "deu_Latn")]


def test_with_stored_answers_the_very_questions_are_counted(planned, pair):
    before = pair()
    assert before.key == ""
    run(planned(toy(), toy("two"), baseline="one"))
    after = pair()
    assert after.key
    assert not after.stored
    assert after.prompt_tokens.high < before.prompt_tokens.high
    # A judge's own answers are as unknown as before.
    assert after.completion_tokens == before.completion_tokens
    made = planned(toy(), toy("two"), baseline="one", judges=[judge()])
    texts = [turn["content"] for call in questions(made) for turn in call.messages]
    assert ends(after.prompt_tokens) == near(sum(map(text_tokens, texts), Range()))


def test_answers_without_a_counterpart_are_not_planned(planned, pair):
    run(planned(toy(), toy("two"), baseline="one"))
    whole = pair()
    path = planned(toy()).folder.cell("two", "toy_open", "deu_Latn")
    kept = read_shard(path, Completion)[:5]
    write_shard(path, kept, COMPLETION_SCHEMA, shard_metadata(path))
    part = pair()
    assert (whole.items, whole.requests) == (ITEMS, 2 * ITEMS)
    assert (part.items, part.requests) == (5, 10)
    assert part.prompt_tokens.high < whole.prompt_tokens.high / 2


def test_a_question_that_two_games_share_is_planned_once(planned, pair):
    harm = judge(judge="harm")
    before = pair(judge_=harm)
    run(planned(toy(), toy("two"), baseline="one"))
    after = pair(judge_=harm)
    assert before.requests == after.requests == 2 * ITEMS


@pytest.mark.parametrize(("name", "times"), [("llm", 2), ("harm", 1)])
def test_an_answer_is_shown_once_alone_and_twice_in_pairs(planned, name, times):
    made = planned(toy(), toy("two"), baseline="one", judges=[judge(judge=name)]).judges[0]
    item = Item("1", "q1", "deu_Latn", PROMPTS[0])
    for repeats in (1, 3):
        assert _shown(made, made.spec.endpoint, item, range(repeats)) == pytest.approx(times * repeats)


def test_answers_in_the_cache_are_as_long_as_others(planned, cache):
    def made():
        return planned(asked(), asked(name="two"), baseline="one", judges=[judge()])

    before = made().games[0]
    for call in calls():
        cache.put(call_key(EndpointSettings(**ADDRESS), call), Reply("text"))
    after = made()
    assert {cell.cached for cell in after.cells} == {ITEMS}
    assert after.games[0].prompt_tokens == before.prompt_tokens


def questions(made):
    two, one = (read_shard(made.folder.cell(name, "toy_open", "deu_Latn"), Completion) for name in ("two", "one"))
    items = {str(n): Item(str(n), f"q{n}", "deu_Latn", prompt) for n, prompt in enumerate(PROMPTS)}
    judge = made.judges[0].judge
    return [call for match in pairings(two, one, items).matches() for call in judge.calls(match)]


def test_verdicts_in_the_cache_are_found_before_they_are_paid_for_again(planned, pair, cache):
    run(planned(toy(), toy("two"), baseline="one"))
    before = pair()
    made = planned(toy(), toy("two"), baseline="one", judges=[judge()])
    settings = EndpointSettings(**PRICED)
    asked_for = {call_key(settings, call) for call in questions(made)}
    for key in sorted(asked_for)[:6]:
        cache.put(key, Reply("[[A]]"))
    after = pair()
    assert len(asked_for) == before.requests
    assert after.cached == 6
    assert ends(after.price) == near(before.price * (1 - 6 / before.requests))
    assert pair(judge_=judge({**PRICED, "model": "other"})).cached == 0


def test_a_stored_cell_is_not_looked_up_and_has_its_numbers_all_the_same(planned):
    made = planned(toy())
    run(made)
    after = planned(toy()).cells[0]
    assert after.stored
    assert (after.items, after.requests, after.key) == (ITEMS, ITEMS, made.cells[0].key)
    assert planned(toy()).missing_cells == ()


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_is_cached_takes_its_share_and_nothing_becomes_negative(requests, cached, low, more):
    cached = min(requests, cached)
    span = Range(low, low + more)
    found = cost_fields(3, requests, cached, span, span, EndpointSettings(**PRICED))
    assert 0 <= found["prompt_tokens"].low <= found["prompt_tokens"].high <= span.high
    assert 0 <= found["price"].low <= found["price"].high
    if requests == cached:
        assert found["price"] == Range()
