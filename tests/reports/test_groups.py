"""Results by resource tier and by category."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from polyarena.reports.groups import TIERS, category_rows, group_table, tier_rows
from polyarena.reports.stats import estimates_table, mean_scores
from polyarena.reports.stats.categories import category_scores
from polyarena.reports.stats.templates import template_scores
from polyarena.reports.tables import language_table, latex, markdown, sections

Make = Callable[..., pd.DataFrame]


def test_a_row_for_each_system_and_a_column_for_each_tier(
    win_estimates: pd.DataFrame, score_estimates: pd.DataFrame
) -> None:
    rows = tier_rows(sections(pd.concat([win_estimates, score_estimates])))
    table = group_table(rows, TIERS)
    assert list(table.columns) == ["task", "metric", "system", "baseline", "judge", "all", "high", "mid", "low"]
    assert table[["metric", "system", "baseline", "judge"]].to_numpy().tolist() == [
        ["win_rate", "new", "old", "rules"],
        ["accuracy", "new", "", ""],
        ["accuracy", "old", "", ""],
    ]
    # Aya 23 has no language of the lowest tier.
    assert set(table["low"]) == {"–"}
    assert table["high"].str.match(r"\d+\.\d \[\d+\.\d, \d+\.\d\]$").all()


def test_tiers_say_what_the_language_table_says(score_estimates: pd.DataFrame) -> None:
    section = next(sections(score_estimates))
    titled = language_table(section).set_index("language")
    (new, old) = tier_rows([section])
    assert new.cells[:2] == (titled.loc["Average: All languages", "new"], titled.loc["Average: High-resource", "new"])
    assert old.cells[2] == titled.loc["Average: Mid-resource", "old"]


def test_single_templates_are_a_detail(make_scores: Make) -> None:
    values = {"deu_Latn": [1, 0] * 5, "tha_Thai": [1, 1] * 5}
    tasks = ("names", "names.asked", "others")
    scores = pd.concat([make_scores(values, task=task) for task in tasks])
    families = {"names": ("names", "plain"), "names.asked": ("names", "asked")}
    frames = [mean_scores(scores, rounds=50), template_scores(scores, families, rounds=50)]
    found = list(sections(estimates_table(frames).to_pandas()))
    assert [(part.task, part.metric, part.detail) for part in found] == [
        ("names", "accuracy (median of 2 templates)", False),
        ("names", "accuracy (mean of 2 templates)", False),
        ("names", "accuracy", True),
        ("names.asked", "accuracy", True),
        ("others", "accuracy", False),
    ]
    assert [row.section.metric for row in tier_rows(found)] == [part.metric for part in found if not part.detail]
    assert "{75.0 to 75.0}" in language_table(found[0])["new"].iloc[0]
    assert "single template" in found[0].footnotes[-1]


def test_categories_have_a_table_of_their_own(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": [1, 0, 1, 1] * 5, "tha_Thai": [1, 1, 1, 0] * 5})
    scores["category"] = ["a", "b"] * 20
    numbers = estimates_table([mean_scores(scores, rounds=50), category_scores(scores, rounds=50)]).to_pandas()
    section = next(sections(numbers))
    categories, rows = category_rows(section)
    table = group_table(rows, categories)
    assert list(table.columns)[-3:] == ["all", "a", "b"]
    assert table.loc[0, "a"].startswith("100.0 [")
    assert table.loc[0, "b"].startswith("50.0 [")
    assert not any(row.title == "a" for row in section.rows)


def test_without_categories_there_is_no_table(score_estimates: pd.DataFrame) -> None:
    assert category_rows(next(sections(score_estimates))) == ((), [])


@pytest.mark.parametrize("write", [lambda table: (markdown(table),), latex], ids=["markdown", "latex"])
def test_they_can_be_written(score_estimates: pd.DataFrame, write: Callable[[pd.DataFrame], tuple[str, ...]]) -> None:
    parts = write(group_table(tier_rows(sections(score_estimates)), TIERS))
    for part in parts:
        assert len([line for line in part.splitlines() if "accuracy" in line]) == 2


def test_a_flag_is_a_column_where_there_is_one(score_estimates: pd.DataFrame) -> None:
    flags = ["doubtful" if group == "high" else "" for group in score_estimates["group"]]
    table = group_table(tier_rows(sections(score_estimates.assign(flag=flags))), TIERS)
    assert table["flag"].tolist() == ["doubtful", "doubtful"]


def test_languages_without_a_tier_have_no_empty_average(make_scores: Make) -> None:
    numbers = mean_scores(make_scores({"deu_Latn": [1, 0, 1], "xyz_Latn": [0, 0, 1]}), rounds=50)
    table = language_table(next(sections(numbers)))
    assert table["language"].tolist() == ["Average: All languages", "Average: High-resource", "German", "xyz_Latn"]
    assert not table.isin(["–"]).any(axis=None)
