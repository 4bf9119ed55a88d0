"""Panels and the language gate in a run."""

import pytest
from every_case import every_case

from polyarena.harness import plan, run
from polyarena.harness.experiment import load_experiment
from polyarena.tasks.errors import ExperimentError, UnknownNameError

SYSTEMS = [{"name": name, "model": "toy", "args": {"voice": name}} for name in ("one", "two")]
JUDGES = [{"name": "long", "judge": "toy_length"}, {"name": "rules", "judge": "rules"}]


def experiment(**changes):
    return {
        "name": "toy", "systems": SYSTEMS, "baseline": "one", "tasks": ["toy_open"], "judges": JUDGES,
        "panels": [{"name": "jury", "judges": ["long", "rules"], "rule": "mean"}], "statistics": {"rounds": 200},
        **changes,
    }  # fmt: skip


@pytest.fixture
def go(tmp_path, toys):
    return lambda **changes: run(plan(experiment(**changes), output=tmp_path / "run"))


def test_a_panel_is_a_judge_of_every_table(go, toys):
    finished = go()
    games = finished.games().set_index("judge")
    assert games.index.value_counts().to_dict() == {"long": 72, "rules": 72, "jury": 72}
    assert games.loc["jury", "raw"].str.match("long: .*; rules: ").all()
    battles = finished.battles().pivot(index=["language", "item_id"], columns="judge", values="score")
    assert (battles["jury"] - (battles["long"] + battles["rules"]) / 2).abs().max() < 1e-12
    signature = finished.estimates().query("judge == 'jury'")["signature"].iloc[0]
    assert "judge:panel@1|rule:mean|members:long+rules" in signature
    assert not finished.missing()


def test_a_panel_follows_its_members_and_its_rule(go):
    before = go().games().query("judge == 'jury'")
    again = go().games().query("judge == 'jury'")
    assert before.equals(again)
    by_majority = go(panels=[{"name": "jury", "judges": ["long", "rules"]}]).games().query("judge == 'jury'")
    assert by_majority["score"].isna().all()
    flipped = go(judges=[{**JUDGES[0], "args": {"flip": 1}}, JUDGES[1]])
    assert "members:long+rules" in str(flipped.lock.judges["jury"].signature)


def test_a_panel_lacks_what_a_member_lacks(go, monkeypatch):
    monkeypatch.setenv("TOY_FAIL", "deu_Latn")
    finished = go()
    assert sorted(finished.games().query("judge == 'jury'")["language"].unique()) == ["swh_Latn", "tha_Thai"]
    assert "jury on two against one · toy_open · deu_Latn" in finished.missing()


@every_case(
    ("panel", "error", "complaint"),
    [
        ({"name": "jury", "judges": ["long", "rule"]}, UnknownNameError, "did you mean 'rules'"),
        ({"name": "Long", "judges": ["long", "rules"]}, ExperimentError, "already a judge"),
        ({"name": "jury", "judges": ["long", "long"]}, ExperimentError, "twice"),
        ({"name": "jury", "judges": ["long"]}, ExperimentError, "too short|at least"),
        ({"name": "jury", "judges": ["long", "rules"], "rule": "median"}, ExperimentError, "unknown value 'median'"),
    ],
)
def test_panels_are_checked(panel, error, complaint):
    with pytest.raises(error, match=complaint):
        load_experiment(experiment(panels=[panel]))


def test_members_must_judge_equally_often():
    judges = [JUDGES[0], {**JUDGES[1], "repeats": 2}]
    with pytest.raises(ExperimentError, match="different number of times"):
        load_experiment(experiment(judges=judges))


def test_relatives_of_a_judge_are_in_the_lock(go):
    systems = [SYSTEMS[0], {**SYSTEMS[1], "args": {"voice": "two", "model": "qwen2-7b"}}]
    judges = [{**JUDGES[0], "args": {"model": "Qwen3-32B"}}, JUDGES[1]]
    finished = go(systems=systems, judges=judges)
    assert "The judge long and the system two are of one family (Alibaba)" in finished.files.page.read_text()
    entries = finished.lock.judges
    assert entries["long"].relatives == entries["jury"].relatives == {"two": ("Alibaba",)}
    assert entries["rules"].relatives == {}


def test_answers_in_another_language_are_marked(go):
    # The toy answers with English words, whatever it is asked.
    games = go().games().query("judge == 'long'")
    marked = games[games["wrong_language"].notna()]
    assert "tha_Thai" in set(marked["language"])
    assert set(marked["wrong_language"]) <= {"a", "b", "both"}


@pytest.mark.parametrize(("policy", "label"), [("tie", {"A=B"}), ("loss", {"A>B", "B>A", "A=B"})])
def test_a_gate_decides_without_the_judge(go, policy, label):
    finished = go(judges=[{**JUDGES[0], "language_gate": policy}], panels=[])
    games = finished.games()
    gated = games[games["wrong_language"].notna()]
    assert len(gated)
    assert set(gated["label"]) <= label
    assert gated["raw"].str.startswith("language gate").all()
    assert not games[games["wrong_language"].isna()]["raw"].str.startswith("language gate").any()
    assert f"language_gate:{policy}" in finished.estimates()["signature"].iloc[0]


def test_an_unknown_policy_is_refused():
    with pytest.raises(ExperimentError, match="judge"):
        load_experiment(experiment(judges=[{**JUDGES[0], "language_gate": "drop"}]))
