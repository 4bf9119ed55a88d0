"""The journal line by line: what is written, what strange lines do, what counts as money."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.endpoints import Prices
from polyarena.harness.endpoints.accounting.cost_label import CostLabel
from polyarena.harness.endpoints.accounting.cost_table import cost_table
from polyarena.harness.endpoints.accounting.entry import Account, JournalEntry
from polyarena.harness.endpoints.accounting.journal import Journal, read_entries
from polyarena.harness.endpoints.accounting.tally import Tally
from polyarena.judges.protocol import Reply
from polyarena.tasks.errors import StoreError

KEYS = ["ab" * 32, "cd" * 32, "ef" * 32]
LABEL = Account(CostLabel("candidates", "one", "t", "deu_Latn"), "m", prices=Prices(input=1, output=2))
BATCH = Account(LABEL.label, "m", batch=True, prices=LABEL.prices)
WRITTEN = {"label": 1, "who": "judges", "name": "j", "task": "t", "language": "deu_Latn", "model": "m", "batch": False,
           "prices": None}  # fmt: skip
SENT = {"sent": 1, "label": 1, "key": KEYS[0], "most": "0.5"}
ENDED = {"ended": 1, "outcome": "ok", "tokens": [9, 1, None]}

AMOUNTS = st.decimals(0, 10**6, allow_nan=False, allow_infinity=False, places=8)
TEXTS = st.text(max_size=8)
PRICES = st.none() | st.builds(
    Prices, input=AMOUNTS, output=AMOUNTS, cached_input=st.none() | AMOUNTS, currency=st.sampled_from(["USD", "€"])
)
LABELS = st.builds(Account, st.builds(CostLabel, TEXTS, TEXTS, TEXTS, TEXTS), TEXTS, st.booleans(), PRICES)
OUTCOMES = st.none() | st.sampled_from(
    ["ok", "429", "500", "connection", "quota", "batch", "timeout", "cut_off", "malformed", "filtered", "abandoned"]
)
COUNTS = st.none() | st.integers(0, 10**6)


def no_answer(key):
    return None


@pytest.fixture
def path(tmp_path):
    return tmp_path / "attempts.jsonl"


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path, *rows):
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")


def test_the_lines_are_as_the_page_of_the_module_says(path):
    with Journal(path, no_answer) as journal:
        number = journal.sent(LABEL, KEYS[0], Decimal("1E-7"))
        journal.ended(number, "ok", Reply("secret words", "stop", 9, 1))
    label, sent, ended = lines(path)
    assert (label["label"], label["who"], label["batch"], label["prices"]["input"]) == (1, "candidates", False, "1")
    # A plain number, however small, that any program reads.
    assert sent.pop("writer").isalnum()
    assert sent == {"sent": 1, "label": 1, "key": KEYS[0], "most": "0.0000001"}
    assert ended == {"ended": 1, "outcome": "ok", "tokens": [9, 1, None]}
    assert "secret" not in path.read_text()


@given(labels=st.lists(LABELS, min_size=1, max_size=6), most=st.none() | AMOUNTS)
def test_labels_and_amounts_come_back_exactly_in_whatever_letters(tmp_path_factory, labels, most):
    path = tmp_path_factory.mktemp("journal") / "attempts.jsonl"
    with Journal(path, no_answer) as journal:
        numbers = [journal.sent(label, KEYS[0], most) for label in labels]
    found = read_entries(path)
    assert numbers == list(range(1, len(labels) + 1))
    assert [found[number].account for number in numbers] == labels
    assert {entry.max_cost for entry in found.values()} == {most}
    assert sum("who" in line for line in lines(path)) == len(set(labels))


@pytest.mark.parametrize(
    "strange",
    [
        "",
        "no json",
        "[1, 2]",
        "17",
        "null",
        '{"else": 1}',
        {"ended": 99, "outcome": "ok", "tokens": [1, 1, 0]},
        {"sent": 7, "label": 42, "key": KEYS[1], "most": None},
        '{"sent": 3, "label": 1, "ke',
        {"label": "x", "who": 1},
        {"label": 2, "who": "judges", "name": "j", "task": "t", "language": "l", "model": "m", "batch": "no"},
        {**WRITTEN, "label": 3, "prices": {"input": "many"}},
        {"sent": "two", "label": 1, "key": KEYS[1], "most": None},
        {"sent": 2, "label": 1, "key": "no hex", "most": None},
        {"sent": 2, "label": 1, "key": 5, "most": None},
        {"sent": 2, "label": 1, "key": KEYS[1], "most": "much"},
        {"sent": 2, "label": 1, "key": KEYS[1], "most": "-1"},
        {"sent": 2, "label": 1, "key": KEYS[1], "most": "NaN"},
        {"sent": 2, "label": [1], "key": KEYS[1], "most": None},
        {"sent": 10**20, "label": 1, "key": KEYS[1], "most": None},
        {"ended": 99},
        {"ended": {"of": 1}, "outcome": "ok", "tokens": [1, 1, 0]},
        {"ended": 1, "outcome": "ok", "tokens": 7},
        {"ended": 1, "outcome": "ok", "tokens": [1, 1]},
    ],
    ids=str,
)
@pytest.mark.parametrize("place", range(4))
def test_a_strange_line_hurts_no_other_wherever_it_stands(path, strange, place):
    rows = [WRITTEN, SENT, ENDED]
    write(path, *rows[:place], strange, *rows[place:])
    label = Account(CostLabel("judges", "j", "t", "deu_Latn"), "m")
    assert read_entries(path) == {1: JournalEntry(label, KEYS[0], Decimal("0.5"), "ok", 9, 1, None)}


def test_bytes_that_are_no_text_cost_their_line_alone(path):
    write(path, WRITTEN, SENT)
    path.write_bytes(path.read_bytes() + b"\xff\xfe\x00\n" + json.dumps(ENDED).encode() + b"\n")
    assert read_entries(path)[1].outcome == "ok"


def test_a_number_that_got_another_label_means_it_from_there_on(path):
    other = {**WRITTEN, "name": "other"}
    write(path, WRITTEN, SENT, other, {**SENT, "sent": 2})
    assert [entry.account.label.name for entry in read_entries(path).values()] == ["j", "other"]


def test_of_two_ends_the_later_one_stands(path):
    write(path, WRITTEN, SENT, ENDED, {**ENDED, "outcome": "500", "tokens": [None, None, None]})
    assert read_entries(path)[1].outcome == "500"


@pytest.fixture
def busy_threads():
    """Lets threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("busy_threads")
def test_threads_get_numbers_of_their_own(path):
    numbers: list[int] = []
    start = threading.Barrier(8)
    with Journal(path, no_answer) as journal:

        def send():
            start.wait()
            for _ in range(25):
                number = journal.sent(LABEL, KEYS[0], None)
                journal.ended(number, "ok", Reply("", None, number, 0))
                numbers.append(number)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(numbers) == list(range(1, 201))
    assert {number: entry.prompt_tokens for number, entry in read_entries(path).items()} == {n: n for n in numbers}


def test_of_a_batch_only_what_is_not_answered_stays_open(path):
    with Journal(path, no_answer) as journal:
        for key in KEYS:
            journal.sent(BATCH, key, Decimal(1))
        journal.ended(2, "ok", Reply("", None, 5, 5))
    kept = {KEYS[0]: Reply("x", "stop", 3, 1)}
    with Journal(path, kept.get) as journal:
        assert {key: number for key, (number, _) in journal.open_batches.items()} == {KEYS[2]: 3}
        assert [entry.outcome for entry in read_entries(path).values()] == ["ok", "ok", None]
    assert [entry.prompt_tokens for entry in read_entries(path).values()] == [3, 5, None]


def test_looking_again_changes_nothing_more(path):
    with Journal(path, no_answer) as journal:
        journal.sent(LABEL, KEYS[0], Decimal(1))
        journal.sent(BATCH, KEYS[1], Decimal(1))
    Journal(path, no_answer).close()
    once = path.read_bytes()
    Journal(path, no_answer).close()
    assert path.read_bytes() == once
    assert [entry.outcome for entry in read_entries(path).values()] == ["abandoned", None]


def test_closing_twice_is_harmless_and_a_late_end_is_still_written(path):
    journal = Journal(path, no_answer)
    number = journal.sent(LABEL, KEYS[0], None)
    journal.close()
    journal.close()
    journal.ended(number, "ok", Reply("", None, 1, 1))
    journal.close()
    assert read_entries(path)[number].outcome == "ok"


def test_no_ends_write_nothing(path):
    with Journal(path, no_answer) as journal:
        journal.sent(LABEL, KEYS[0], None)
        before = path.read_bytes()
        journal.all_ended([])
    assert path.read_bytes() == before


def test_a_full_disk_is_told_with_its_reason(path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with Journal(path, no_answer) as journal:
        monkeypatch.setattr("polyarena.harness.endpoints.accounting.journal.os.write", full)
        with pytest.raises(StoreError, match="cannot be written") as caught:
            journal.sent(LABEL, KEYS[0], None)
        monkeypatch.undo()
    assert (caught.value.where, caught.value.why) == (str(path), "No space left on device")


@given(LABELS, st.none() | AMOUNTS, OUTCOMES, COUNTS, COUNTS, COUNTS)
def test_what_is_charged_is_the_cost_or_the_most_that_it_can_be(label, most, outcome, prompt, completion, cached):
    entry = JournalEntry(label, KEYS[0], most, outcome, prompt, completion, cached)
    assert entry.charge in {entry.cost, most, Decimal(0)}
    assert entry.charge >= 0
    if entry.cost is not None:
        assert entry.charge >= entry.cost
    elif most is not None:
        assert entry.charge == most


@given(PRICES.filter(bool), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_batch_costs_its_share_and_cached_tokens_their_own_price(prices, prompt, completion):
    online, batch = (JournalEntry(Account(CostLabel(), "m", mode, prices), KEYS[0], None, "ok", prompt, completion, 0)
                     for mode in (False, True))  # fmt: skip
    assert batch.cost == online.cost * prices.batch_share
    whole = JournalEntry(online.account, KEYS[0], None, "ok", prompt, completion, 2 * prompt)
    cheaper = prices.input if prices.cached_input is None else prices.cached_input
    assert whole.cost == (cheaper * prompt + prices.output * completion) / 1_000_000


ENDS = st.lists(st.tuples(OUTCOMES, COUNTS, COUNTS, COUNTS), max_size=12)


@given(ENDS)
def test_the_ledger_and_the_budget_say_the_same(tmp_path_factory, ends):
    path = tmp_path_factory.mktemp("journal") / "attempts.jsonl"
    with Journal(path, no_answer) as journal:
        for outcome, *counts in ends:
            number = journal.sent(LABEL, KEYS[0], Decimal(7))
            if outcome is not None:
                journal.ended(number, outcome, Reply("", None, *counts[:2], cached_tokens=counts[2]))
    rows = cost_table(path)
    entries = read_entries(path)
    assert sum(Decimal(row.cost_upper_bound) for row in rows) == Tally.of(entries.values()).charged
    assert sum(row.maybe_billed for row in rows) == sum(entry.maybe_billed for entry in entries.values())
    for row in rows:
        assert row.maybe_billed <= row.requests - row.answered
        unknown = [entry for entry in entries.values() if entry.cost is None]
        if row.cost is not None:
            assert Decimal(row.cost_upper_bound) - Decimal(row.cost) == 7 * len(unknown)
            assert row.maybe_billed == len(unknown)


def test_requests_that_may_have_been_billed_are_in_the_ledger_with_the_most_that_they_cost(path):
    with Journal(path, no_answer) as journal:
        for outcome in ("timeout", "cut_off", "malformed", "filtered", "abandoned", "429", "connection"):
            journal.ended(journal.sent(LABEL, KEYS[0], Decimal("0.007")), outcome, Reply(""))
        journal.ended(journal.sent(LABEL, KEYS[0], Decimal("0.007")), "ok", Reply("", None, 1_000_000, 0))
    [row] = cost_table(path)
    assert (row.requests, row.answered, row.maybe_billed, row.abandoned) == (8, 1, 5, 1)
    assert (row.cost, row.cost_upper_bound) == ("1", "1.035")


@pytest.mark.parametrize("outcome", ["429", "timeout", "ok"])
def test_without_prices_no_row_has_a_cost(path, outcome):
    with Journal(path, no_answer) as journal:
        journal.ended(journal.sent(Account(LABEL.label, "m"), KEYS[0], None), outcome, Reply(""))
    [row] = cost_table(path)
    assert (row.cost, row.cost_upper_bound, row.currency) == (None, None, "")
    assert row.maybe_billed == (outcome == "timeout")


def test_an_answer_without_counts_has_a_bound_but_no_cost(path):
    with Journal(path, no_answer) as journal:
        journal.ended(journal.sent(LABEL, KEYS[0], Decimal("0.5")), "ok", Reply("x"))
    [row] = cost_table(path)
    assert (row.maybe_billed, row.cost, row.cost_upper_bound) == (0, None, "0.5")


def test_the_ledger_tells_batches_and_currencies_apart(path):
    euros = Account(LABEL.label, "m", prices=Prices(input=1, output=2, currency="EUR"))
    unpriced = Account(LABEL.label, "m")
    with Journal(path, no_answer) as journal:
        for label in (LABEL, BATCH, euros, unpriced, BATCH):
            journal.ended(journal.sent(label, KEYS[0], None), "ok", Reply("", None, 1_000_000, 0))
    found = [(row.mode, row.currency, row.requests, row.cost and Decimal(row.cost)) for row in cost_table(path)]
    assert found == [("batch", "USD", 2, 1), ("online", "", 1, None), ("online", "EUR", 1, 1), ("online", "USD", 1, 1)]


WRITER = """
import sys
from pathlib import Path
from polyarena.harness.endpoints.accounting.cost_label import CostLabel
from polyarena.harness.endpoints.accounting.entry import Account
from polyarena.harness.endpoints.accounting.journal import Journal
from polyarena.judges.protocol import Reply
account = Account(CostLabel("judges", sys.argv[2], "t", "deu_Latn"), "m")
with Journal(Path(sys.argv[1]), lambda key: None) as journal:
    print("open", flush=True)
    sys.stdin.readline()
    for number in range(100):
        journal.ended(journal.sent(account, "ab" * 32, None), "ok", Reply("", None, number, 1))
"""


def test_two_processes_that_write_at_once_lose_no_entry(path):
    names = ["a", "b"]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in names
    ]
    for writer in writers:
        assert writer.stdout.readline() == "open\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    entries = read_entries(path)
    assert list(entries) == list(range(1, 201))
    for name in names:
        mine = [entry for entry in entries.values() if entry.account.label.name == name]
        assert [entry.prompt_tokens for entry in mine] == list(range(100))
    assert [each.name for each in path.parent.iterdir() if "lock" in each.name] == [".attempts.lock"]


def test_two_journals_on_one_file_number_their_requests_together(path):
    with Journal(path, no_answer) as one, Journal(path, no_answer) as other:
        numbers = [journal.sent(LABEL, key, Decimal(1)) for key in KEYS for journal in (one, other)]
        assert numbers == [1, 2, 3, 4, 5, 6]
        one.ended(2, "ok", Reply("", None, 1, 1))
        with other.transaction():
            assert other.reserved() == 5
        with one.transaction():
            assert one.reserved() == 5
    assert read_entries(path)[2].outcome == "ok"


def test_requests_of_a_process_that_lives_stay_open(path):
    with Journal(path, no_answer) as one:
        one.sent(LABEL, KEYS[0], Decimal(1))
        with Journal(path, no_answer) as other:
            assert other.reserved() == 1
        assert read_entries(path)[1].outcome is None
    Journal(path, no_answer).close()
    assert read_entries(path)[1].outcome == "abandoned"


def test_a_linked_journal_is_not_written_through(path, tmp_path):
    target = tmp_path / "theirs.txt"
    target.write_text("theirs\n")
    path.symlink_to(target)
    with Journal(path, no_answer) as journal, pytest.raises(StoreError, match="symbolic link") as caught:
        journal.sent(LABEL, KEYS[0], None)
    assert "copy" in caught.value.fix
    assert target.read_text() == "theirs\n"


def test_a_request_that_repeats_another_says_so(path):
    with Journal(path, no_answer) as journal:
        journal.ended(journal.sent(LABEL, KEYS[0], None), "429", Reply(""))
        journal.sent(LABEL, KEYS[0], None, repeats="429")
    assert [entry.repeats for entry in read_entries(path).values()] == [None, "429"]
    assert Tally.of(read_entries(path).values()).retries == {"429": 1}
