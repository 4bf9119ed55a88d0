"""Tables and pages by any grouping of languages."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from polyarena.reports.figures import charts
from polyarena.reports.flags import Flag, add_flags
from polyarena.reports.groups import group_table, grouping_levels, level_rows
from polyarena.reports.page import PageContent, page
from polyarena.reports.page.views import level_views
from polyarena.reports.stats import custom_groups, facet_groups, mean_scores
from polyarena.reports.tables import language_table, latex, markdown, sections

Make = Callable[..., pd.DataFrame]
VALUES = {"deu_Latn": [1, 0] * 6, "hin_Deva": [1, 1, 0] * 4, "swh_Latn": [0, 0, 1] * 4}
OWN = {"all": "German, Hindi", "<b>new</b>": "Swahili"}


@pytest.fixture
def estimates(make_scores: Make) -> pd.DataFrame:
    groupings = {**facet_groups(["script", "tier", "family"]), **custom_groups("group", OWN)}
    return mean_scores(make_scores(VALUES), rounds=50, groupings=groupings)


def shown(estimates: pd.DataFrame) -> str:
    return page(PageContent("Groups", "0.1.0", (), (), (), estimates))


def test_levels_come_in_one_order_whatever_the_order_of_the_rows(estimates: pd.DataFrame) -> None:
    wanted = ("tier", "family", "script", "group")
    assert grouping_levels(sections(estimates)) == wanted
    assert grouping_levels(sections(estimates.iloc[::-1])) == wanted
    assert grouping_levels(sections(estimates.assign(level="macro"))) == ()
    strange = estimates.replace({"level": {"script": "zone", "family": "alley"}})
    assert grouping_levels(sections(strange)) == ("tier", "group", "alley", "zone")


def test_columns_are_the_groups_that_there_are(estimates: pd.DataFrame) -> None:
    groups, rows = level_rows(sections(estimates), "script")
    assert groups == ("Deva", "Latn")
    table = group_table(rows, groups)
    assert table.loc[0, "Deva"].startswith("66.7 [")
    assert table.loc[0, "Latn"].startswith("41.7 [")


def test_a_task_without_the_grouping_has_no_row_in_its_table(estimates: pd.DataFrame, make_scores: Make) -> None:
    other = mean_scores(make_scores(VALUES, task="others"), rounds=50)
    both = pd.concat([estimates, other])
    assert [row.section.task for row in level_rows(sections(both), "script")[1]] == ["names"]
    assert [row.section.task for row in level_rows(sections(both), "tier")[1]] == ["names", "others"]


def test_a_group_may_have_the_name_of_a_column(estimates: pd.DataFrame) -> None:
    groups, rows = level_rows(sections(estimates), "group")
    table = group_table(rows, groups)
    assert list(table.columns)[-3:] == ["all", "<b>new</b>", "all (group)"]
    assert table.columns.is_unique
    assert "&lt;b&gt;new" in markdown(table)
    (text,) = latex(table)
    assert text.count("\\\\\n") == 2


def test_the_page_has_a_table_and_a_link_for_each(estimates: pd.DataFrame) -> None:
    html = shown(estimates)
    for place, title in (
        ("tiers", "By resource tier"),
        ("by-family", "By language family"),
        ("by-script", "By script"),
        ("by-group", "By own groups"),
    ):
        assert f'<a href="#{place}">{title}</a>' in html
        assert f'<section id="{place}">' in html
    assert "<b>new" not in html


def test_without_tiers_tables_and_charts_still_stand(make_scores: Make) -> None:
    found = mean_scores(make_scores(VALUES), rounds=50, groupings={})
    assert level_views(list(sections(found))) == []
    assert 'id="tiers"' not in shown(found)
    table = language_table(next(sections(found)))
    assert table["language"].tolist()[0] == "Average: All languages"
    assert not table["language"].str.contains("resource").any()
    assert [chart.name for chart in charts(found)]


def test_flags_follow_the_groupings_given(estimates: pd.DataFrame) -> None:
    flags = [Flag("names", "hin_Deva", "accuracy", "doubtful", "why")]
    found = add_flags(estimates, flags, facet_groups(["script"])).set_index(["level", "group"])["flag"]
    assert found["script", "Deva"] == "doubtful in 1 of 1 language: why"
    assert found["script", "Latn"] == ""
