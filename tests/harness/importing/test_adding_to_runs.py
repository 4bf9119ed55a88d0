"""Importing into an existing run adds: systems, tasks and languages, and pairs of a judge that is there."""

import pytest

from polyarena.harness import open_run, write_report
from polyarena.harness.importing import ImportOptions, import_verdicts


def judged(model, language="de", label="A>B", base="base", items=6):
    return [
        {
            "language": language,
            "item_id": str(i),
            "system_a": model,
            "system_b": base,
            "label": label,
            "judge": "jury",
            "task": "toy",
        }
        for i in range(items)
    ]


def test_a_further_system_is_added_and_nothing_is_lost(write, tmp_path):
    folder = tmp_path / "run"
    import_verdicts("polyarena", write("one.jsonl", judged("one") + judged("two", label="A=B")), folder)
    before = open_run(folder).games()
    import_verdicts("polyarena", write("three.jsonl", judged("three", label="B>A")), folder)
    records = open_run(folder)
    assert sorted(records.lock.cells) == ["base", "one", "three", "two"]
    assert {pair[1:3] for pair in records.pairs()} == {("one", "base"), ("two", "base"), ("three", "base")}
    games = records.games()
    assert len(games) == 18
    assert games[games["system_a"] != "three"].reset_index(drop=True).equals(before)
    assert set(records.lock.imported["jury"].files) == {"one.jsonl", "three.jsonl"}
    assert [system.name for system in records.lock.settings.systems] == ["base", "one", "two", "three"]
    write_report(records.folder, results_only=True)
    rates = open_run(folder).estimates().query("level == 'macro'").set_index("system")["value"]
    assert rates.to_dict() == {"one": 1.0, "two": 0.5, "three": 0.0}


def test_the_result_is_that_of_one_import_of_everything(write, tmp_path):
    import_verdicts("polyarena", write("a/one.jsonl", judged("one")), tmp_path / "step")
    import_verdicts("polyarena", write("a/two.jsonl", judged("two", language="fr")), tmp_path / "step")
    import_verdicts("polyarena", tmp_path / "a", tmp_path / "whole")
    steps, whole = open_run(tmp_path / "step"), open_run(tmp_path / "whole")
    assert steps.games().equals(whole.games())
    assert steps.lock.judges == whole.lock.judges or steps.lock.judges["jury"].signature == (
        whole.lock.judges["jury"].signature
    )
    assert {name: task.languages for name, task in steps.lock.tasks.items()} == {"toy": ("deu_Latn", "fra_Latn")}


def test_the_same_pair_is_replaced_whichever_side_comes_first(write, tmp_path):
    folder = tmp_path / "run"
    import_verdicts("polyarena", write("g.jsonl", judged("one") + judged("two")), folder)
    turned = [
        {**row, "system_a": row["system_b"], "system_b": row["system_a"], "label": "A=B"} for row in judged("one")
    ]
    import_verdicts("polyarena", write("g.jsonl", turned), folder)
    games = open_run(folder).games()
    assert len(games) == 12
    about_one = games[(games["system_a"] == "one") | (games["system_b"] == "one")]
    assert set(about_one["label"]) == {"A=B"}


def test_a_language_and_a_task_are_added(write, tmp_path):
    folder = tmp_path / "run"
    import_verdicts("polyarena", write("g.jsonl", judged("one")), folder)
    import_verdicts("polyarena", write("h.jsonl", judged("one", language="sw")), folder)
    import_verdicts("polyarena", write("i.jsonl", judged("one")), folder, ImportOptions(judge="other", task="second"))
    lock = open_run(folder).lock
    assert lock.tasks["toy"].languages == ("deu_Latn", "swh_Latn")
    assert sorted(lock.judges) == ["jury", "other"]


@pytest.mark.parametrize("weight", [None, 3.0])
def test_the_settings_of_the_run_stay(weight, write, tmp_path):
    import_verdicts("polyarena", write("g.jsonl", judged("one")), tmp_path / "run", strong_weight=weight)
    before = open_run(tmp_path / "run").lock.settings
    import_verdicts("polyarena", write("h.jsonl", judged("two")), tmp_path / "run")
    after = open_run(tmp_path / "run").lock.settings
    assert (after.statistics, after.baseline) == (before.statistics, before.baseline)
