"""Estimates of a run whose lock file has templates, categories and flags; and the tables that are written of them."""

import numpy as np
import pandas as pd
import pytest

from polyarena.harness.lock import Lock
from polyarena.harness.reporting.estimates import estimates
from polyarena.harness.reporting.table_files import LONGEST_NAME, _name, report_tables
from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.tables import sections

CODES = ("deu_Latn", "tha_Thai")
TEMPLATES = {"nli": "plain", "nli.claim": "claim", "nli.asked": "asked"}
MEDIAN = "acc (median of 3 templates)"


def entry(name, **more):
    card = {
        "name": name, "version": "1", "title": name, "kind": "multiple_choice", "languages": CODES,
        "dataset": {"id": "x/exam", "revision": "r1", "licence": "MIT"}, "provenance": dict.fromkeys(CODES, "native"),
    }  # fmt: skip
    return {"card": card, "languages": CODES, **more}


def cells(*tasks, changed=()):
    return {task: {code: f"{task}-{code}-{'new' if task in changed else 'old'}" for code in CODES} for task in tasks}


def make_lock(changed=()):
    resolved = {
        "name": "x", "systems": [{"name": "ours", "model": "toy"}], "tasks": ["exam"], "statistics": {"rounds": 100},
    }  # fmt: skip
    content = {
        "experiment": {"name": "x", "digest": "d", "resolved": resolved},
        "tasks": {
            "exam": entry("exam"),
            **{name: entry(name, family="nli", template=template) for name, template in TEMPLATES.items()},
        },
        "cells": {"ours": cells("exam", *TEMPLATES, changed=changed)},
        "flags": [
            {"task": "nli.claim", "language": "tha_Thai", "metric": "acc", "level": "doubtful", "reason": "of clauses"}
        ],
    }
    return Lock.model_validate(content)


@pytest.fixture(scope="module")
def scores():
    generator = np.random.default_rng(0)
    rows = [
        {
            "system": "ours",
            "task": task,
            "language": code,
            "item_id": str(i),
            "sample_index": 0,
            "source_id": f"s{i}",
            "metric": "acc",
            "value": float(generator.random() < chance),
            "signature": "metric:acc",
            "statistics": None,
            "category": ("sensitive", "agnostic")[i % 2] if task == "exam" else None,
        }
        for task, chance in zip(("exam", *TEMPLATES), (0.7, 0.6, 0.4, 0.5), strict=True)
        for code in CODES
        for i in range(24)
    ]
    return pd.DataFrame(rows)


def made(scores, changed=()):
    all_battles = BATTLE_SCHEMA.empty_table().to_pandas()
    return estimates(make_lock(changed), all_battles, scores)


def test_a_family_has_a_median_and_a_mean_beside_its_templates(scores):
    found = made(scores)
    kinds = set(zip(found["task"], found["metric"], strict=True))
    assert kinds == {("exam", "acc"), *((task, "acc") for task in TEMPLATES),
                     ("nli", MEDIAN), ("nli", "acc (mean of 3 templates)")}  # fmt: skip
    macro = found[found["level"] == "macro"].set_index(["task", "metric"])
    single = sorted(macro.loc[(task, "acc"), "value"] for task in TEMPLATES)
    assert (macro.loc[("nli", MEDIAN), "lowest"], macro.loc[("nli", MEDIAN), "highest"]) == (single[0], single[2])


def test_sampled_tasks_have_their_pass_rates_with_flags_and_signatures(scores):
    again = scores.assign(sample_index=1, value=1 - scores["value"])
    found = made(pd.concat([scores, again]))
    rates = found[found["metric"] == "acc@2"]
    assert set(rates["task"]) == {"exam", *TEMPLATES}
    assert (rates["value"] == 1).all()
    assert rates["signature"].str.contains("task:exam@1|", regex=False).sum() == (rates["task"] == "exam").sum()
    assert rates["signature"].str.contains("|pass@k:2|", regex=False).all()
    flagged = rates[(rates["task"] == "nli.claim") & (rates["group"] == "tha_Thai")]
    assert flagged["flag"].tolist() == ["doubtful: of clauses"]
    assert not made(scores)["metric"].str.contains("@").any()


def test_categories_are_estimated_apart(scores):
    found = made(scores)
    parts = found[found["level"] == "category"].set_index("group")
    assert set(parts.index) == {"sensitive", "agnostic"}
    exam = scores[(scores["task"] == "exam") & (scores["category"] == "sensitive")]
    assert parts.loc["sensitive", "value"] == pytest.approx(exam.groupby("language")["value"].mean().mean())
    assert parts["signature"].str.contains("|category:", regex=False).all()


def test_flags_of_the_lock_are_in_the_estimates(scores):
    found = made(scores)
    thai = found[found["group"] == "tha_Thai"].set_index(["task", "metric"])["flag"]
    assert thai["nli.claim", "acc"] == thai["nli", MEDIAN] == "doubtful: of clauses"
    assert thai["nli.asked", "acc"] == thai["exam", "acc"] == ""


def test_the_signature_over_templates_covers_the_cells_of_all(scores):
    before, after = made(scores), made(scores, changed=("nli.asked",))
    key = ["task", "metric", "level", "group"]
    changed = before.set_index(key)["signature"] != after.set_index(key)["signature"]
    assert set(changed[changed].index.droplevel(["level", "group"])) == {
        ("nli.asked", "acc"), ("nli", MEDIAN), ("nli", "acc (mean of 3 templates)"),
    }  # fmt: skip
    signature = before.set_index(key).loc[("nli", MEDIAN, "macro", "all"), "signature"]
    assert signature.startswith("task:nli@1|rev:r1")
    assert "|median:asked+claim+plain|" in signature


def test_tables_are_written_of_every_kind(scores):
    files = report_tables(made(scores), ["ours", "base"])
    names = {name.removesuffix(".csv") for name in files if name.endswith(".csv")}
    assert names == {
        "acc--exam", "acc--exam--by-category", "acc--nli", "acc--nli.asked", "acc--nli.claim",
        "acc-median-of-3-templates--nli", "acc-mean-of-3-templates--nli", "by-tier",
    }  # fmt: skip
    assert {f"acc--exam{end}" for end in (".csv", ".md", ".tex", ".caption.tex")} <= set(files)
    tiers = files["by-tier.csv"].decode().splitlines()
    assert tiers[0] == "task,metric,system,baseline,judge,all,high,mid,low,flag"
    assert len(tiers) == 1 + 3
    assert "‡" in files["acc-median-of-3-templates--nli.md"].decode()
    assert "\\begin{tabular}" in files["acc--exam--by-category.tex"].decode()


def test_names_of_tables_are_safe_and_never_the_same(scores):
    numbers = made(scores)
    exam = numbers[(numbers["task"] == "exam")]
    files = report_tables(pd.concat([exam.assign(task="a/b", metric=metric) for metric in ("acc 1", "acc/1")]), [])
    assert len([name for name in files if name.endswith(".csv") and "by-category" not in name]) == 3
    assert not any(set(name) & set("/ \\") for name in files)
    (section,) = sections(exam.assign(task="x" * 400))
    assert len(_name(section)) <= LONGEST_NAME + 9


def native_lock(**statistics):
    content = make_lock().model_dump(mode="json")
    content["tasks"]["exam"]["card"]["provenance"]["tha_Thai"] = "machine-translated"
    content["experiment"]["resolved"]["statistics"] |= statistics
    return Lock.model_validate(content)


def test_averages_over_native_data_leave_other_languages_out(scores):
    battles = BATTLE_SCHEMA.empty_table().to_pandas()
    every, native = (estimates(native_lock(averages=how), battles, scores) for how in ("all", "native"))
    exam = native[native["task"] == "exam"]
    german = exam[(exam["level"] == "language") & (exam["group"] == "deu_Latn")]["value"].item()
    assert exam[exam["level"] == "macro"]["value"].item() == pytest.approx(german)
    assert set(exam[exam["level"] == "language"]["group"]) == set(CODES)
    assert exam[exam["level"] == "macro"]["signature"].str.contains("averages:native").all()
    assert not exam[exam["level"] == "language"]["signature"].str.contains("averages").any()
    assert not every["signature"].str.contains("averages").any()
    one, other = (frame[(frame["task"] == "nli") & (frame["level"] == "macro")]["value"] for frame in (every, native))
    assert one.tolist() == pytest.approx(other.tolist())


@pytest.mark.parametrize("how", ["median", "mean"])
def test_one_statistic_over_templates_is_reported(scores, how):
    content = make_lock().model_dump(mode="json")
    for name in TEMPLATES:
        content["tasks"][name]["aggregate"] = how
    found = estimates(Lock.model_validate(content), BATTLE_SCHEMA.empty_table().to_pandas(), scores)
    assert set(found[found["metric"].str.contains("of 3 templates")]["metric"]) == {f"acc ({how} of 3 templates)"}
    assert "exam" in set(found["task"])
