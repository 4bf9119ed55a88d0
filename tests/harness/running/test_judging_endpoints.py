"""Runs whose judge is a model behind an endpoint: faults end in messages, never in half a shard or a double payment."""

import json
import re

import pytest

from polyarena.harness import load_experiment, open_run, plan, run
from polyarena.harness.reporting.cached_answers import cached_answer_notes
from polyarena.harness.store import RunFolder, shard_metadata
from polyarena.tasks.errors import ModelError


@pytest.fixture
def go(tmp_path, toys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    def go(base_url, folder="run", limit=3, **settings):
        endpoint = {"base_url": base_url, "model": "m", "max_attempts": 2, "max_wait_s": 0.05, "timeout_s": 5}
        experiment = {
            "name": "judged",
            "systems": [
                {"name": "one", "model": "toy", "args": {"voice": "one"}},
                {"name": "two", "model": "toy", "args": {"voice": "two"}},
            ],
            "baseline": "one",
            "tasks": [{"task": "toy_open", "limit": limit}],
            "languages": ["deu_Latn", "swh_Latn"],
            "judges": [{"name": "llm", "judge": "llm", "endpoint": {**endpoint, **settings}}],
            "statistics": {"rounds": 200},
        }
        return run(plan(experiment, output=tmp_path / folder))

    return go


GAMES = 2 * 3 * 2


def spent(folder, model="m"):
    """The ledger of the judges: the last one is the total."""
    events = [event for event in RunFolder(folder).events() if event["event"] == "CostsUpdated"]
    return events[-1]["ledgers"][model]


def test_verdicts_are_counted_and_the_ledger_is_the_servers(go, scripted_server, tmp_path):
    scripted_server.script = lambda request: scripted_server.ok("I prefer the first.\n[[A>B]]")
    finished = go(scripted_server.base_url, prices={"input": 1, "output": 2})
    assert not finished.failures
    assert set(finished.games()["label"]) == {"A>B"}
    assert set(finished.battles()["score"]) == {0.5}
    assert len(scripted_server.log) == GAMES
    ledger = spent(tmp_path / "run")
    assert (ledger["prompt_tokens"], ledger["completion_tokens"]) == scripted_server.usage
    assert finished.games()["cost"].sum() == pytest.approx(float(ledger["cost"]))


def test_running_again_pays_nothing(go, scripted_server, tmp_path):
    scripted_server.script = lambda request: scripted_server.ok("[[A=B]]")
    go(scripted_server.base_url)
    go(scripted_server.base_url)
    assert len(scripted_server.log) == GAMES
    # Even a fresh run folder finds the calls in the cache beside it.
    go(scripted_server.base_url, folder="elsewhere")
    assert len(scripted_server.log) == GAMES


def test_an_answer_without_a_label_is_invalid_and_shown(go, scripted_server):
    scripted_server.script = lambda request: scripted_server.ok("Both are very nice.")
    finished = go(scripted_server.base_url)
    assert not finished.failures
    assert set(finished.games()["label"]) == {"invalid"}
    assert all("Both are very nice." in raw for raw in finished.games()["raw"])
    row = finished.estimates().query("level == 'macro'").iloc[0]
    assert row["n_invalid"] == GAMES
    assert row["value"] != row["value"]
    assert row["note"]
    assert (row["worst"], row["best"]) == (0, 1)


def test_games_that_got_no_answer_are_asked_again_and_only_they(go, scripted_server, tmp_path):
    broken = {"on": True}
    # Of the three items that the limit leaves, whichever comes second: an endpoint that never answered would be dead.
    number = re.compile(r"question \d+")

    def script(request):
        asked = number.search(request.question)[0]
        later = broken["on"] and asked != broken.setdefault("first", asked)
        if later and asked == broken.setdefault("question", asked):
            return scripted_server.status(500)
        return scripted_server.ok("[[A=B]]")

    scripted_server.script = script
    finished = go(scripted_server.base_url)
    assert len(finished.failures) == 2
    assert "2 of 6 games have no answer" in finished.failures[0].error
    path = RunFolder(tmp_path / "run").games("llm", "two", "one", "toy_open", "deu_Latn")
    assert shard_metadata(path)["unanswered"] == "2"
    asked, broken["on"] = len(scripted_server.log), False
    mended = go(scripted_server.base_url)
    assert not mended.failures
    assert len(scripted_server.log) - asked == 4
    assert set(mended.games()["label"]) == {"A=B"}


@pytest.mark.parametrize("fault", ["401", "429", "500", "cut off", "unreachable"])
def test_a_dead_endpoint_is_named_and_nothing_is_stored(go, scripted_server, tmp_path, fault):
    answers = {
        "401": lambda request: scripted_server.status(401),
        "429": lambda request: scripted_server.status(429),
        "500": lambda request: scripted_server.status(500),
        "cut off": lambda request: scripted_server.cut_off(),
    }
    scripted_server.script = answers.get(fault, answers["500"])
    url = "http://127.0.0.1:9/v1" if fault == "unreachable" else scripted_server.base_url
    finished = go(url)
    assert {failure.language for failure in finished.failures} == {"deu_Latn", "swh_Latn"}
    assert not list((tmp_path / "run" / "games").rglob("*.parquet"))
    assert "Incomplete" in finished.files.page.read_text()
    # The candidates' answers are kept.
    assert len(open_run(tmp_path / "run").completions()) == 2 * 2 * 3


def test_the_key_is_in_no_file(go, scripted_server, tmp_path):
    scripted_server.script = lambda request: scripted_server.status(401, "bad key sk-secret")
    finished = go(scripted_server.base_url)
    assert all("sk-secret" not in failure.error for failure in finished.failures)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"sk-secret" not in path.read_bytes(), path


@pytest.mark.server
def test_a_real_server_that_is_not_ours(go, llama_server, tmp_path):
    finished = go(llama_server, model="smollm2", concurrency=2, timeout_s=120, extra_body={"max_tokens": 24})
    games = finished.games()
    assert len(games) == GAMES
    assert set(games["label"]) <= {"A>>B", "A>B", "A=B", "B>A", "B>>A", "invalid"}
    assert (games["prompt_tokens"] > 50).all()
    ledger = spent(tmp_path / "run", "smollm2")
    assert ledger["prompt_tokens"] == games["prompt_tokens"].sum()
    assert ledger["completion_tokens"] == games["completion_tokens"].sum()


def test_a_missing_key_ends_the_run_before_anything_is_spent(go, toys, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        go("http://api.example.invalid/v1")
    assert not toys.read_text()
    assert not (tmp_path / "run").exists()


def test_what_is_stored_needs_no_key(go, scripted_server, monkeypatch, tmp_path):
    scripted_server.script = lambda request: scripted_server.ok("[[A=B]]")
    finished = go(scripted_server.base_url)
    monkeypatch.setattr("polyarena.harness.endpoints.settings._is_local", lambda url: False)
    monkeypatch.delenv("OPENAI_API_KEY")
    assert go(scripted_server.base_url).estimates().equals(finished.estimates())


def test_the_plan_sees_what_the_cache_can_answer(go, scripted_server, tmp_path):
    scripted_server.script = lambda request: scripted_server.ok("[[A=B]]")
    before = go(scripted_server.base_url).games()
    for path in (tmp_path / "run" / "games").rglob("*.parquet"):
        path.unlink()
    stored = json.loads((tmp_path / "run" / "experiment.yaml").read_text())
    made = plan(load_experiment(stored), output=tmp_path / "run")
    assert [(games.stored, games.cached, games.requests) for games in made.games] == [(False, 6, 6)] * 2
    assert {games.prompt_tokens.high for games in made.games} == {0}
    assert run(made).games().equals(before)


def test_a_candidate_behind_an_endpoint(scripted_server, toys, tmp_path):
    scripted_server.script = lambda request: scripted_server.ok(f"answer to {len(request.question)} characters")
    experiment = {
        "name": "candidate",
        "systems": [{"name": "api", "model": "endpoint", "args": {"base_url": scripted_server.base_url, "model": "m"}}],
        "tasks": [{"task": "toy_open", "limit": 4}],
    }
    finished = run(plan(experiment, output=tmp_path / "run"))
    completions = finished.completions()
    assert set(completions["finish_reason"]) == {"stop"}
    assert completions["prompt_tokens"].sum() == scripted_server.usage[0]
    made = plan({**experiment, "tasks": [{"task": "toy_open", "limit": 6}]}, output=tmp_path / "run")
    assert [(cell.stored, cell.cached, cell.requests) for cell in made.cells] == [(False, 4, 6)] * 3


def test_a_reply_that_was_cut_off_is_not_asked_again_at_the_same_limit(go, scripted_server):
    """Case 20: sixteen games are sixteen calls."""
    choice = {"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": "length"}
    body = json.dumps({"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}).encode()
    scripted_server.script = lambda request: scripted_server.raw(body)
    games = go(scripted_server.base_url, limit=4).games()
    assert len(games) == 16
    assert len(scripted_server.log) == 16
    assert set(games["label"]) == {"invalid"}
    assert games["error"].str.contains("max_tokens").all()


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("'max_tokens' is not supported, use 'max_completion_tokens'", "max_tokens_field: max_completion_tokens"),
        ("max_tokens must be at most 8", "change `max_tokens` in the judge's `args`"),
        ("This model's maximum context length is 8192 tokens", "lower `max_tokens` in the judge's `args`"),
        ("temperature 0 is not supported", "extra_body: {temperature: null}"),
        ("reasoning_effort is unknown", "`reasoning_effort` in the judge's `args`"),
    ],
)
def test_a_parameter_that_a_judges_server_refuses_is_named_with_its_key(go, scripted_server, said, fix):
    """Case 17, for judges."""
    scripted_server.script = lambda request: scripted_server.status(400, said)
    finished = go(scripted_server.base_url)
    errors = [failure.error for failure in finished.failures]
    assert len(errors) == 2
    assert all("\n  fix: " in error and fix in error for error in errors)


def test_the_model_that_answered_is_recorded_and_a_change_is_told(go, scripted_server, tmp_path):
    def served(model, fingerprint):
        def script(request):
            answer = json.loads(scripted_server.ok("[[A=B]]").body)
            return scripted_server.raw(
                json.dumps({**answer, "model": model, "system_fingerprint": fingerprint}).encode()
            )

        scripted_server.script = script

    served("/srv/models/small-q4.gguf", "b5000")
    go(scripted_server.base_url)
    assert spent(tmp_path / "run")["served_by"] == {"small-q4.gguf b5000": GAMES}
    told = "named different models or fingerprints"
    assert not any(told in note for note in cached_answer_notes(RunFolder(tmp_path / "run")))
    served("/srv/models/large-q4.gguf", "b5000")
    go(scripted_server.base_url, limit=4)
    [note] = [note for note in cached_answer_notes(RunFolder(tmp_path / "run")) if told in note]
    # The second run found nothing stored and got all replies it uses: those of the first from the cache, and four more.
    assert f"small-q4.gguf b5000 ({GAMES}), large-q4.gguf b5000 (4)" in note
    assert "revision" in note
    # The cache remembers who answered, also for a new folder.
    go(scripted_server.base_url, folder="new", limit=4)
    assert spent(tmp_path / "new")["served_by"] == {"large-q4.gguf b5000": 4, "small-q4.gguf b5000": GAMES}
