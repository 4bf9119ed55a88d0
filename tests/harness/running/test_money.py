"""What judging costs in a run: budgets, the ledger of the folder, batches, refusals, and what is never asked again."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal

import pytest

from polyarena.harness import load_experiment, plan, run
from polyarena.harness.cli.app import main
from polyarena.harness.endpoints.accounting.cost_table import cost_table
from polyarena.harness.endpoints.accounting.journal import read_entries
from polyarena.harness.endpoints.accounting.tally import Tally
from polyarena.harness.store import REFUSED, RunFolder, read_shard, shard_metadata
from polyarena.judges import Game
from polyarena.judges.records import Rating
from polyarena.reports.judge_card.consistency import price_per_thousand
from polyarena.tasks.errors import ExperimentError

KEY = "sk-money-secret-0123456789"
PRICES = {"input": 1, "output": 2}
GAMES = 2 * 3 * 2


@pytest.fixture
def experiment(tmp_path, toys, monkeypatch, scripted_server):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    scripted_server.script = lambda request: scripted_server.ok("[[A=B]]")

    def experiment(*, systems=("one", "two"), languages=("deu_Latn", "swh_Latn"), judge=None, judges=None, **more):
        endpoint = {"base_url": scripted_server.base_url, "model": "m", "max_attempts": 2, "max_wait_s": 0.05}
        judge = {"name": "llm", "judge": "llm", "endpoint": {**endpoint, "prices": PRICES}, **(judge or {})}
        return {
            "name": "money",
            "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in systems],
            "baseline": systems[0],
            "tasks": [{"task": "toy_open", "limit": 3}],
            "languages": list(languages),
            "judges": judges or [judge],
            "statistics": {"rounds": 200},
            **more,
        }

    return experiment


@pytest.fixture
def go(tmp_path):
    return lambda experiment, **more: run(plan(experiment, output=tmp_path / "run", **more))


def with_endpoint(made, **settings):
    endpoint = {**made["judges"][0]["endpoint"], **settings}
    return {**made, "judges": [{**made["judges"][0], "endpoint": endpoint}]}


def test_the_ledger_of_the_folder_is_the_servers(experiment, go, scripted_server, tmp_path):
    finished = go(experiment())
    rows = list(csv.DictReader((tmp_path / "run" / "results" / "ledger.csv").read_text().splitlines()))
    assert [(row["name"], row["task"], row["language"], row["requests"]) for row in rows] == [
        ("llm", "toy_open", "deu_Latn", "6"),
        ("llm", "toy_open", "swh_Latn", "6"),
    ]
    assert sum(int(row["prompt_tokens"]) for row in rows) == scripted_server.usage[0]
    assert sum(Decimal(row["cost"]) for row in rows) == Decimal("0.000016") * GAMES
    assert finished.games()["cost"].sum() == pytest.approx(16e-6 * GAMES)
    assert "Requests and cost" in finished.files.page.read_text()
    before = (tmp_path / "run" / "results" / "ledger.csv").read_bytes()
    go(experiment())
    assert (tmp_path / "run" / "results" / "ledger.csv").read_bytes() == before


def test_the_price_of_a_judge_of_single_answers_is_what_the_ledger_says(experiment, go, scripted_server, tmp_path):
    scripted_server.script = lambda request: scripted_server.ok("[[no]]", prompt_tokens=100 + request.index)
    judge = {"judge": "harm", "args": {"structured": "off"}}
    go(experiment(systems=("one", "two", "three"), judge=judge))
    games = [
        game for path in sorted((tmp_path / "run" / "games").rglob("*.parquet")) for game in read_shard(path, Game)
    ]
    ratings = [
        each for path in sorted((tmp_path / "run" / "ratings").rglob("*.parquet")) for each in read_shard(path, Rating)
    ]
    price, unpriced = price_per_thousand(games, ratings)
    paid = sum(Decimal(row.cost) for row in cost_table(tmp_path / "run" / "attempts.jsonl"))
    assert (unpriced, len(games)) == (0, 2 * GAMES)
    assert price * len(games) / 1000 == pytest.approx(float(paid))
    # The same questions in the other order, and those on the baseline's answers against the third, cost nothing more.
    assert len(scripted_server.log) < len(games)


@pytest.mark.parametrize("mode", ["online", "batch"])
def test_the_ledger_the_budget_and_the_page_agree_on_what_may_have_been_billed(
    experiment, go, scripted_server, batch_server, tmp_path, mode
):
    """A proxy's page with status 200 may stand before a model that was asked."""
    bodies = {"online": b"<html>200</html>", "batch": b'{"choices": []}'}
    scripted_server.script = lambda request: scripted_server.raw(bodies[mode])
    finished = go(with_endpoint(experiment(budget="0.03"), mode=mode, poll_s=0.01, max_wait_s=1))
    assert finished.failures
    rows = list(csv.DictReader((tmp_path / "run" / "results" / "ledger.csv").read_text().splitlines()))
    assert sum(int(row["answered"]) for row in rows) == 0
    assert sum(int(row["maybe_billed"]) for row in rows) == sum(int(row["requests"]) for row in rows) > 0
    assert {row["cost"] for row in rows} == {"0"}
    most = sum(Decimal(row["cost_upper_bound"]) for row in rows)
    assert most == Tally.of(read_entries(tmp_path / "run" / "attempts.jsonl").values()).charged
    assert 0 < most <= Decimal("0.03")
    page = finished.files.page.read_text()
    assert "Maybe billed" in page
    assert f"0.0000–{most:.4f} USD" in page


def test_without_prices_a_run_without_answers_has_an_unknown_cost(experiment, go, scripted_server, tmp_path):
    scripted_server.script = lambda request: scripted_server.raw(b"<html>")
    made = with_endpoint(experiment())
    made["judges"][0]["endpoint"].pop("prices")
    go(made)
    rows = list(csv.DictReader((tmp_path / "run" / "results" / "ledger.csv").read_text().splitlines()))
    assert {(row["cost"], row["cost_upper_bound"], row["currency"]) for row in rows} == {("", "", "")}


@pytest.mark.parametrize("whose", ["judge", "experiment"])
def test_a_budget_stops_the_run_and_raising_it_goes_on(experiment, go, scripted_server, tmp_path, whose):
    def made(amount):
        return experiment(judge={"budget": amount}) if whose == "judge" else experiment(budget=amount)

    # A game takes 0.001506 and may take 0.002048 for its answer and some more for its prompt.
    scripted_server.script = lambda request: scripted_server.ok("[[A=B]]", prompt_tokens=1500)
    finished = go(made("0.0125"))
    assert {failure.exit_code for failure in finished.failures} == {5}
    assert "does not cover the next request" in finished.failures[0].error
    assert "run the same command again" in finished.failures[0].error
    assert "Incomplete" in finished.files.page.read_text()
    asked = len(scripted_server.log)
    assert sum(entry.charge for entry in read_entries(tmp_path / "run" / "attempts.jsonl").values()) <= Decimal(
        "0.0125"
    )
    assert 3 <= asked < GAMES
    assert {failure.exit_code for failure in go(made("0.0125")).failures} == {5}
    assert len(scripted_server.log) == asked
    raised = go(made("1"))
    assert not raised.failures
    assert len(scripted_server.log) == GAMES
    assert sum(row.requests for row in cost_table(tmp_path / "run" / "attempts.jsonl")) == GAMES


def test_the_exit_code_of_a_spent_budget(experiment, tmp_path, capsys):
    import yaml

    path = tmp_path / "money.yaml"
    path.write_text(yaml.safe_dump(experiment(budget=0.003)))
    assert main(["run", str(path), "-o", str(tmp_path / "run"), "--quiet"]) == 5
    assert "does not cover the next request" in "".join(capsys.readouterr())


def test_the_exit_code_of_a_judge_without_any_verdict(experiment, tmp_path, capsys, scripted_server):
    import yaml

    path = tmp_path / "money.yaml"
    path.write_text(yaml.safe_dump(experiment(languages=["deu_Latn"])))
    scripted_server.script = lambda request: scripted_server.ok("I cannot say.")
    for _ in range(2):  # The second run finds the games stored.
        assert main(["run", str(path), "-o", str(tmp_path / "run"), "--quiet"]) == 3
        assert "the judge 'llm' gave no verdict in any of its 6 games" in capsys.readouterr().err
    main(["status", str(tmp_path / "run")])
    assert "not complete: the judge 'llm' gave no verdict in any of its 6 games" in capsys.readouterr().out
    one_answers = path.with_stem("answers")
    scripted_server.script = lambda request: scripted_server.ok("[[A=B]]" if "Answer A:" in request.question else "")
    one_answers.write_text(
        path.read_text().replace("max_attempts: 2", "max_attempts: 3").replace("model: m", "model: n")
    )
    assert main(["run", str(one_answers), "-o", str(tmp_path / "run"), "--quiet"]) == 0
    assert "no verdict" not in capsys.readouterr().err


def test_a_budget_without_prices_is_refused(experiment):
    for made in (experiment(judge={"budget": 1}), experiment(budget=1)):
        made["judges"][0]["endpoint"].pop("prices")
        with pytest.raises(ExperimentError, match="prices"):
            load_experiment(made)


def test_refused_games_are_invalid_and_asked_again_only_on_demand(experiment, go, scripted_server, tmp_path):
    refusing = {"on": True}

    def script(request):
        bad = refusing["on"] and request.index > 2 and request.index % 5 == 3
        return scripted_server.status(400, "content policy") if bad else scripted_server.ok("[[A=B]]")

    scripted_server.script = script
    made = with_endpoint(experiment(languages=["deu_Latn"], judge={"args": {"structured": "off"}}), concurrency=1)
    finished = go(made)
    assert not finished.failures
    games = finished.games()
    assert Counter(games["label"]) == {"A=B": 5, "invalid": 1}
    assert "content policy" in games.set_index("label")["error"]["invalid"]
    path = RunFolder(tmp_path / "run").games("llm", "two", "one", "toy_open", "deu_Latn")
    assert shard_metadata(path)[REFUSED] == "1"
    asked = len(scripted_server.log)
    go(made)
    path.unlink()
    go(made)
    assert len(scripted_server.log) == asked
    refusing["on"] = False
    again = go(made, retry_refused=True)
    assert len(scripted_server.log) == asked + 1
    assert set(again.games()["label"]) == {"A=B"}
    assert REFUSED not in shard_metadata(path)


def test_batch_mode_hands_in_all_pairs_at_once(experiment, go, scripted_server, batch_server, tmp_path):
    made = with_endpoint(experiment(), mode="batch", poll_s=0.01)
    finished = go(made)
    assert not finished.failures
    assert len(batch_server.batches) == 1
    assert set(finished.games()["label"]) == {"A=B"}
    assert finished.games()["cost"].sum() == pytest.approx(8e-6 * GAMES)
    assert {(row.language, row.mode, row.requests) for row in cost_table(tmp_path / "run" / "attempts.jsonl")} == {
        ("deu_Latn", "batch", 6),
        ("swh_Latn", "batch", 6),
    }
    # One by one or in a batch is no setting of the judge: what is stored stays.
    assert not go(experiment()).failures
    assert len(scripted_server.log) == GAMES


def test_what_is_added_is_all_that_is_judged(experiment, go, scripted_server):
    def calls(made):
        before = len(scripted_server.log)
        assert not go(made).failures
        return len(scripted_server.log) - before

    assert calls(experiment(languages=["deu_Latn"])) == 6
    assert calls(experiment()) == 6
    assert calls(experiment(systems=("one", "two", "three"))) == 12
    more = experiment(systems=("one", "two", "three"))
    second = {**more["judges"][0], "name": "other", "endpoint": {**more["judges"][0]["endpoint"], "model": "n"}}
    assert calls({**more, "judges": [*more["judges"], second]}) == 24
    # A second name for the same judge finds everything in the cache.
    third = {**more["judges"][0], "name": "twin"}
    assert calls({**more, "judges": [*more["judges"], third]}) == 0


def test_stored_completions_are_judged_without_their_model(experiment, go, scripted_server, tmp_path, toys):
    go(experiment())
    loads = toys.read_text()
    made = experiment()
    for system in made["systems"]:
        system.update(model="completions", args={"path": str(tmp_path / f"run/cells/{system['name']}/toy_open")})
    asked = len(scripted_server.log)
    finished = run(plan({**made, "name": "again"}, output=tmp_path / "again"))
    assert not finished.failures
    # The answers are the same, so the verdicts are in the cache; and no toy was loaded for them.
    assert len(scripted_server.log) == asked
    assert toys.read_text() == loads


@pytest.mark.parametrize("mode", ["online", "batch"])
def test_the_key_is_nowhere(experiment, go, scripted_server, batch_server, tmp_path, capfd, mode):
    def script(request):
        if request.index % 4 == 1:
            return scripted_server.status(400, f"your key {KEY} is fine, the question is not")
        return scripted_server.status(500, f"Bearer {KEY}") if request.index % 4 == 2 else scripted_server.ok("[[A=B]]")

    scripted_server.script = script
    finished = go(with_endpoint(experiment(), mode=mode, poll_s=0.01))
    assert (tmp_path / "calls.sqlite").exists()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    shown = [*capfd.readouterr(), *(failure.error for failure in finished.failures)]
    assert not any(KEY in text for text in shown)


def test_the_plan_of_a_batch_is_half_as_dear(experiment, go, tmp_path):
    go({**experiment(), "judges": []})
    online, batch = (
        plan(with_endpoint(experiment(), mode=mode), output=tmp_path / "run").price() for mode in ("online", "batch")
    )
    assert 0 < batch.low < batch.high
    assert (batch.low, batch.high) == pytest.approx((online.low / 2, online.high / 2))
