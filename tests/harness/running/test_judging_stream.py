"""All pairs of a judge go through it as one stream: many small cells keep its endpoint as busy as one large one."""

import gc
import importlib
import re

import pytest

from polyarena.harness import plan, run
from polyarena.harness.endpoints.accounting.cost_table import cost_table
from polyarena.harness.events import GamesDone, GamesProgress
from polyarena.harness.running.games import RARELY
from polyarena.harness.store import RunFolder
from polyarena.judges.protocol import Verdict
from polyarena.judges.records import Label
from polyarena.tasks.errors import ModelError

LANGUAGES = ("deu_Latn", "swh_Latn", "tha_Thai")
CANDIDATES = ("two", "three", "four")
ITEMS = 2
A_PAIR = 2 * ITEMS
GAMES = A_PAIR * len(LANGUAGES) * len(CANDIDATES)


@pytest.fixture
def go(tmp_path, toys, monkeypatch, scripted_server):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-stream")
    scripted_server.script = lambda request: scripted_server.ok("[[A>B]]")

    def go(judge=None, listener=None, *, mode="online", args=None, **settings):
        endpoint = {"base_url": scripted_server.base_url, "model": "m", "max_attempts": 2, "max_wait_s": 0.05}
        llm = {"name": "llm", "judge": "llm", "args": args or {}, "endpoint": endpoint | settings | {"mode": mode}}
        experiment = {
            "name": "stream",
            "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", *CANDIDATES)],
            "baseline": "one",
            "tasks": [{"task": "toy_open", "limit": ITEMS}],
            "judges": [judge or llm],
            "statistics": {"rounds": 200},
        }
        return run(plan(experiment, output=tmp_path / "run"), listener=listener)

    return go


@pytest.fixture
def decide(toys, monkeypatch):
    """Replace what the toy judge decides."""
    judge = importlib.import_module("toyarena").LengthJudge
    return lambda function: monkeypatch.setattr(judge, "decide", function)


def shards(folder):
    return sorted((folder / "games").rglob("*.parquet"))


def test_small_cells_keep_the_pipeline_full(go, scripted_server):
    concurrency = 3 * A_PAIR
    scripted_server.script = lambda request: scripted_server.ok("[[A>B]]").after(0.6)
    finished = go(concurrency=concurrency)
    assert not finished.failures
    assert len(scripted_server.log) == len(finished.games()) == GAMES
    assert scripted_server.most_in_flight == concurrency


def test_verdicts_reach_their_own_games(go, scripted_server):
    def script(request):
        # The answers of the toy begin with its voice, and the baseline is called one.
        answers = request.question.split("Answer A:", 1)[1]
        return scripted_server.ok("[[B>A]]" if answers.find("one ") < answers.find("Answer B:") else "[[A>B]]")

    scripted_server.script = script
    finished = go(concurrency=16, args={"structured": "off"})
    shown_first = finished.games().query("system_a == 'one'")
    assert set(shown_first["label"]) == {"B>A"}
    assert set(finished.battles()["score"]) == {1.0}
    assert finished.games().groupby(["system_a", "system_b", "language"]).size().unique().tolist() == [ITEMS]


def test_a_shard_is_written_when_its_games_are_there(go, scripted_server, tmp_path):
    seen = []

    def listener(event):
        if isinstance(event, GamesDone):
            folder = RunFolder(tmp_path / "run")
            assert folder.games(event.judge, event.candidate, "one", event.task, event.language).exists()
            seen.append(len(shards(tmp_path / "run")))

    def script(request):
        if "tha_Thai" in request.question and not seen:
            return scripted_server.status(503, retry_after="0.2")
        return scripted_server.ok("[[A>B]]")

    scripted_server.script = script
    assert not go(listener=listener, concurrency=1, max_attempts=100, max_wait_s=0.5).failures
    assert len(seen) == GAMES // A_PAIR
    # The judge goes on while the event is on its way here.
    assert all(count >= place for place, count in enumerate(seen, 1))


def test_how_far_a_pair_is_is_told_and_not_logged(go, scripted_server, tmp_path, monkeypatch):
    monkeypatch.setattr("polyarena.harness.running.games.EVERY_S", 0.0)
    seen = []
    go(listener=seen.append, concurrency=1)
    told = [event for event in seen if isinstance(event, GamesProgress)]
    assert [event.judged for event in told] == [1, 2, 3] * (GAMES // A_PAIR)
    assert {event.games for event in told} == {A_PAIR}
    assert "GamesProgress" not in (tmp_path / "run" / "events.jsonl").read_text()


def test_the_seconds_of_pairs_add_up_to_the_time_that_passes(go, scripted_server):
    scripted_server.script = lambda request: scripted_server.ok("[[A>B]]").after(0.05)
    seen = []
    finished = go(listener=seen.append, concurrency=GAMES)
    seconds = [event.seconds for event in seen if isinstance(event, GamesDone)]
    assert len(seconds) == GAMES // A_PAIR
    # All pairs were under way together: each for itself took nearly as long as all of them.
    assert 0.05 <= sum(seconds) <= finished.seconds


@pytest.mark.parametrize("fails", [False, True])
def test_the_garbage_collector_is_as_before_after_judging(go, decide, fails):
    before, during = (gc.get_threshold(), gc.get_freeze_count()), []

    def deciding(self, matches):
        for match in matches:
            during.append((gc.get_threshold(), gc.get_freeze_count()))
            if fails:
                raise ModelError(f"no verdict on {match.key}")
            yield Verdict(Label.TIE, "")

    decide(deciding)
    finished = go(judge={"name": "long", "judge": "toy_length"})
    assert bool(finished.failures) == fails
    assert {threshold for threshold, _ in during} == {RARELY}
    assert min(frozen for _, frozen in during) > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_second_tries_are_booked_on_the_language_they_are_for(go, scripted_server, tmp_path):
    def script(request):
        german = "in deu_Latn" in request.body["messages"][1]["content"]
        unusable = german and len(request.body["messages"]) == 2
        return scripted_server.ok("I cannot say." if unusable else "[[A>B]]")

    scripted_server.script = script
    finished = go(concurrency=8)
    assert set(finished.games().groupby("language")["asked"].max().items()) == {
        ("deu_Latn", 2), ("swh_Latn", 1), ("tha_Thai", 1),
    }  # fmt: skip
    booked = {row.language: row.requests for row in cost_table(tmp_path / "run" / "attempts.jsonl")}
    each = A_PAIR * len(CANDIDATES)
    assert booked == {"deu_Latn": 2 * each, "swh_Latn": each, "tha_Thai": each}


def test_second_questions_of_all_pairs_make_one_batch(go, scripted_server, batch_server):
    def script(request):
        return scripted_server.ok("I cannot say." if len(request.body["messages"]) == 2 else "[[A>B]]")

    scripted_server.script = script
    finished = go(mode="batch", poll_s=0.01)
    assert not finished.failures
    assert set(finished.games()["asked"]) == {2}
    assert len(batch_server.batches) == 2


def test_an_interrupt_costs_no_answer_twice(go, scripted_server, tmp_path):
    def interrupt(event):
        if isinstance(event, GamesDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(listener=interrupt, concurrency=2)
    assert shards(tmp_path / "run")
    finished = go(concurrency=2)
    assert not finished.failures
    assert len(finished.games()) == GAMES
    # Two were on their way when the interrupt came, and may have been cut off.
    assert GAMES <= len(scripted_server.log) <= GAMES + 2


def test_a_judge_that_fails_on_one_pair_decides_the_others(go, decide):
    def picky(judge, matches):
        for match in matches:
            if match.language == "swh_Latn":
                raise ModelError("no Swahili")
            yield Verdict(Label.A, "")

    decide(picky)
    finished = go({"name": "long", "judge": "toy_length"})
    assert {(each.candidate, each.language) for each in finished.failures} == {
        (each, "swh_Latn") for each in CANDIDATES
    }
    assert all(each.error == "no Swahili" for each in finished.failures)
    assert finished.games().groupby("language").size().to_dict() == {
        "deu_Latn": A_PAIR * len(CANDIDATES), "tha_Thai": A_PAIR * len(CANDIDATES),
    }  # fmt: skip


@pytest.mark.parametrize(("extra", "complaint"), [(-1, "fewer verdicts"), (1, "more verdicts")])
def test_a_judge_that_miscounts_is_named(go, decide, extra, complaint):
    def miscounting(judge, matches):
        verdicts = [Verdict(Label.A, "") for _ in matches]
        yield from verdicts[:extra] if extra < 0 else [*verdicts, verdicts[0]]

    decide(miscounting)
    finished = go({"name": "long", "judge": "toy_length"})
    assert finished.failures
    assert all(re.search(f"'long' gave {complaint}", each.error) for each in finished.failures)


def test_a_budget_ends_all_pairs_but_those_that_are_paid(go, scripted_server, tmp_path):
    judge = {
        "name": "llm", "judge": "llm", "budget": "0.02",
        "endpoint": {"base_url": scripted_server.base_url, "model": "m", "prices": {"input": 1, "output": 2}},
    }  # fmt: skip
    scripted_server.script = lambda request: scripted_server.ok("[[A=B]]", prompt_tokens=1500)
    finished = go(judge)
    assert {failure.exit_code for failure in finished.failures} == {5}
    stored = shards(tmp_path / "run")
    assert len(stored) == GAMES // A_PAIR - len(finished.failures)
    assert 1 <= len(stored) < GAMES // A_PAIR
    asked = len(scripted_server.log)
    assert len(go(judge).failures) == len(finished.failures)
    assert len(scripted_server.log) == asked
    assert not go({**judge, "budget": 1}).failures
    assert len(scripted_server.log) == GAMES
