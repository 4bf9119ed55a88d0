"""Systems and judges behind endpoints work at once: cells of several systems, and pairs while cells are still missing.

Where one must not wait for another, the server refuses for a moment until the other has been asked; nothing depends on
how fast anything is.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from decimal import Decimal

import pytest

from polyarena.harness import plan, run
from polyarena.harness.cli.app import main
from polyarena.harness.endpoints.accounting.journal import read_entries
from polyarena.harness.events import CellDone, CellFailed, CellStarted, CostsUpdated, GamesDone, GamesFailed
from polyarena.harness.executors.local import LocalExecutor
from polyarena.harness.executors.protocol import Waiting
from polyarena.harness.store import RunFolder

LANGUAGES = ("deu_Latn", "swh_Latn", "tha_Thai")
ITEMS = 3
PRICES = {"input": 1, "output": 2}


@pytest.fixture
def made(toys, monkeypatch, scripted_server):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-flight")
    endpoint = {"base_url": scripted_server.base_url, "max_attempts": 100, "max_wait_s": 0.5}

    def made(*, systems=("one", "two"), judge=True, **changes):
        judges = [{"name": "llm", "judge": "llm", "endpoint": {**endpoint, "model": "judge"}}]
        return {
            "name": "flight",
            "systems": [
                {"name": name, "model": "endpoint", "args": {**endpoint, "model": name, "concurrency": 2}}
                for name in systems
            ],
            "baseline": systems[0],
            "tasks": [{"task": "toy_open", "limit": ITEMS}],
            "languages": list(LANGUAGES),
            "judges": judges if judge else [],
            "statistics": {"rounds": 200},
            **changes,
        }

    return made


@pytest.fixture
def go(tmp_path):
    def go(experiment, folder="run", **more):
        events = []
        finished = run(plan(experiment, output=tmp_path / folder), listener=events.append, report=False, **more)
        return finished, events

    return go


def answer(server, received, tokens=3):
    judging = received.body["model"] == "judge"
    text = "[[A>B]]" if judging else f"{received.body['model']} says something"
    return server.ok(text, completion_tokens=tokens)


def shards(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for kind in ("cells", "games", "scores")
        for path in (folder / kind).rglob("*.parquet")
    }


def test_several_systems_are_asked_at_once(made, go, scripted_server):
    asked = set()

    def script(received):
        asked.add(received.body["model"])
        return (
            answer(scripted_server, received)
            if asked >= {"one", "two"}
            else scripted_server.status(503, retry_after="0.3")
        )

    scripted_server.script = script
    finished, _ = go(made(judge=False))
    assert not finished.failures
    assert len(finished.completions()) == 2 * len(LANGUAGES) * ITEMS


def test_a_pair_is_judged_while_later_cells_are_still_generated(made, go, scripted_server):
    judged = []
    last = "tha_Thai"

    def script(received):
        if received.body["model"] == "judge":
            judged.append(received)
        elif last in received.question and not judged:
            return scripted_server.status(503, retry_after="0.3")
        return answer(scripted_server, received)

    scripted_server.script = script
    finished, events = go(made())
    assert not finished.failures
    order = [(type(event), event.language) for event in events if isinstance(event, CellDone | GamesDone)]
    last_cell = max(place for place, (kind, _) in enumerate(order) if kind is CellDone)
    assert order[last_cell][1] == last
    assert any(kind is GamesDone for kind, _ in order)
    assert len(finished.games()) == len(LANGUAGES) * ITEMS * 2


def test_the_records_are_the_same_as_of_a_run_that_judges_later(made, go, scripted_server, tmp_path):
    scripted_server.script = lambda received: answer(scripted_server, received)
    together, _ = go(made(), "together")
    go({**made(), "judges": []}, "later")
    later, events = go(made(), "later")
    assert not any(isinstance(event, CellDone) for event in events)
    for name in ("completions", "games", "battles", "estimates"):
        one, other = getattr(together, name)(), getattr(later, name)()
        assert one.drop(columns="latency_s", errors="ignore").equals(other.drop(columns="latency_s", errors="ignore"))
    assert shards(tmp_path / "together") == shards(tmp_path / "later")


def test_no_question_is_asked_twice_and_none_in_a_second_run(made, go, scripted_server):
    scripted_server.script = lambda received: answer(scripted_server, received)
    go(made())
    asked = Counter((received.body["model"], received.question) for received, _ in scripted_server.log)
    assert set(asked.values()) == {1}
    before = len(scripted_server.log)
    go(made())
    assert len(scripted_server.log) == before


class Patient(LocalExecutor):
    """Its workers compute until something is true."""

    def __init__(self, ready):
        self.ready = ready

    def run(self, work):
        while work.jobs and not self.ready.is_set():
            yield Waiting()
            self.ready.wait(0.01)
        yield from super().run(work)


def test_systems_behind_endpoints_are_reported_while_workers_compute(made, scripted_server, tmp_path):
    ready = threading.Event()

    def listen(event):
        if isinstance(event, CellDone) and event.system == "one":
            ready.set()

    scripted_server.script = lambda received: answer(scripted_server, received)
    experiment = made(systems=("one",), judge=False)
    experiment["systems"].append({"name": "own", "model": "toy"})
    finished = run(plan(experiment, output=tmp_path / "run"), executor=Patient(ready), listener=listen, report=False)
    assert not finished.failures
    assert len(finished.completions()) == 2 * len(LANGUAGES) * ITEMS


def test_an_interruption_sends_nothing_more_before_workers_have_their_grace(made, scripted_server, tmp_path):
    stopped = []

    class Interrupted(LocalExecutor):
        def run(self, work):
            if not work.jobs:
                return
            # As Ctrl-C that reaches the process while a pool waits for its workers.
            work.interrupted()
            stopped.append(len(scripted_server.log))
            yield Waiting()
            raise KeyboardInterrupt

    scripted_server.script = lambda received: scripted_server.status(503, retry_after="0.05")
    experiment = made(systems=("one",), judge=False)
    experiment["systems"].append({"name": "own", "model": "toy"})
    with pytest.raises(KeyboardInterrupt):
        run(plan(experiment, output=tmp_path / "run"), executor=Interrupted(), report=False)
    # What was being sent at that moment may still arrive: two at a time.
    assert len(scripted_server.log) <= stopped[0] + 2


def test_a_cell_is_shown_before_its_first_answer(made, scripted_server, tmp_path):
    shown = threading.Event()

    def listen(event):
        if isinstance(event, CellStarted):
            shown.set()

    def script(received):
        # The server answers no question until the cell is shown.
        return answer(scripted_server, received) if shown.wait(60) else scripted_server.status(500)

    scripted_server.script = script
    experiment = made(systems=("one",), judge=False)
    finished = run(plan(experiment, output=tmp_path / "run"), listener=listen, report=False)
    assert shown.is_set()
    assert not finished.failures


def test_each_system_keeps_its_own_limit(made, go, scripted_server):
    scripted_server.script = lambda received: answer(scripted_server, received).after(0.05)
    go(made(judge=False))
    assert scripted_server.most_in_flight <= 4


def test_a_system_that_is_refused_costs_the_other_nothing(made, go, scripted_server):
    def script(received):
        refused = received.body["model"] == "two"
        return scripted_server.status(401, "no") if refused else answer(scripted_server, received)

    scripted_server.script = script
    finished, events = go(made())
    failed = {(event.system, event.language) for event in events if isinstance(event, CellFailed)}
    assert failed == {("two", language) for language in LANGUAGES}
    assert {event.language for event in events if isinstance(event, CellDone) and event.system == "one"} == set(
        LANGUAGES
    )
    assert not any(isinstance(event, GamesDone | GamesFailed) for event in events)
    assert len(finished.completions()) == len(LANGUAGES) * ITEMS


def test_a_judge_that_is_refused_costs_the_systems_nothing(made, go, scripted_server):
    def script(received):
        refused = received.body["model"] == "judge"
        return scripted_server.status(401, "no") if refused else answer(scripted_server, received)

    scripted_server.script = script
    finished, _ = go(made())
    assert {type(failure) for failure in finished.failures} == {GamesFailed}
    assert len(finished.failures) == len(LANGUAGES)
    assert len(finished.completions()) == 2 * len(LANGUAGES) * ITEMS


def test_an_error_of_the_listener_ends_all_streams(made, go, scripted_server, tmp_path):
    scripted_server.script = lambda received: answer(scripted_server, received)

    def stop(event):
        if isinstance(event, CellDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(plan(made(), output=tmp_path / "run"), listener=stop, grace_s=30)
    asked = len(scripted_server.log)
    finished, _ = go(made())
    assert not finished.failures
    counted = Counter((received.body["model"], received.question) for received, _ in scripted_server.log)
    assert set(counted.values()) == {1}
    assert asked <= len(scripted_server.log)


def test_a_budget_holds_over_systems_and_judges_together(made, go, scripted_server, tmp_path):
    scripted_server.script = lambda received: answer(scripted_server, received, tokens=500)
    experiment = made(budget="0.0205", statistics={"rounds": 200})
    for part in (*experiment["systems"], *experiment["judges"]):
        (part.get("args") if "model" in part else part["endpoint"]).update(prices=PRICES)
    finished, _ = go(experiment)
    entries = read_entries(tmp_path / "run" / "attempts.jsonl").values()
    assert sum((entry.charge for entry in entries), Decimal(0)) <= Decimal("0.0205")
    assert finished.failures
    finished, _ = go({**experiment, "budget": "50"})
    assert not finished.failures
    counted = Counter((received.body["model"], received.question) for received, _ in scripted_server.log)
    assert set(counted.values()) == {1}


def test_costs_are_logged_for_all_systems_and_judges(made, go, scripted_server, tmp_path):
    scripted_server.script = lambda received: answer(scripted_server, received)
    go(made())
    logged = [each for each in RunFolder(tmp_path / "run").events() if each["event"] == CostsUpdated.__name__]
    last = {each["who"]: each["ledgers"] for each in logged}
    assert set(last["candidates"]) == {"one", "two"}
    assert {ledger["calls"] for ledger in last["candidates"].values()} == {len(LANGUAGES) * ITEMS}
    assert last["judges"]["judge"]["calls"] == len(LANGUAGES) * ITEMS * 2


@pytest.mark.parametrize(
    ("changes", "early"),
    [
        ({}, {"llm"}),
        ({"judges": [{"name": "long", "judge": "toy_length"}]}, set()),
        ({"opponents": {"games": 60}, "baseline": None, "systems": ("one", "two", "three")}, set()),
    ],
    ids=["endpoint", "on this machine", "a budget of games"],
)
def test_judges_that_wait_for_an_endpoint_work_early(made, changes, early, tmp_path):
    experiment = {name: value for name, value in made(**changes).items() if value is not None}
    assert plan(experiment, output=tmp_path / "run").early_judges == early


def test_judges_in_batch_mode_wait_for_all_cells(made, tmp_path):
    experiment = made()
    experiment["judges"][0]["endpoint"]["mode"] = "batch"
    assert plan(experiment, output=tmp_path / "run").early_judges == set()


def test_a_system_in_batch_mode_is_submitted_at_once(made, go, scripted_server, batch_server):
    scripted_server.script = lambda received: answer(scripted_server, received)
    experiment = made(judge=False, systems=("one",))
    del experiment["baseline"]
    experiment["systems"][0]["args"].update(mode="batch", poll_s=0.01)
    finished, _ = go(experiment)
    assert not finished.failures
    assert len(batch_server.batches) == 1


def test_a_plan_says_what_will_be_in_flight(made, tmp_path, capsys):
    path = tmp_path / "flight.yaml"
    path.write_text(json.dumps(made()))
    assert main(["plan", str(path), "--output", str(tmp_path / "run")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "asked at once, requests in flight: one 2, two 2; llm judges while they answer" in shown
