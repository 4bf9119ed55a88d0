"""Rates of harmful answers, from a run whose harm judge is a scripted server to results and the page."""

import re

import pandas as pd
import pytest

from polyarena.harness import open_run, plan, run
from polyarena.harness.reporting.bad_answers import bad_answer_rates
from polyarena.reports.records import ESTIMATE_SCHEMA

ITEMS = 6
ANSWER = re.compile(r"<<<answer [0-9a-f]{16}>>>\n(.*?)\n<<<end of answer", re.DOTALL)


def answer_in(request):
    """The answer that a question shows, out of the request's user text."""
    content = request.body["messages"][1]["content"]
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    found = ANSWER.search(text)
    assert found is not None
    return found[1]


@pytest.fixture
def go(tmp_path, toys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    def go(base_url, judge=None, statistics=None):
        endpoint = {"base_url": base_url, "model": "m", "max_attempts": 1}
        experiment = {
            "name": "safety",
            "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("calm", "wild")],
            "baseline": "calm",
            "tasks": [{"task": "toy_open", "limit": ITEMS}],
            "languages": ["deu_Latn", "swh_Latn"],
            "judges": [{"name": "guard", "judge": "harm", "endpoint": endpoint, **(judge or {})}, "rules"],
            "statistics": {"rounds": 200, **(statistics or {})},
        }
        return run(plan(experiment, output=tmp_path / "run"))

    return go


def scripted(server, bad, silent=()):
    """Let the judge find bad what a function says of an answer's text; some answers get no verdict."""

    def script(request):
        text = answer_in(request)
        if any(word in text for word in silent):
            return server.ok("Hm.")
        return server.ok("[[yes]]" if bad(text) else "[[no]]")

    server.script = script


def rates_of(folder):
    return pd.read_parquet(folder / "results" / "bad_answers.parquet")


def odd(text):
    """Bad: a wild answer of an odd number of words."""
    return text.startswith("wild") and text.count(" ") % 2 == 1


def test_rates_are_the_shares_of_bad_answers(go, scripted_server):
    scripted(scripted_server, odd)
    finished = go(scripted_server.base_url)
    assert not finished.failures
    rates = rates_of(finished.folder.path)
    assert list(rates.columns) == list(ESTIMATE_SCHEMA.names)
    assert set(rates["judge"]) == {"guard"}
    assert set(rates["metric"]) == {"bad_answers"}
    completions = finished.completions()
    bad = completions.assign(bad=completions["text"].map(odd)).groupby(["system", "language"])["bad"].mean()
    own = rates[rates["level"] == "language"].set_index(["system", "group"])["value"]
    assert len(own) == 4
    for (system, language), value in own.items():
        assert value == pytest.approx(bad[system, language])
    assert 0 < bad["wild"].max() < 1
    macro = rates[rates["level"] == "macro"].set_index("system")
    assert macro.loc["wild", "value"] == pytest.approx(bad["wild"].mean())
    assert macro.loc["wild", "low"] <= macro.loc["wild", "value"] <= macro.loc["wild", "high"]
    # Items, not games: both orders are one answer; translations are one source.
    assert (macro.loc["wild", "n"], macro.loc["wild", "n_clusters"]) == (2 * ITEMS, ITEMS)


def test_they_agree_with_the_function_on_games(go, scripted_server):
    scripted(scripted_server, odd, silent=("word word word word word",))
    folder = go(scripted_server.base_url).folder
    ratings = open_run(folder).ratings()
    assert set(ratings["judge"]) == {"guard"}
    assert len(ratings) == 2 * 2 * ITEMS
    rates = rates_of(folder.path)
    own = rates[rates["level"] == "language"].set_index(["system", "group"])
    assert ratings["value"].isna().sum() > 0
    for (system, language), rated in ratings.groupby(["system", "language"]):
        row = own.loc[(system, language)]
        assert row["value"] == pytest.approx(rated["value"].mean())
        assert (row["n"], row["n_invalid"]) == (rated["value"].notna().sum(), rated["value"].isna().sum())
    whole = rates[rates["level"] == "macro"].set_index("system")["n_invalid"]
    for system in ("calm", "wild"):
        assert whole[system] == ratings.loc[ratings["system"] == system, "value"].isna().sum()


def test_games_derive_from_the_ratings_beside_them(go, scripted_server):
    scripted(scripted_server, odd)
    records = open_run(go(scripted_server.base_url).folder)
    key = ["system", "language", "item_id"]
    values = records.ratings().set_index(key)["value"].to_dict()
    games = records.games().query("judge == 'guard'")
    assert len(games) == 2 * 2 * ITEMS
    for game in games.to_dict("records"):
        a, b = (values[game[side], game["language"], game["item_id"]] for side in ("system_a", "system_b"))
        assert game["label"] == ("A=B" if a == b else "B>A" if a > b else "A>B")
        assert (game["raw"], game["rater"]) == ("", "guard")


def test_ratings_go_and_come_back_with_their_games(go, scripted_server):
    scripted(scripted_server, odd)
    folder = go(scripted_server.base_url).folder
    before = {path: path.read_bytes() for path in (folder.path / "ratings").rglob("*.parquet")}
    assert before
    go(scripted_server.base_url, judge={"args": {"max_tokens": 99}})
    assert open_run(folder).ratings()["finish_reason"].notna().all()
    asked = len(scripted_server.log)
    go(scripted_server.base_url)
    assert {path: path.read_bytes() for path in before} == before
    assert len(scripted_server.log) == asked


def test_the_page_and_the_files_show_them(go, scripted_server):
    scripted(scripted_server, odd)
    finished = go(scripted_server.base_url, statistics={"groups": {"both": "deu, swh"}})
    html = finished.files.page.read_text(encoding="utf-8")
    assert "Bad answers to toy_open" in html
    assert "By own groups: both" in html
    assert '<a href="../results/bad_answers.csv">' in html
    table = pd.read_csv(finished.folder.results / "bad_answers.csv")
    assert len(table) == len(rates_of(finished.folder.path))
    signature = table["signature"].iloc[0]
    assert re.search(r"^task:toy_open@1\|rev:1\|limit:6\(spread\)\|judge:llm@4\|template:harm@1\|", signature)
    assert "|metric:bad_answers|" in signature
    assert "|cells:" in signature


def test_without_a_judge_of_single_answers_there_are_none(go, scripted_server):
    scripted_server.script = lambda request: scripted_server.ok("[[A>B]]")
    finished = go(scripted_server.base_url, judge={"judge": "llm"})
    assert not (finished.folder.results / "bad_answers.parquet").exists()
    assert "Bad answers to" not in finished.files.page.read_text(encoding="utf-8")


def test_a_judge_that_gives_no_verdict_has_no_rate(go, scripted_server):
    scripted_server.script = lambda request: scripted_server.ok("Hm.")
    finished = go(scripted_server.base_url, judge={"args": {"ask_again": False}})
    assert bad_answer_rates(open_run(finished.folder)).empty
    assert not (finished.folder.results / "bad_answers.parquet").exists()


def test_the_same_run_gives_the_same_bytes(go, scripted_server):
    scripted(scripted_server, odd)
    folder = go(scripted_server.base_url).folder
    before = (folder.results / "bad_answers.parquet").read_bytes()
    go(scripted_server.base_url)
    assert (folder.results / "bad_answers.parquet").read_bytes() == before
