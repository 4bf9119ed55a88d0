"""A budget of games with judges that are asked over the network: ratings of single answers, and batch mode."""

import re
from collections import Counter

import pytest

from polyarena.harness import plan, run
from polyarena.harness.events import PairsChosen

SYSTEMS = ("one", "two", "three", "four")
LANGUAGES = ("deu_Latn", "swh_Latn")
ITEMS = 6
BUDGET = {"games": 100, "first": 2, "step": 2}
"""A step of a pair has 2 items in 2 languages in 2 orders: 8 games."""
ANSWER = re.compile(r"<<<answer [0-9a-f]{16}>>>\n(.*?)\n<<<end of answer", re.DOTALL)


@pytest.fixture
def go(tmp_path, toys, monkeypatch, scripted_server):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-budget")

    def go(judge, listener=None, **settings):
        endpoint = {"base_url": scripted_server.base_url, "model": "m", "max_attempts": 2, "max_wait_s": 0.05}
        experiment = {
            "name": "budget",
            "systems": [{"name": name, "model": "toy", "args": {"voice": name}} for name in SYSTEMS],
            "baseline": "one",
            "opponents": BUDGET,
            "tasks": [{"task": "toy_open", "limit": ITEMS}],
            "languages": [*LANGUAGES],
            "judges": [{"name": "asked", "judge": judge, "endpoint": endpoint | settings}],
            "statistics": {"rounds": 100},
        }
        return run(plan(experiment, output=tmp_path / "run"), listener=listener, report=False)

    return go


def shown(request):
    """The answer that a question about a single answer shows."""
    content = request.body["messages"][1]["content"]
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return ANSWER.search(text)[1]


def test_each_answer_is_rated_once_however_many_opponents_it_meets(go, scripted_server):
    asked, chosen = Counter(), []

    def script(request):
        text = shown(request)
        asked[str(request.body["messages"])] += 1
        return scripted_server.ok("[[yes]]" if text.startswith("two") else "[[no]]")

    scripted_server.script = script
    finished = go("harm", lambda event: chosen.append(event) if isinstance(event, PairsChosen) else None)
    assert not finished.failures
    games, ratings = finished.games(), finished.ratings()
    assert len(chosen) > 1, "the budget is spent in rounds"
    assert BUDGET["games"] - 8 < len(games) <= BUDGET["games"]
    met = games.groupby("system_a")["system_b"].nunique()
    assert met.max() > 1
    key = ["system", "language", "item_id", "sample_index"]
    assert not ratings.duplicated(key).any()
    judged = {
        (system, row.language, row.item_id) for row in games.itertuples() for system in (row.system_a, row.system_b)
    }
    assert {tuple(row) for row in ratings[key[:3]].to_numpy().tolist()} == judged
    assert set(asked.values()) == {1}
    assert set(ratings.loc[ratings["system"] == "two", "value"]) == {1.0}
    # Whoever is found bad loses to whoever is not, whichever was chosen how often.
    battles = finished.battles()
    against = battles[(battles["candidate"] == "two") & (battles["baseline"] == "one")]
    assert set(against["score"]) == {0.0}
    again = go("harm")
    assert again.games().equals(games)
    assert set(asked.values()) == {1}


def test_the_rounds_of_a_budget_are_batches(go, scripted_server, batch_server):
    scripted_server.script = lambda request: scripted_server.ok("[[A>B]]")
    chosen = []
    finished = go(
        "llm", lambda event: chosen.append(event) if isinstance(event, PairsChosen) else None, mode="batch", poll_s=0.01
    )
    assert not finished.failures
    games = finished.games()
    assert BUDGET["games"] - 8 < len(games) <= BUDGET["games"]
    assert set(games["label"]) == {"A>B"}
    assert 1 < len(batch_server.batches) <= len(chosen) + 1, "one for the first games, one for each round"
    assert max(Counter(batch_server.questions).values()) == 1, "the games of a share that grows are paid for once"
    assert len(batch_server.questions) == len(games)
    before = len(batch_server.batches)
    assert go("llm", mode="batch", poll_s=0.01).games().equals(games)
    assert len(batch_server.batches) == before
