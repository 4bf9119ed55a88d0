"""Scores by category of the items."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from polyarena.reports.stats import estimates_table, mean_scores
from polyarena.reports.stats.categories import MOST_CATEGORIES, category_scores
from polyarena.tasks.signature import Signature

Make = Callable[..., pd.DataFrame]


@pytest.fixture
def scores(make_scores: Make) -> pd.DataFrame:
    """Of 40 items, the odd ones hang on a culture: half of them are right, and all of the others."""
    rows = make_scores({"deu_Latn": [1, 1, 1, 0] * 10, "tha_Thai": [1, 0, 1, 1] * 10})
    odd = rows["source_id"].str[-1].isin(list("13579"))
    return rows.assign(category=odd.map({True: "culturally sensitive", False: "culturally agnostic"}))


def test_each_category_has_an_average_of_its_own(scores: pd.DataFrame) -> None:
    found = category_scores(scores, rounds=200).set_index("group")
    assert set(found["level"]) == {"category"}
    assert found.loc["culturally sensitive", "value"] == pytest.approx(0.5)
    assert found.loc["culturally agnostic", "value"] == pytest.approx(1.0)
    assert found["n"].tolist() == [40, 40]
    assert found["n_languages"].tolist() == [2, 2]
    assert found["low"].notna().all()


def test_items_without_a_category_are_in_none(scores: pd.DataFrame) -> None:
    scores.loc[scores["source_id"] == "s001", "category"] = None
    found = category_scores(scores, rounds=50).set_index("group")
    assert found.loc["culturally sensitive", "n"] == 38


def test_a_task_without_categories_has_no_rows(scores: pd.DataFrame) -> None:
    assert category_scores(scores.drop(columns="category"), rounds=50).empty
    assert category_scores(scores.assign(category=None), rounds=50).empty
    assert category_scores(scores.assign(category="all"), rounds=50).empty
    many = scores.assign(category=scores["item_id"])
    assert many["category"].nunique() > MOST_CATEGORIES
    assert category_scores(many, rounds=50).empty


def test_tasks_keep_their_own_categories(scores: pd.DataFrame) -> None:
    other = scores.assign(task="exam", category=scores["category"].map(lambda text: text.split()[-1]))
    found = category_scores(pd.concat([scores, other]), rounds=50)
    groups = found.groupby("task")["group"].apply(set).to_dict()
    assert groups == {
        "names": {"culturally sensitive", "culturally agnostic"},
        "exam": {"sensitive", "agnostic"},
    }


def test_the_signature_names_the_category(scores: pd.DataFrame) -> None:
    found = category_scores(scores, rounds=50, signatures={("names", "accuracy"): Signature.parse("task:names@2")})
    assert found["signature"].str.startswith("task:names@2|category:culturally ").all()
    assert category_scores(scores, rounds=50)["signature"].str.contains("metric:accuracy|category:", regex=False).all()


def test_categories_stand_beside_all_other_estimates(scores: pd.DataFrame) -> None:
    table = estimates_table([category_scores(scores, rounds=50), mean_scores(scores, rounds=50)]).to_pandas()
    assert table["level"].drop_duplicates().tolist() == ["macro", "tier", "category", "language"]
    assert not table.duplicated(["level", "group"]).any()
