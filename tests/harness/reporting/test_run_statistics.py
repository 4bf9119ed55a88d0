"""Groupings of an experiment in estimates, signatures, flags and tables."""

import numpy as np
import pandas as pd
import pytest

from polyarena.harness.lock import Lock
from polyarena.harness.reporting.estimates import estimates
from polyarena.harness.reporting.run_statistics import run_statistics
from polyarena.harness.reporting.secondary_results import secondary_results
from polyarena.harness.reporting.table_files import report_tables
from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.tasks.errors import UnknownNameError

CODES = ("deu_Latn", "hin_Deva", "swh_Latn", "tha_Thai")
NO_BATTLES = BATTLE_SCHEMA.empty_table().to_pandas()
BOOTSTRAP = {"rounds": 100, "confidence": 0.95, "seed": 0}


def make_lock(changed="", **statistics):
    card = {
        "name": "exam", "version": "1", "title": "Exam", "kind": "multiple_choice", "languages": CODES,
        "dataset": {"id": "x/exam", "revision": "r", "licence": "MIT"}, "provenance": dict.fromkeys(CODES, "native"),
    }  # fmt: skip
    resolved = {
        "name": "x", "systems": [{"name": name, "model": "toy"} for name in ("ours", "base")], "baseline": "base",
        "tasks": ["exam"], "statistics": {**BOOTSTRAP, **statistics},
    }  # fmt: skip
    content = {
        "experiment": {"name": "x", "digest": "d", "resolved": resolved},
        "tasks": {"exam": {"card": card, "languages": CODES}},
        "cells": {
            name: {"exam": {code: f"{name}-{code}" + ("-new" if code == changed else "") for code in CODES}}
            for name in ("ours", "base")
        },
        "flags": [
            {"task": "exam", "language": "tha_Thai", "metric": "acc", "level": "doubtful", "reason": "of clauses"}
        ],
    }
    return Lock.model_validate(content)


@pytest.fixture(scope="module")
def scores():
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {"system": system, "task": "exam", "language": code, "item_id": str(i), "sample_index": 0,
             "source_id": f"s{i}", "metric": "acc", "value": float(generator.random() < 0.4 + n / 10),
             "signature": "metric:acc", "statistics": None}
            for system in ("ours", "base") for n, code in enumerate(CODES) for i in range(20)
        ]
    )  # fmt: skip


def made(scores, changed="", **statistics):
    frame = estimates(make_lock(changed, **statistics), NO_BATTLES, scores)
    return frame[frame["system"] == "ours"].set_index(["level", "group"])


ALL = {"groupings": ["script", "tier"], "groups": {"asia": ["hin_Deva", "Thai"], "mine": "swh, deu"}}


def test_without_settings_there_are_tiers_and_no_weight():
    found = run_statistics(make_lock())
    assert found.bootstrap == BOOTSTRAP
    assert list(found.groupings) == ["tier"]
    assert found.strong_weight == 1


def test_own_groups_stand_beside_the_groupings():
    found = run_statistics(make_lock(**ALL, strong_weight=3))
    assert list(found.groupings) == ["script", "tier", "group"]
    assert found.groupings["group"] == {"asia": ("hin_Deva", "tha_Thai"), "mine": ("deu_Latn", "swh_Latn")}
    assert found.strong_weight == 3


def test_a_grouping_of_another_version_is_named():
    with pytest.raises(UnknownNameError, match="unknown grouping 'colour'"):
        run_statistics(make_lock(groupings=["colour"]))


def test_every_group_is_the_mean_of_its_languages(scores):
    found = made(scores, **ALL)["value"]
    language = found["language"]
    assert found["group", "asia"] == pytest.approx((language["hin_Deva"] + language["tha_Thai"]) / 2)
    assert found["script", "Latn"] == pytest.approx((language["deu_Latn"] + language["swh_Latn"]) / 2)
    assert found["script", "Deva"] == pytest.approx(language["hin_Deva"])
    assert set(found["script"].index) == {"Latn", "Deva", "Thai"}


def test_the_order_of_groupings_changes_no_number(scores):
    one = made(scores, **ALL)
    other = made(scores, groupings=["tier", "script"], groups=dict(reversed(ALL["groups"].items())))
    pd.testing.assert_frame_equal(one.sort_index(), other.sort_index())


@pytest.mark.parametrize("code", CODES)
def test_a_cell_changes_the_signatures_of_its_own_groups_alone(scores, code):
    before, after = made(scores, **ALL)["signature"], made(scores, changed=code, **ALL)["signature"]
    changed = set(before.index[before != after])
    members = run_statistics(make_lock(**ALL)).groupings
    groups = {(level, name) for level, named in members.items() for name, codes in named.items() if code in codes}
    assert changed == {("macro", "all"), ("language", code)} | (groups & set(before.index))
    assert ("group", "asia" if code in ("hin_Deva", "tha_Thai") else "mine") in changed


def test_tiers_keep_their_signatures_whatever_else_is_asked(scores):
    tiers, all_of_them = made(scores), made(scores, **ALL)
    pd.testing.assert_frame_equal(tiers, all_of_them.loc[tiers.index])


def test_groups_of_one_name_and_other_languages_have_other_signatures(scores):
    one = made(scores, groups={"mine": "swh, deu"})["signature"]["group", "mine"]
    other = made(scores, groups={"mine": "swh, hin"})["signature"]["group", "mine"]
    assert one.partition("|cells:")[0] == other.partition("|cells:")[0]
    assert one != other


def test_flags_count_the_languages_of_the_group(scores):
    flags = made(scores, **ALL)["flag"]
    assert flags["group", "asia"] == "doubtful in 1 of 2 languages: of clauses"
    assert flags["script", "Thai"] == "doubtful in 1 of 1 language: of clauses"
    assert flags["group", "mine"] == flags["script", "Latn"] == ""
    assert flags["macro", "all"] == "doubtful in 1 of 4 languages: of clauses"


def test_comparisons_have_the_groups_too(scores):
    found = secondary_results(make_lock(**ALL), NO_BATTLES, scores).comparisons
    assert {"group", "script", "tier"} < set(found["level"])
    assert set(found.loc[found["level"] == "group", "group"]) == {"asia", "mine"}


def test_each_grouping_has_a_table(scores):
    frame = estimates(make_lock(**ALL), NO_BATTLES, scores)
    files = report_tables(frame, ["ours", "base"])
    assert {name for name in files if name.endswith(".csv")} == {
        "acc--exam.csv", "by-tier.csv", "by-script.csv", "by-group.csv",
    }  # fmt: skip
    assert files["by-script.csv"].decode().splitlines()[0] == (
        "task,metric,system,baseline,judge,all,Deva,Latn,Thai,flag"
    )
    assert "\\begin{tabular}" in files["by-group.tex"].decode()
    without = report_tables(estimates(make_lock(groupings=[]), NO_BATTLES, scores), [])
    assert {name for name in without if name.startswith("by-")} == set()
