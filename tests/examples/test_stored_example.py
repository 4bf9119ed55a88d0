"""The example on stored completions, cut down to what a test can wait for."""

import pytest
import yaml

from polyarena.harness import plan, run


@pytest.fixture
def experiment(repository, test_data):
    data = yaml.safe_load((repository / "examples" / "m_arenahard_stored.yaml").read_text(encoding="utf-8"))
    data["data_root"] = str(test_data / "hub")
    for system in data["systems"]:
        system["args"]["path"] = str(test_data / "completions/m-ArenaHard" / system["name"])
    return data


def test_the_plan_has_the_19_languages_that_both_have(experiment, tmp_path):
    planned = plan(experiment, output=tmp_path / "run")
    assert len(planned.games) == 19
    assert {games.items for games in planned.games} == {60}
    assert set(planned.unsupported) == {
        ("gpt-4", "ell_Grek"),
        ("gpt-4", "eng_Latn"),
        ("Llama-3.3-70B-Instruct", "ell_Grek"),
        ("Llama-3.3-70B-Instruct", "eng_Latn"),
        ("Llama-3.3-70B-Instruct", "rus_Cyrl"),
        ("Llama-3.3-70B-Instruct", "ukr_Cyrl"),
    }
    assert set(planned.data) >= {"CohereLabs/m-ArenaHard@ab393a96cd0b/de/test"}


def test_real_answers_are_in_the_language_that_was_asked(experiment, tmp_path, monkeypatch):
    monkeypatch.setattr("polyarena.reports.figures.FORMATS", ("svg",))
    experiment["tasks"][0] |= {"languages": ["de", "hi", "ko", "he"], "limit": 25}
    finished = run(plan(experiment, output=tmp_path / "run"))
    completions = finished.completions()
    told = completions.dropna(subset=["identified_language"])
    assert (told["identified_language"] == told["language"]).mean() > 0.97
    battles = finished.battles()
    assert len(battles) == 4 * 25
    # What the rules look at, both of these models get right nearly always.
    assert (battles["score"] == 0.5).mean() > 0.95
