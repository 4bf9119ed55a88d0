"""Each request is written down before it is sent and after it has ended; budgets are held by what is written."""

from __future__ import annotations

import json
import os
from decimal import Decimal

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints import Endpoint, Ledger, Prices
from polyarena.harness.endpoints.accounting.budget import (
    Budget,
    BudgetError,
    BudgetGuard,
    max_request_cost,
)
from polyarena.harness.endpoints.accounting.cost_label import CostLabel, attribute_costs, current_cost_label
from polyarena.harness.endpoints.accounting.cost_table import COST_SCHEMA, cost_frame, cost_table
from polyarena.harness.endpoints.accounting.entry import Account, JournalEntry
from polyarena.harness.endpoints.accounting.journal import Journal, read_entries
from polyarena.harness.endpoints.accounting.tally import Tally
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError

PRICES = Prices(input=1, output=2)
GERMAN = Account(CostLabel("judges", "llm", "t", "deu_Latn"), "m", prices=PRICES)
KEY = "ab" * 32


def no_answer(key):
    return None


@pytest.fixture
def path(tmp_path):
    return tmp_path / "attempts.jsonl"


def test_what_is_written_is_read(path):
    with Journal(path, no_answer) as journal:
        number = journal.sent(GERMAN, KEY, Decimal("0.5"))
        assert read_entries(path) == {number: JournalEntry(GERMAN, KEY, Decimal("0.5"))}
        journal.ended(number, "ok", Reply("x", "stop", 10, 3, cached_tokens=4))
        unpriced = journal.sent(Account(CostLabel(), "n"), "cd" * 32, None)
        journal.ended(unpriced, "429", Reply("", error="busy"))
    assert read_entries(path) == {
        1: JournalEntry(GERMAN, KEY, Decimal("0.5"), "ok", 10, 3, 4),
        2: JournalEntry(Account(CostLabel(), "n"), "cd" * 32, None, "429"),
    }


def test_several_ends_are_one_write(path, monkeypatch):
    with Journal(path, no_answer) as journal:
        numbers = [journal.sent(GERMAN, KEY, None) for _ in range(3)]
        writes = []
        write = journal._append
        monkeypatch.setattr(journal, "_append", lambda content: (writes.append(content), write(content)))
        journal.all_ended((number, "ok", Reply("", None, number, 1)) for number in numbers)
    assert len(writes) == 1
    assert [entry.prompt_tokens for entry in read_entries(path).values()] == numbers


def test_a_label_is_written_once_and_an_equal_one_not_again(path):
    equal = Account(CostLabel("judges", "llm", "t", "deu_Latn"), "m", prices=Prices(input=1, output=2))
    dearer = Account(GERMAN.label, "m", prices=Prices(input=2, output=2))
    with Journal(path, no_answer) as journal:
        for label in (GERMAN, equal, dearer, GERMAN):
            journal.sent(label, KEY, None)
    assert [entry.account for entry in read_entries(path).values()] == [GERMAN, GERMAN, dearer, GERMAN]
    assert path.read_text().count('"who"') == 2


def test_numbers_and_labels_go_on_in_a_later_process(path):
    for _ in range(3):
        with Journal(path, no_answer) as journal:
            journal.ended(journal.sent(GERMAN, KEY, None), "500", Reply(""))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum("who" in line for line in lines) == 1
    assert list(read_entries(path)) == [1, 2, 3]


def test_nothing_is_made_before_the_first_request(path):
    with Journal(path, no_answer):
        pass
    assert not path.exists()
    assert cost_table(path) == []
    assert list(cost_frame(path).columns) == COST_SCHEMA.names


@pytest.mark.parametrize("kept", [True, False])
def test_a_killed_process_leaves_nothing_open(path, kept):
    journal = Journal(path, no_answer)
    journal.sent(GERMAN, KEY, Decimal(1))
    journal.close()  # as after a kill: no end was written
    Journal(path, lambda key: Reply("x", "stop", 10, 3) if kept and key == KEY else None).close()
    [entry] = read_entries(path).values()
    assert (entry.outcome, entry.prompt_tokens) == (("ok", 10) if kept else ("abandoned", None))
    assert entry.charge == (Decimal("0.000016") if kept else 1)


def test_requests_in_a_batch_stay_open(path):
    label = Account(CostLabel("judges", "llm"), "m", batch=True)
    with Journal(path, no_answer) as journal:
        journal.sent(label, KEY, Decimal(1))
    with Journal(path, no_answer) as journal:
        assert list(journal.open_batches) == [KEY]
    assert read_entries(path)[1].outcome is None


@given(cut=st.integers(min_value=1, max_value=400))
def test_a_line_that_was_cut_off_hurts_no_other(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("journal") / "attempts.jsonl"
    with Journal(path, no_answer) as journal:
        for _ in range(4):
            journal.ended(journal.sent(GERMAN, KEY, None), "ok", Reply("", None, 1, 1))
    whole = path.read_bytes()
    path.write_bytes(whole[: max(len(whole) - cut, 0)])
    before = read_entries(path)
    with Journal(path, no_answer) as journal:
        number = journal.sent(GERMAN, KEY, None)
        journal.ended(number, "ok", Reply("", None, 5, 5))
    after = read_entries(path)
    assert after[number].prompt_tokens == 5
    assert len(after) == len(before) + 1
    assert all(entry.outcome for entry in after.values())


def test_a_journal_that_cannot_be_read_is_told(path):
    path.mkdir()
    with pytest.raises(StoreError, match="journal of requests cannot be read"):
        read_entries(path)


def test_a_journal_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written") as caught:
        Journal(tmp_path / "file" / "attempts.jsonl", no_answer).sent(GERMAN, KEY, None)
    assert "attempts.jsonl" in caught.value.where


def test_a_line_that_the_disk_took_in_part_is_an_error_and_spoils_no_other(path, monkeypatch):
    write = os.write
    with Journal(path, no_answer, exclusive=True) as journal:
        first = journal.sent(GERMAN, KEY, None)
        monkeypatch.setattr("os.write", lambda file, content: write(file, content[:20]))
        with pytest.raises(StoreError, match="cannot be written") as caught:
            journal.sent(GERMAN, "cd" * 32, None)
        assert "space" in caught.value.why
        monkeypatch.setattr("os.write", write)
        journal.ended(first, "ok", Reply("x", "stop", 10, 3))
        last = journal.sent(GERMAN, "ef" * 32, None)
    assert {number: (entry.key, entry.outcome) for number, entry in read_entries(path).items()} == {
        first: (KEY, "ok"),
        last: ("ef" * 32, None),
    }
    with Journal(path, no_answer) as journal:
        assert journal.sent(GERMAN, KEY, None) == last + 1


@every_case(
    ("outcome", "tokens", "charge"),
    [
        ("ok", (10, 3), Decimal("0.000016")),
        ("ok", (None, None), Decimal(7)),
        ("filtered", (10, 0), Decimal("0.00001")),
        ("429", (None, None), Decimal(0)),
        ("500", (None, None), Decimal(0)),
        ("connection", (None, None), Decimal(0)),
        ("timeout", (None, None), Decimal(7)),
        ("cut_off", (None, None), Decimal(7)),
        ("malformed", (None, None), Decimal(7)),
        ("malformed", (10, None), Decimal(7)),
        ("malformed", (10, 3), Decimal("0.000016")),
        ("filtered", (None, None), Decimal(7)),
        ("batch", (None, None), Decimal(0)),
        ("abandoned", (None, None), Decimal(7)),
        (None, (None, None), Decimal(7)),
    ],
)
def test_what_may_have_been_billed_counts_against_a_budget(outcome, tokens, charge):
    assert JournalEntry(GERMAN, KEY, Decimal(7), outcome, *tokens).charge == charge


def test_purposes_nest_and_end():
    one, other = CostLabel("judges", "a"), CostLabel("candidates", "b")
    with attribute_costs(one):
        with attribute_costs(other):
            assert current_cost_label() == other
        assert current_cost_label() == one
    assert current_cost_label() == CostLabel()


def test_a_stream_of_several_purposes_books_each_call_on_its_own():
    purposes = {"t/deu_Latn/1": CostLabel("judges", "a", "t", "deu_Latn")}
    last = CostLabel("judges", "a", "t", "swh_Latn")
    with attribute_costs(lambda match: purposes.get(match, last)):
        assert current_cost_label("t/deu_Latn/1").language == "deu_Latn"
        assert current_cost_label("elsewhere") == current_cost_label() == last
    assert current_cost_label("t/deu_Latn/1") == CostLabel()


def test_the_ledger_of_a_folder_by_judge_and_language(path):
    swahili = Account(CostLabel("judges", "llm", "t", "swh_Latn"), "m", prices=PRICES)
    with Journal(path, no_answer) as journal:
        for label, outcome, tokens in [
            (swahili, "ok", (100, 10)),
            (GERMAN, "500", (None, None)),
            (GERMAN, "ok", (50, 5)),
            (GERMAN, "ok", (None, None)),
        ]:
            journal.ended(journal.sent(label, KEY, None), outcome, Reply("", None, *tokens))
        journal.sent(swahili, KEY, None)
    german, other = cost_table(path)
    assert (german.language, german.requests, german.answered, german.prompt_tokens, german.cost) == (
        "deu_Latn",
        3,
        2,
        50,
        None,
    )
    assert (other.language, other.requests, other.abandoned, other.cost) == ("swh_Latn", 2, 1, "0.00012")
    assert (other.currency, other.mode) == ("USD", "online")


def body(longest):
    """A request that costs twice its longest answer at most, at the prices above and without a prompt."""
    return {"messages": [], "max_tokens": longest * 500_000}


def test_a_budget_waits_for_requests_in_flight_and_ends_where_none_is(path):
    with Journal(path, no_answer) as journal:
        guard = BudgetGuard(journal, [Budget(Decimal(10), "it")])
        first = guard.begin(GERMAN, KEY, body(8))
        assert guard.begin(GERMAN, KEY, body(8)) is None
        guard.end(first, "ok", Reply("", None, 0, 2_500_000))
        assert (journal.charged(), journal.reserved()) == (5, 0)
        second = guard.begin(GERMAN, KEY, body(5))
        guard.end(second, "ok", Reply("", None, 0, 2_500_000))
        with pytest.raises(BudgetError, match="it is spent") as caught:
            guard.begin(GERMAN, KEY, body(1))
    assert caught.value.exit_code == 5
    assert "0 of 10 is left" in caught.value.why


def test_a_budget_that_is_too_small_is_not_called_spent(path):
    with Journal(path, no_answer) as journal:
        guard = BudgetGuard(journal, [Budget(Decimal("0.001"), "it")])
        with pytest.raises(BudgetError, match="it does not cover the next request") as caught:
            guard.begin(GERMAN, KEY, body(1))
    assert "0.001 of 0.001 is left" in caught.value.why
    assert "by at least 0.999" in caught.value.fix


def test_budgets_hold_across_everything_that_runs_at_once(path):
    budget = Budget(Decimal(10), "it")
    with Journal(path, no_answer) as one, Journal(path, no_answer) as other:
        first, second = BudgetGuard(one, [budget]), BudgetGuard(other, [budget])
        begun = first.begin(GERMAN, KEY, body(6))
        assert second.begin(GERMAN, KEY, body(6)) is None
        first.end(begun, "ok", Reply("", None, 0, 3_000_000))
        with pytest.raises(BudgetError, match="4 of 10 is left"):
            second.begin(GERMAN, KEY, body(6))
        assert second.begin(GERMAN, KEY, body(4)) is not None
        assert first.begin(GERMAN, KEY, body(1)) is None


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), max_size=30))
def test_a_budget_is_never_exceeded(tmp_path_factory, requests):
    path = tmp_path_factory.mktemp("journal") / "attempts.jsonl"
    with Journal(path, no_answer) as journal:
        guard = BudgetGuard(journal, [Budget(Decimal(100), "it")])
        for most, taken in requests:
            try:
                begun = guard.begin(GERMAN, KEY, body(most))
            except BudgetError:
                assert journal.charged() + most > 100
                continue
            guard.end(begun, "ok", Reply("", None, 0, min(taken, most) * 500_000))
        assert journal.charged() <= 100


@given(st.text(max_size=200), st.integers(1, 500))
def test_the_most_that_a_request_can_cost(text, longest):
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": longest}
    most = max_request_cost(GERMAN, body)
    assert most >= PRICES.cost(len(text.encode("utf-8", "replace")), longest)
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": "data:,x"}}]
    assert max_request_cost(GERMAN, {**body, "messages": [{"role": "user", "content": parts}]}) > most
    recording = {"type": "input_audio", "input_audio": {"data": "A" * 8_000, "format": "wav"}}
    sent = {**body, "messages": [{"role": "user", "content": [parts[0], recording]}]}
    assert max_request_cost(GERMAN, sent) == most + PRICES.cost(8_000, 0)
    assert max_request_cost(Account(CostLabel(), "m"), body) is None


def test_a_budget_of_one_judge_leaves_another_alone(path):
    other = Account(CostLabel("judges", "other"), "m", prices=PRICES)
    body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 500_000}
    with Journal(path, no_answer) as journal:
        spending = BudgetGuard(journal, [Budget(Decimal(1), "llm", "llm"), Budget(Decimal(3), "all")])
        with pytest.raises(BudgetError, match="llm does not cover"):
            spending.begin(GERMAN, KEY, {**body, "max_tokens": 600_000})
        begun = spending.begin(other, KEY, body)
        assert spending.begin(GERMAN, KEY, {**body, "max_tokens": 499_000}) is not None
        assert spending.begin(other, KEY, {**body, "max_tokens": 600_000}) is None
        spending.end(begun, "429", Reply(""))
        assert spending.begin(other, KEY, {**body, "max_tokens": 600_000}) is not None
    entries = read_entries(path)
    llm = [entry for entry in entries.values() if entry.account.label.name == "llm"]
    assert Tally.of(entries.values()).charged > Tally.of(llm).charged > 0


def test_an_endpoint_stops_before_its_budget_and_gives_what_is_kept(
    scripted_server, open_endpoint, ask_for, cache, path
):
    scripted_server.script = lambda _: scripted_server.ok(prompt_tokens=20, completion_tokens=8)
    settings = open_endpoint(prices={"input": 1, "output": 1}, concurrency=4).settings
    with Journal(path, cache.get) as journal:
        budget = Budget(Decimal("0.002"), "the budget")
        with Endpoint(settings, cache, Ledger(), budget_guard=BudgetGuard(journal, [budget])) as endpoint:
            stream = endpoint(ask_for(*map(str, range(200))))
            got = []
            with pytest.raises(BudgetError, match="the budget does not cover"):
                got.extend(stream)
            assert journal.charged() <= budget.limit
            assert len(cache) == len(scripted_server.log)
            # All but the last request's bound is used: 17 bytes and 512 tokens.
            assert journal.charged() > budget.limit - Decimal("0.0006")
            assert next(endpoint(ask_for("0"))).error is None
            with pytest.raises(BudgetError):
                list(endpoint(ask_for("a new one")))
    assert all(entry.outcome == "ok" for entry in read_entries(path).values())


def test_a_journal_of_one_process_forgets_what_has_ended(path):
    for _ in range(2):
        with Journal(path, no_answer, exclusive=True) as journal:
            assert not journal._lines.entries
            for _ in range(5):
                journal.ended(journal.sent(GERMAN, KEY, Decimal("0.5")), "ok", Reply("x", "stop", 1_000_000, 0))
            open_number = journal.sent(GERMAN, KEY, Decimal("0.5"))
            assert list(journal._lines.entries) == [open_number]
            assert journal.reserved() == Decimal("0.5")
            # Money is not forgotten.
            assert journal.charged() >= 5
            # A second end of the same request says nothing new.
            journal.ended(open_number - 1, "ok", Reply("x", "stop", 1_000_000, 0))
            assert list(journal._lines.entries) == [open_number]
    assert sorted(read_entries(path)) == list(range(1, 13))


@every_case("exclusive", [True, False])
def test_what_is_remembered_is_what_is_written(path, exclusive):
    """Lines are not read again by who writes them: both ways must come to the same."""
    path = path.with_name(f"{exclusive}.jsonl")
    with Journal(path, no_answer, exclusive=exclusive) as journal:
        for account in (GERMAN, Account(CostLabel(), "n"), GERMAN):
            for outcome, reply in (
                ("ok", Reply("x", "stop", 10, 3, cached_tokens=4)),
                ("429", Reply("")),
                (None, None),
            ):
                number = journal.sent(account, KEY, Decimal("0.25") if account.prices else None, repeats=outcome)
                if outcome is not None:
                    journal.ended(number, outcome, reply)
        charged, reserved = journal.charged(), journal.reserved()
        with Journal(path, no_answer) as other, other.transaction():
            if not exclusive:
                assert (other.charged(), other.reserved()) == (charged, reserved)
                assert other._lines.entries == journal._lines.entries == read_entries(path)
    assert charged == GERMAN.prices.cost(10, 3, 4) * 2
    assert reserved == Decimal("0.5")
