"""Work that needs the processor alone is shared by processes, and loses nothing when one of them is killed."""

import json
import os
import pickle
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

import pytest

from polyarena.harness import plan, run, workers
from polyarena.harness.events import CellFailed, GamesDone, GamesFailed, RunFinished
from polyarena.harness.workers import in_background, processes_for, serve, share
from polyarena.judges.language_gate import GatedJudge, GatePolicy
from polyarena.judges.protocol import needs_processor_only
from polyarena.judges.rules import build
from polyarena.tasks.errors import DataError

EVENT = RunFinished(1.0, 0)


@dataclass(frozen=True)
class Part:
    """Yields events, or fails."""

    times: int = 1
    error: Exception | None = None

    def events(self):
        yield from [EVENT] * self.times
        if self.error is not None:
            raise self.error


@pytest.fixture
def two_processes(monkeypatch):
    """Pipes and threads in place of processes, so that a test's own classes can be sent."""

    class Child:
        def __init__(self, dies=False):
            inward, outward = os.pipe(), os.pipe()
            self.stdin, self.stdout = os.fdopen(inward[1], "wb"), os.fdopen(outward[0], "rb")
            requests, replies = os.fdopen(inward[0], "rb"), os.fdopen(outward[1], "wb")

            def work():
                if dies:
                    with suppress(EOFError):  # the other one may have taken all parts
                        pickle.load(requests)
                else:
                    serve(requests, replies)
                requests.close()
                replies.close()

            self.thread = threading.Thread(target=work, daemon=True)
            self.thread.start()

        def poll(self):
            return None if self.thread.is_alive() else 0

        def terminate(self):
            self.stdin.close()

        kill = terminate

        def wait(self):
            self.thread.join()

    dying = []

    def start():
        return Child(dies=bool(dying and dying.pop()))

    monkeypatch.setattr(workers, "_start", start)
    return dying


def test_little_work_is_done_here(monkeypatch):
    monkeypatch.setattr(workers, "processors", lambda: 4)
    assert processes_for(workers.WORTH - 1, 10) == 1
    assert processes_for(workers.WORTH, 10) == 4
    assert processes_for(workers.WORTH, 3) == 3
    assert processes_for(workers.WORTH, 0) == 1
    monkeypatch.setattr(workers, "processors", lambda: 64)
    assert processes_for(workers.WORTH, 100) == workers.MOST_PROCESSES
    assert list(share([Part(2), Part(1)], 1)) == [EVENT] * 3


def test_every_event_of_every_part_arrives(two_processes):
    assert list(share([Part(times) for times in range(6)], 2)) == [EVENT] * 15


def test_the_error_of_a_part_is_that_of_the_work(two_processes):
    with pytest.raises(DataError, match="no such thing"):
        list(share([Part(), Part(1, DataError("no such thing", fix="none")), Part()], 2))


@pytest.mark.parametrize("dying", [[True, False], [True, True]], ids=["one", "both"])
def test_parts_of_processes_that_end_early_are_done_here(two_processes, dying):
    two_processes += dying
    assert list(share([Part(2) for _ in range(5)], 2)) == [EVENT] * 10


def test_whoever_stops_listening_leaves_no_process(two_processes):
    events = share([Part(3) for _ in range(4)], 2)
    assert next(events) == EVENT
    events.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "part"]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_part_in_the_background_gives_its_events_when_asked(two_processes, processes):
    with in_background(Part(3), processes) as events:
        assert events() == [EVENT] * 3
    assert not [thread for thread in threading.enumerate() if thread.name == "part"]


def test_a_part_in_the_background_whose_process_ends_early_is_done_here(two_processes):
    two_processes.append(True)
    with in_background(Part(3), 2) as events:
        assert events() == [EVENT] * 3


@pytest.mark.parametrize("processes", [1, 2])
def test_the_error_of_a_part_in_the_background_is_raised_when_asked(two_processes, processes):
    part = Part(1, DataError("no such thing", fix="none"))
    with in_background(part, processes) as events, pytest.raises(DataError, match="no such thing"):
        events()


def test_nobody_has_to_ask_for_a_part_in_the_background(two_processes):
    with pytest.raises(DataError), in_background(Part(3), 2):
        raise DataError("something else", fix="none")
    assert not [thread for thread in threading.enumerate() if thread.name == "part"]


def test_a_process_serves_until_there_is_no_more():
    requests, replies = BytesIO(pickle.dumps(Part(2)) + pickle.dumps(Part(0, DataError("broken")))), BytesIO()
    serve(requests, replies)
    replies.seek(0)
    messages = [pickle.load(replies) for _ in range(4)]
    assert [getattr(message, "event", None) for message in messages[:2]] == [EVENT, EVENT]
    assert messages[2].error is None
    assert "broken" in str(messages[3].error)


def test_only_judges_that_say_so_are_shared(toys):
    rules = build({}, None)
    assert needs_processor_only(rules)
    assert needs_processor_only(GatedJudge(rules, GatePolicy.LOSS))
    assert not needs_processor_only(object())


def write_experiment(folder):
    """Stored answers of three systems in two languages, some of them with faults."""
    prompts = []
    for language, word in (("deu_Latn", "Haus"), ("swh_Latn", "nyumba")):
        prompts += [
            {"id": str(item), "source_id": str(item), "language": language, "prompt": f"{word} {item}?"}
            for item in range(4)
        ]
        for system in ("one", "two", "three"):
            path = folder / system / f"{language}.jsonl"
            path.parent.mkdir(exist_ok=True)
            rows = [
                {"item_id": str(item), "text": f"{word} " * (item * len(system)), "finish_reason": "stop"}
                for item in range(4)
            ]
            path.write_text("\n".join(map(json.dumps, rows)))
    (folder / "prompts.jsonl").write_text("\n".join(map(json.dumps, prompts)))
    task = {"path": str(folder / "prompts.jsonl"), "licence": "CC0-1.0", "provenance": "native"}
    return {
        "name": "shared",
        "systems": [
            {"name": name, "model": "completions", "args": {"path": str(folder / name)}}
            for name in ("one", "two", "three")
        ],
        "baseline": "one",
        "tasks": [{"task": task}],
        "judges": [{"name": "rules", "judge": "rules"}],
        "statistics": {"rounds": 100},
    }


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for part in ("cells", "scores", "games", "results")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def test_a_run_in_two_processes_has_the_bytes_of_one_in_one(tmp_path, monkeypatch):
    experiment, seen = write_experiment(tmp_path), []
    run(plan(experiment, output=tmp_path / "alone"), report=False)
    monkeypatch.setattr(workers, "WORTH", 1)
    monkeypatch.setattr(workers, "processors", lambda: 2)
    started, start = [], workers._start
    monkeypatch.setattr(workers, "_start", lambda: started.append(1) or start())
    finished = run(plan(experiment, output=tmp_path / "shared"), listener=seen.append, report=False)
    assert len(started) == 4, "two for the answers, two for the games"
    assert finished.failures == ()
    assert sum(isinstance(event, GamesDone) for event in seen) == 4
    assert not [event for event in seen if isinstance(event, CellFailed | GamesFailed)]
    expected = contents(tmp_path / "alone")
    assert contents(tmp_path / "shared") == expected
    assert len(expected) > 10


def test_a_waiting_part_goes_either_here_or_to_a_process():
    waiting = deque(range(4))
    taken = workers._take_all(waiting)
    assert next(taken) == 0
    assert waiting.popleft() == 1
    assert list(taken) == [2, 3]
    assert not waiting
