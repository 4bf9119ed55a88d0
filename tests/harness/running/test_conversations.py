"""Conversations: each turn is asked with the answers that the same system gave before, in whatever way it is asked."""

from __future__ import annotations

import itertools
import json
import random

import pytest
from every_case import every_case

from polyarena.harness import plan, run
from polyarena.harness.events import CellDone, CellFailed
from polyarena.harness.models.protocol import GenerateResult, ModelContext, StreamedResult
from polyarena.harness.running import work_units
from polyarena.harness.running.cell_stream import CellStream
from polyarena.harness.running.open_cell import CellContext, open_cell
from polyarena.harness.store import read_shard
from polyarena.tasks.data import DataSource
from polyarena.tasks.errors import ModelError
from polyarena.tasks.records import Completion

LANGUAGES = ("deu_Latn", "swh_Latn")
TASK = [{"task": "toy_talk"}]
TURNS = [f"{number}/{turn}" for number in range(6) for turn in range(1, 3 if number % 3 == 2 else 4)]


@pytest.fixture
def planned(experiment, toys, tmp_path):
    return plan(experiment(languages=list(LANGUAGES), tasks=TASK, judges=[]), output=tmp_path / "run")


def text(request):
    """Says what was asked, so that an answer tells the whole conversation before it."""
    return f"<{'|'.join(turn['content'] for turn in request.messages)}>"


class Echo:
    """Answers a stream a few at a time, in an order of the test's; some requests fail."""

    def __init__(self, ahead=10_000, seed=None, fails=lambda request: False):
        self.ahead, self.seed, self.fails, self.streams = ahead, seed, fails, 0

    def stream(self, requests):
        self.streams += 1
        numbered = enumerate(requests)
        while drawn := list(itertools.islice(numbered, self.ahead)):
            if self.seed is not None:
                random.Random(self.seed).shuffle(drawn)
            for position, request in drawn:
                failed = self.fails(request)
                result = None if failed else GenerateResult(json.dumps(request.messages), text(request))
                yield StreamedResult(position, result, "500 for ever" if failed else "")

    def failure(self, errors, requests):
        return ModelError(f"{len(errors)} of {requests} calls got no answer", why=errors[0])

    def generate(self, requests):
        return [GenerateResult(json.dumps(request.messages), text(request)) for request in requests]


def answers(rows):
    return {(row.item_id, row.sample_index): (row.prompt, row.text) for row in rows}


def expected(language, item_id):
    """The answer to a turn, from the conversation before it."""
    number, turn = item_id.split("/")
    told = ""
    for each in range(1, int(turn) + 1):
        told += f"turn {each} of {number} in {language}"
        told += f"|<{told}>|" if each < int(turn) else ""
    return f"<{told}>"


def test_a_turn_is_asked_with_the_answers_before_it(planned, context):
    cell = open_cell(planned.cells[0], context)
    rows = cell.ask(Echo())
    assert [row.item_id for row in rows] == TURNS
    assert [row.text for row in rows] == [expected(row.language, row.item_id) for row in rows]
    roles = [turn["role"] for turn in json.loads(rows[2].prompt)]
    assert roles == ["user", "assistant", "user", "assistant", "user"]


@every_case(("ahead", "seed"), [(10_000, None), (1, None), (3, 1), (7, 2), (10_000, 3)])
def test_a_stream_gives_the_same_answers_in_whatever_order_they_come(planned, context, ahead, seed):
    model = Echo(ahead, seed)
    events = list(CellStream(planned.cells, context, model, [].append).events())
    assert len([event for event in events if isinstance(event, CellDone)]) == len(planned.cells)
    for cell in planned.cells:
        rows = read_shard(planned.folder.cell(cell.system, cell.task, cell.language), Completion)
        assert [row.item_id for row in rows] == TURNS
        assert [row.text for row in rows] == [expected(cell.language, row.item_id) for row in rows]
    # Whoever draws everything at once is asked once more for each turn that follows.
    assert model.streams == (3 if ahead == 10_000 else model.streams)


def test_where_a_turn_fails_the_later_ones_are_not_asked(planned, context):
    asked = []

    def fails(request):
        asked.append(request.item_id)
        return request.language == "swh_Latn" and request.item_id == "1/2"

    events = list(CellStream(planned.cells, context, Echo(fails=fails), [].append).events())
    failed = [event for event in events if isinstance(event, CellFailed)]
    assert {event.language for event in failed} == {"swh_Latn"}
    assert all(f"2 of {len(TURNS)} calls got no answer" in event.error for event in failed)
    assert asked.count("1/3") == len(planned.systems)  # In German alone.


def test_each_sample_is_a_conversation_of_its_own(experiment, toys, tmp_path):
    systems = [{"name": "one", "model": "toy", "args": {"voice": "one"}, "samples": 2, "sampling": {"temperature": 1}}]
    changes = {"systems": systems, "baseline": None, "languages": ["deu_Latn"], "tasks": TASK, "judges": []}
    planned = plan(experiment(**changes), output=tmp_path / "run")
    context = CellContext(
        {each.spec.name: each for each in planned.systems},
        {each.spec.task: each for each in planned.tasks},
        DataSource(planned.data_root),
        planned.folder,
        ModelContext(),
    )

    class Numbered(Echo):
        def generate(self, requests):
            return [GenerateResult("", f"{request.sample_index}{text(request)}") for request in requests]

    rows = open_cell(planned.cells[0], context).ask(Numbered())
    assert len(rows) == 2 * len(TURNS)
    for row in rows:
        assert str(1 - row.sample_index) + "<" not in row.text


def test_a_system_without_an_answer_to_a_turn_has_none_to_later_ones(planned, context):
    class Gap(Echo):
        def generate(self, requests):
            return [GenerateResult("", None if request.item_id == "0/2" else text(request)) for request in requests]

    rows = open_cell(planned.cells[0], context).ask(Gap())
    assert [row.item_id for row in rows] == [turn for turn in TURNS if turn not in ("0/2", "0/3")]


@pytest.mark.parametrize("size", range(1, len(TURNS) + 1))
def test_ranges_of_items_cut_no_conversation_and_lose_none(planned, context, size, monkeypatch):
    monkeypatch.setattr(work_units, "ITEMS_PER_JOB", size)
    found = []
    for start, stop in work_units.item_ranges(len(TURNS)):
        part = open_cell(planned.cells[0], context, (start, stop))
        assert not part.items or part.items[0].previous is None
        found += [item.item_id for item in part.items]
        assert [row.text for row in part.ask(Echo())] == [expected("deu_Latn", item.item_id) for item in part.items]
    assert found == TURNS


def test_jobs_of_a_few_items_give_the_same_bytes(experiment, toys, tmp_path, monkeypatch):
    changes = {"languages": list(LANGUAGES), "tasks": TASK, "judges": []}
    whole = run(plan(experiment(**changes), output=tmp_path / "whole"), report=False)
    monkeypatch.setattr(work_units, "ITEMS_PER_JOB", 4)
    parts = run(plan(experiment(**changes), output=tmp_path / "parts"), report=False)
    for language in LANGUAGES:
        one, other = (each.folder.cell("one", "toy_talk", language).read_bytes() for each in (whole, parts))
        assert one == other


def test_a_plan_counts_every_turn_and_the_text_shown_again(planned):
    assert {cell.requests for cell in planned.cells} == {len(TURNS)}
    cell = planned.cells[0]
    own = sum(len(f"turn {item.split('/')[1]} of {item.split('/')[0]} in {cell.language}") for item in TURNS)
    assert cell.prompt_tokens.low > own / 5


def test_a_limit_keeps_the_first_turns_of_a_conversation(experiment, toys, tmp_path):
    for limit in range(1, len(TURNS) + 1):
        tasks = [{"task": "toy_talk", "limit": limit}]
        changes = {"languages": list(LANGUAGES), "tasks": tasks, "judges": []}
        planned = plan(experiment(**changes), output=tmp_path / "run")
        assert {cell.items for cell in planned.cells} == {limit}


def test_judged_conversations_are_shown_whole(go, toys, monkeypatch):
    seen = []

    import toyarena

    real = toyarena.LengthJudge.decide

    def decide(self, matches):
        matches = list(matches)
        seen.extend(matches)
        yield from real(self, matches)

    monkeypatch.setattr(toyarena.LengthJudge, "decide", decide)
    go(tasks=TASK, languages=["deu_Latn"])
    last = [match for match in seen if match.question == "turn 3 of 0 in deu_Latn"]
    assert len(last) == 2
    for match in last:
        for answer in (match.a, match.b):
            assert [asked for asked, _ in answer.earlier] == [f"turn {turn} of 0 in deu_Latn" for turn in (1, 2)]
            assert {said.split()[0] for _, said in answer.earlier} == {answer.text.split()[0]}
        assert match.a.earlier != match.b.earlier


@pytest.fixture
def paid(toys, monkeypatch, scripted_server):
    """An experiment of one paid system with conversations."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-talk")
    endpoint = {"base_url": scripted_server.base_url, "max_attempts": 1, "max_wait_s": 0.1, "concurrency": 4}
    return {
        "name": "talk",
        "systems": [
            {
                "name": "one",
                "model": "endpoint",
                "args": {**endpoint, "model": "one", "prices": {"input": 1, "output": 2}},
            }
        ],
        "tasks": TASK,
        "languages": ["deu_Latn"],
        "judges": [],
        "statistics": {"rounds": 200},
    }


def test_a_resumed_run_pays_for_no_turn_twice_and_its_plan_knows_them(paid, tmp_path, scripted_server):
    asked = []

    def script(received):
        turns = received.body["messages"]
        asked.append(json.dumps(turns))
        if refuse and turns[-1]["content"].startswith("turn 3 of 1"):
            return scripted_server.status(500)
        return scripted_server.ok(f"answer {len(turns)}")

    scripted_server.script = script
    refuse = True
    first = run(plan(paid, output=tmp_path / "run"), report=False)
    assert first.failures
    known = len(set(asked)) - 1
    again = plan(paid, output=tmp_path / "run").cells[0]
    assert (again.requests, again.cached) == (len(TURNS), known)
    before, refuse = len(asked), False
    assert not run(plan(paid, output=tmp_path / "run"), report=False).failures
    assert len(asked) - before == len(TURNS) - known
    assert plan(paid, output=tmp_path / "run").cells[0].stored
