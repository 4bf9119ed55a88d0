"""What an endpoint counted in earlier answers is what a plan expects of those to come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints import CallCache, EndpointSettings, call_key
from polyarena.harness.planning import plan
from polyarena.harness.planning.cost import MIN_REPLIES, Range, call_size, token_rates
from polyarena.harness.planning.existing_results import ExistingResults
from polyarena.harness.planning.games import _asked, _paired
from polyarena.harness.planning.items import open_item_loader
from polyarena.harness.running.runner import run
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.prompt import Media

PRICED = {"base_url": "http://127.0.0.1:9/v1", "model": "m", "prices": {"input": 2, "output": 8}}


def call(size):
    return Call(({"role": "user", "content": "x" * size},))


def test_the_size_is_in_bytes_without_images():
    parts = (Media("image/png", b"1"), "ไทย")
    assert call_size(Call(({"role": "system", "content": "ab"}, {"role": "user", "content": parts}))) == 2 + 9


def test_equal_counts_leave_no_range():
    found = token_rates([(call(100), Reply("", None, 25, 7))] * MIN_REPLIES, 10)
    assert (found.per_byte, found.reply, found.answers) == (Range(0.25, 0.25), Range(7, 7), MIN_REPLIES)


def test_few_answers_or_answers_without_counts_measure_nothing():
    assert token_rates([(call(100), Reply("", None, 25, 7))] * (MIN_REPLIES - 1), 10) is None
    assert token_rates([(call(100), Reply("")), (call(100), Reply("", None, 25))] * MIN_REPLIES, 10) is None
    assert token_rates([], 10) is None


COUNTS = st.lists(st.tuples(st.integers(1, 4000), st.integers(1, 900), st.integers(0, 1024)), min_size=MIN_REPLIES)


@given(COUNTS, st.integers(0, 10_000))
def test_ranges_hold_the_mean_and_nothing_that_was_not_seen(counts, left):
    found = token_rates([(call(size), Reply("", None, prompt, reply)) for size, prompt, reply in counts], left)
    lengths, ratios = [reply for *_, reply in counts], [prompt / size for size, prompt, _ in counts]
    of_sums = sum(prompt for _, prompt, _ in counts) / sum(size for size, *_ in counts)
    for span, seen, mean in ((found.reply, lengths, sum(lengths) / len(lengths)), (found.per_byte, ratios, of_sums)):
        assert min(seen) <= span.low * (1 + 1e-9)
        assert span.high <= max(seen) * (1 + 1e-9)
        assert span.low <= mean * (1 + 1e-9)
        assert mean <= span.high * (1 + 1e-9)


def test_the_more_are_to_come_the_narrower_is_their_mean():
    answered = [(call(100), Reply("", None, 20 + n % 7, 50 + n)) for n in range(60)]
    few, many = token_rates(answered, 3).reply, token_rates(answered, 3000).reply
    assert few.low < many.low < many.high < few.high


@pytest.fixture
def planned(toys, tmp_path):
    """Plans two candidates against a baseline; all answers are stored, nothing is judged."""
    systems = [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two", "three")]
    data = {"name": "x", "systems": systems, "baseline": "one", "tasks": ["toy_open"], "languages": ["deu_Latn"]}
    run(plan(data, output=tmp_path / "run"))
    judge = {"name": "j", "judge": "llm", "endpoint": PRICED}
    return lambda: plan({**data, "judges": [judge]}, output=tmp_path / "run")


@pytest.fixture
def judged(planned, tmp_path):
    """Puts a verdict on each game of one candidate into the call cache, with counts of a token for each four bytes."""
    made = planned()
    cells = {cell.system: cell for cell in made.cells}
    with CallCache(tmp_path / "calls.sqlite") as cache, open_item_loader(None) as loader:
        cell_items = loader.cell_items(made.tasks[0], "deu_Latn")
        judge = made.judges[0]
        paired = _paired(judge, cells["two"], cells["one"], cell_items, ExistingResults(made.folder, cache))
        for asked in _asked(judge, judge.spec.endpoint, paired.matches()):
            counted = Reply("[[A>B]]", "stop", call_size(asked) // 4, 30)
            cache.put(call_key(EndpointSettings(**PRICED), asked), counted)
    return made


def test_a_system_that_is_added_costs_what_the_endpoint_counted_for_the_others(planned, judged):
    blind = next(games for games in judged.games if games.candidate == "three")
    after = {games.candidate: games for games in planned().games}
    assert (after["two"].cached, after["two"].price, after["two"].counted) == (24, Range(), 24)
    added = after["three"]
    assert (added.cached, added.counted, blind.counted) == (0, 24, 0)
    assert blind.prompt_tokens.low < added.prompt_tokens.low <= added.prompt_tokens.high < blind.prompt_tokens.high
    assert (added.completion_tokens.low, added.completion_tokens.high) == pytest.approx((24 * 30, 24 * 30))
    assert added.price.high - added.price.low < (blind.price.high - blind.price.low) / 50


def test_the_command_says_on_what_it_rests(planned, judged, capsys):
    from polyarena.harness.cli.plan import _print

    said = "in 2 pairs, from the endpoint's counts for cached answers; the run counts them exactly"
    for made, told in ((judged, False), (planned(), True)):
        _print(made)
        assert (said in " ".join(capsys.readouterr().out.split())) is told
