"""Rankings, comparisons and evenness of a run."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from polyarena.harness.lock import Lock
from polyarena.harness.reporting.secondary_results import secondary_results
from polyarena.judges.records import BATTLE_SCHEMA

CODES = ("deu_Latn", "swh_Latn")
NO_BATTLES = BATTLE_SCHEMA.empty_table().to_pandas()


def lock(*names, baseline=None, tasks=("exam",)):
    resolved = {
        "name": "x", "systems": [{"name": name, "model": "toy"} for name in names], "baseline": baseline,
        "tasks": list(tasks), "statistics": {"rounds": 100},
    }  # fmt: skip
    return Lock.model_validate({"experiment": {"name": "x", "digest": "d", "resolved": resolved}})


def scores(system, task="exam", chance=0.5, items=24):
    generator = np.random.default_rng(len(system))
    return pd.DataFrame(
        [
            {"system": system, "task": task, "language": code, "item_id": str(i), "sample_index": 0,
             "source_id": f"s{i}", "metric": "acc", "value": float(generator.random() < chance),
             "signature": "metric:acc", "statistics": None}
            for code in CODES for i in range(items)
        ]
    )  # fmt: skip


def battles(candidate, chance):
    generator = np.random.default_rng(len(candidate))
    return pd.DataFrame(
        [
            {"judge": "rules", "task": "open", "language": code, "item_id": str(i), "source_id": f"s{i}",
             "candidate": candidate, "baseline": "base", "score": float(generator.random() < chance), "n_games": 2,
             "n_invalid": 0}
            for code in CODES for i in range(24)
        ]
    )  # fmt: skip


def test_candidates_are_compared_with_the_baseline():
    frame = pd.concat([scores("base"), scores("one"), scores("second")])
    found = secondary_results(lock("one", "base", "second", baseline="base"), NO_BATTLES, frame)
    pairs = set(zip(found.comparisons["system"], found.comparisons["against"], strict=True))
    assert pairs == {("one", "base"), ("second", "base")}
    assert set(found.tables) == {"comparisons", "equity"}
    assert [sheet.title for sheet in found.page_tables] == ["Systems compared on scores", "Equity across languages"]


def test_two_systems_are_compared_without_a_baseline_and_three_are_not():
    frame = pd.concat([scores("one"), scores("second")])
    found = secondary_results(lock("one", "second"), NO_BATTLES, frame)
    assert set(zip(found.comparisons["system"], found.comparisons["against"], strict=True)) == {("one", "second")}
    three = secondary_results(lock("one", "second", "third"), NO_BATTLES, pd.concat([frame, scores("third")]))
    assert "comparisons" not in three.tables


def test_what_only_one_of_them_did_is_not_compared():
    frame = pd.concat([scores("base"), scores("one"), scores("one", task="alone")])
    found = secondary_results(lock("one", "base", baseline="base"), NO_BATTLES, frame)
    assert set(found.comparisons["task"]) == {"exam"}
    apart = pd.concat([scores("base"), scores("one", task="alone")])
    assert "comparisons" not in secondary_results(lock("one", "base", baseline="base"), NO_BATTLES, apart).tables


@pytest.mark.parametrize(("candidates", "ranked"), [(("one",), False), (("one", "second"), True)])
def test_three_systems_are_ranked(candidates, ranked):
    all_battles = pd.concat([battles(name, 0.4 + 0.2 * i) for i, name in enumerate(candidates)])
    found = secondary_results(lock("base", *candidates, baseline="base"), all_battles, scores("base").head(0))
    assert ("ranking" in found.tables) == ranked
    assert any(sheet.title == "Ranking" for sheet in found.page_tables) == ranked
    if ranked:
        macro = found.ranking[found.ranking["level"] == "macro"]
        assert set(macro["system"]) == {"base", *candidates}


def test_an_empty_run_has_nothing_further():
    found = secondary_results(lock("one"), NO_BATTLES, scores("one").head(0))
    assert found.tables == {}
    assert found.page_tables == []


def test_columns_have_the_same_types_whatever_they_hold():
    one = secondary_results(
        lock("base", "one", baseline="base"), NO_BATTLES, pd.concat([scores("base"), scores("one")])
    )
    table = one.tables["comparisons"]
    assert table.schema.field("judge").type == pa.string()
    assert table.schema.field("margin").type == pa.float64()
    assert table.schema.field("n").type == pa.int64()
    assert table.schema.field("note").type == pa.string()
    assert table.column("judge").null_count == table.num_rows


def test_tasks_of_a_suite_that_was_asked_are_averaged():
    asked = lock(
        "one", "second", tasks=[{"suite": "aya23_paper"}, {"task": "exam"}, {"suite": "of a plugin that is gone"}]
    )
    frame = pd.concat([scores(name, task) for name in ("one", "second") for task in ("xcopa", "xwinograd", "exam")])
    found = secondary_results(asked, NO_BATTLES, frame)
    assert found.suites["task"].tolist() == ["aya23_paper"] * 2
    assert found.suites["signature"].str.contains("|tasks:xcopa+xwinograd|", regex=False).all()
    assert found.tables["suites"].num_rows == 2
    assert "Averages over tasks" in [sheet.title for sheet in found.page_tables]


def test_without_a_suite_there_are_no_averages_over_tasks():
    frame = pd.concat([scores("one"), scores("one", task="xcopa")])
    found = secondary_results(lock("one"), NO_BATTLES, frame)
    assert found.suites.empty
    assert "suites" not in found.tables


def trained(**seen):
    card = {
        "version": "1", "title": "t", "kind": "multiple_choice", "languages": CODES,
        "dataset": {"id": "x/y", "revision": "r", "licence": "MIT"}, "provenance": dict.fromkeys(CODES, "native"),
    }  # fmt: skip
    content = lock(*seen, tasks=("a", "b", "c", "d", "e")).model_dump(mode="json")
    for system in content["experiment"]["resolved"]["systems"]:
        system["seen"] = seen[system["name"]]
    content["tasks"] = {name: {"card": {**card, "name": name}, "languages": CODES} for name in "abcde"}
    return Lock.model_validate(content)


def test_held_out_and_in_distribution_tasks_are_averaged_apart():
    said = {"a": "none", "b": "none", "c": "task", "d": "task", "e": "items"}
    found = trained(one=said, second={**said, "d": "none"}, third={})
    frame = pd.concat([scores(system, task) for system in ("one", "second", "third") for task in "abcde"])
    averages = secondary_results(found, NO_BATTLES, frame).suites
    assert set(averages["task"]) == {"held-out tasks", "in-distribution tasks"}


def test_without_a_word_on_training_nothing_is_averaged_apart():
    frame = pd.concat([scores("one", task) for task in "ab"])
    assert secondary_results(trained(one={}), NO_BATTLES, frame).suites.empty
