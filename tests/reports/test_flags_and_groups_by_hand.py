"""Flags of averages counted by hand, and tables by groups of several systems, judges and tasks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarena.reports.flags import Flag, add_flags
from polyarena.reports.groups import TIERS, category_rows, group_table, grouping_levels, level_rows, tier_rows
from polyarena.reports.labels import TIER_TITLES
from polyarena.reports.page.views import level_views
from polyarena.reports.stats import custom_groups, facet_groups, mean_scores, tier_groups, win_rates
from polyarena.reports.stats.categories import category_scores
from polyarena.reports.tables import sections
from polyarena.tasks.languages import find_language

Make = Callable[..., pd.DataFrame]
CODES = ["deu_Latn", "fra_Latn", "hin_Deva", "swh_Latn", "tha_Thai"]
VALUES = {code: [1, 0, 1, 1] * 3 for code in CODES}
SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def estimates(make_scores: Make) -> pd.DataFrame:
    return mean_scores(make_scores(VALUES), rounds=20)


def by_group(found: pd.DataFrame) -> pd.Series:
    return found.set_index("group")["flag"]


@SLOW
@given(levels=st.lists(st.sampled_from(["", "doubtful", "inadequate"]), min_size=5, max_size=5))
def test_averages_count_the_flags_of_their_languages(estimates: pd.DataFrame, levels: list[str]) -> None:
    said = {code: level for code, level in zip(CODES, levels, strict=True) if level}
    found = by_group(
        add_flags(estimates, [Flag("names", code, "accuracy", level, "r") for code, level in said.items()])
    )
    assert {code: text for code, text in found[CODES].items() if text} == {
        c: f"{level}: r" for c, level in said.items()
    }
    for tier in ("all", *TIERS):
        within = [code for code in CODES if tier in ("all", find_language(code).tier)]
        for level in ("doubtful", "inadequate"):
            count = sum(said.get(code) == level for code in within)
            counted = re.search(rf"{level} in (\d+) of (\d+) languages?: r", found.get(tier, ""))
            assert (counted is not None) == bool(count)
            if counted:
                assert counted.groups() == (str(count), str(len(within)))


@SLOW
@given(
    order=st.permutations([Flag("names", code, "accuracy", "doubtful", f"r{i % 2}") for i, code in enumerate(CODES)])
)
def test_the_order_of_flags_changes_nothing(estimates: pd.DataFrame, order: list[Flag]) -> None:
    found = add_flags(estimates, order)
    pd.testing.assert_frame_equal(found, add_flags(estimates, sorted(order, key=lambda flag: flag.language)))
    pd.testing.assert_frame_equal(add_flags(found, order), found)


def test_languages_of_several_judges_are_counted_once(make_battles: Make) -> None:
    battles = pd.concat([make_battles(VALUES, judge=j, baseline=b) for j in "xy" for b in ("old", "older")])
    found = add_flags(win_rates(battles, rounds=20), [Flag("mini", "hin_Deva", "win_rate", "doubtful", "why")])
    assert set(found.loc[found["level"] == "macro", "flag"]) == {"doubtful in 1 of 5 languages: why"}


def test_a_flag_of_another_language_is_of_no_average(estimates: pd.DataFrame) -> None:
    assert not add_flags(estimates, [Flag("names", "zul_Latn", "accuracy", "doubtful", "x")])["flag"].any()
    assert not add_flags(estimates.head(0), [Flag("names", "deu_Latn", "accuracy", "doubtful", "x")])["flag"].any()


@pytest.fixture
def many(make_scores: Make, make_battles: Make) -> pd.DataFrame:
    """Two systems on two tasks, and one against two baselines."""
    scores = pd.concat([make_scores(VALUES, system=s, task=t) for s in ("b", "a") for t in ("y", "x")])
    battles = pd.concat([make_battles(VALUES, baseline=name) for name in ("old", "older")])
    groupings = {**tier_groups(), **facet_groups(["script"]), **custom_groups("zone", {"z": "German, Thai"})}
    return pd.concat([find(frame, rounds=20, groupings=groupings) for find, frame in (
        (mean_scores, scores), (win_rates, battles))])  # fmt: skip


def test_each_system_of_each_section_has_one_row(many: pd.DataFrame) -> None:
    table = group_table(tier_rows(sections(many)), TIERS)
    assert table[["task", "system", "baseline", "judge"]].to_numpy().tolist() == [
        ["mini", "new", "old", "rules"],
        ["mini", "new", "older", "rules"],
        ["x", "a", "", ""],
        ["x", "b", "", ""],
        ["y", "a", "", ""],
        ["y", "b", "", ""],
    ]
    assert set(table["all"].str[:4]) == {"75.0"}


def test_own_levels_follow_the_known_ones_and_have_a_place(many: pd.DataFrame) -> None:
    parts = list(sections(many))
    assert grouping_levels(parts) == ("tier", "script", "zone")
    views = level_views(parts)
    assert [(view.id, view.title, view.columns[1:]) for view in views] == [
        ("tiers", "By resource tier", tuple(TIER_TITLES[tier] for tier in TIERS)),
        ("by-script", "By script", ("Deva", "Latn", "Thai")),
        ("by-zone", "By zone", ("z",)),
    ]
    for view in views:
        for _, lines in view.parts:
            assert {len(cells) for _, cells in lines} == {len(view.columns)}


def test_a_group_that_a_system_lacks_is_a_dash(make_scores: Make) -> None:
    scores = pd.concat([make_scores(VALUES, system="a"), make_scores({"deu_Latn": [1, 0] * 6}, system="b")])
    frames = [mean_scores(part, rounds=20, groupings=facet_groups(["script"])) for _, part in scores.groupby("system")]
    groups, rows = level_rows(sections(pd.concat(frames)), "script")
    table = group_table(rows, groups).set_index("system")
    assert table.loc["b", ["Deva", "Thai"]].tolist() == ["–", "–"]
    assert table.loc["b", "Latn"].startswith("50.0 [")
    assert not (table.loc["a"] == "–").any()


def test_no_estimates_have_no_rows_and_a_table_with_its_columns() -> None:
    assert tier_rows([]) == []
    assert grouping_levels([]) == ()
    assert level_rows([], "script") == ((), [])
    table = group_table([], ["x", "task"])
    assert list(table.columns) == ["task", "metric", "system", "baseline", "judge", "all", "x", "task (group)"]
    assert table.empty


def test_categories_stand_beside_the_average_of_all_items(make_scores: Make) -> None:
    scores = make_scores(VALUES).assign(category=["y", "x", "x", "y"] * 15)
    found = pd.concat([mean_scores(scores, rounds=20), category_scores(scores, rounds=20)])
    ((categories, (row,)),) = [category_rows(part) for part in sections(found)]
    assert categories == ("x", "y")
    assert [mark.value for mark in row.marks if mark] == pytest.approx([0.75, 0.5, 1.0])
    assert [cell.split()[0] for cell in row.cells] == ["75.0", "50.0", "100.0"]
    assert "category" not in grouping_levels(sections(found))
