"""Groups of languages, categories of items, the order of rows and the signature, by their definitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarena.reports.records import Estimate
from polyarena.reports.stats import custom_groups, estimates_frame, estimates_table, facet_groups, mean_scores
from polyarena.reports.stats.categories import LEVEL, MOST_CATEGORIES, category_scores
from polyarena.reports.stats.groupings import RESERVED, Group, groups_of, tier_groups
from polyarena.reports.stats.intervals import Interval
from polyarena.reports.stats.signature import estimate_signature, own_version
from polyarena.reports.stats.summary import Settings, Summary
from polyarena.tasks.errors import DataError, UnknownNameError
from polyarena.tasks.languages import all_languages
from polyarena.tasks.signature import Signature

Make = Callable[..., pd.DataFrame]
CODES = sorted(language.code for language in all_languages())
SOME = st.sets(st.sampled_from(CODES), max_size=12)
SLOW = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
FACETS = ("tier", "family", "script", "region", "joshi", "direction", "set")
PLAIN = Estimate(
    system="new", baseline=None, judge=None, task="t", level="macro", group="all", metric="m", value=0.5,
    standard_error=0.1, low=0.3, high=0.7, confidence=0.95, method="wilson", n=20, n_clusters=20, n_languages=1,
    n_invalid=0, worst=None, best=None, note="", signature="s",
)  # fmt: skip


@given(languages=SOME, averaged=SOME, facet=st.sampled_from(FACETS))
def test_groups_hold_averaged_languages_alone(languages: set[str], averaged: set[str], facet: str) -> None:
    groupings = facet_groups([facet])
    found = list(groups_of(languages, averaged & languages, groupings))
    assert found[0] == Group("macro", "all", tuple(sorted(averaged & languages)))
    middle = [group for group in found if group.level == facet]
    for group in middle:
        assert group.languages
        assert set(group.languages) == set(groupings[facet][group.name]) & averaged & languages
    assert [group.name for group in found if group.level == "language"] == sorted(languages)
    assert len(found) == 1 + len(middle) + len(languages)


@every_case("facet", FACETS)
def test_groups_of_a_facet_are_sorted_without_doubles_and_known(facet: str) -> None:
    groups = facet_groups([facet])[facet]
    for members in groups.values():
        assert members
        assert len(set(members)) == len(members)
        assert set(members) <= set(CODES)
    if facet != "tier":
        assert list(groups) == sorted(groups)


@every_case("facet", ["tier", "family", "script", "joshi", "direction"])
def test_a_language_is_in_one_group_of_a_facet_at_most(facet: str) -> None:
    members = [code for group in facet_groups([facet])[facet].values() for code in group]
    assert len(members) == len(set(members))


def test_facets_come_in_the_order_asked() -> None:
    assert list(facet_groups(("script", "tier"))) == ["script", "tier"]
    assert list(facet_groups(iter(["tier"]))) == list(facet_groups()) == ["tier"]
    assert facet_groups([]) == {}


def test_no_level_of_the_table_has_a_name_that_is_taken() -> None:
    assert not RESERVED & set(FACETS)
    with pytest.raises(UnknownNameError, match="nowhere"):
        custom_groups("market", {"x": "nowhere"})


def test_groups_of_ones_own_may_overlap_and_be_added_up() -> None:
    found = custom_groups("market", {"both": ["German", "script:Deva"], "one": "German"})["market"]
    assert set(found["one"]) == {"deu_Latn"}
    assert set(found["both"]) == {"deu_Latn", *facet_groups(["script"])["script"]["Deva"]}
    shown = list(groups_of(["deu_Latn"], ["deu_Latn"], {"market": found}))
    assert [(group.name, group.languages) for group in shown[1:3]] == [
        ("both", ("deu_Latn",)), ("one", ("deu_Latn",)),
    ]  # fmt: skip


@SLOW
@given(data=st.data())
def test_categories_are_averages_of_their_own_items(make_scores: Make, data: Any) -> None:
    """Whatever the items of the other categories are worth."""
    codes = ["deu_Latn", "swh_Latn"]
    values = {code: data.draw(st.lists(st.integers(0, 1), min_size=12, max_size=12)) for code in codes}
    labels = data.draw(st.lists(st.sampled_from(["x", "y", None]), min_size=12, max_size=12))
    labels[:2] = ["x", "y"]
    scores = make_scores(values).assign(category=labels * 2)
    found = category_scores(scores, rounds=20).set_index("group")
    assert set(found.index) == {"x", "y"}
    for name in ("x", "y"):
        means = [np.mean([v for v, label in zip(values[c], labels, strict=True) if label == name]) for c in codes]
        assert found.loc[name, "value"] == pytest.approx(np.mean(means))
        assert found.loc[name, "n"] == 2 * labels.count(name)
        assert found.loc[name, "n_clusters"] == labels.count(name)


def test_a_category_alone_has_the_numbers_of_the_task_with_it_alone(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": [1, 0, 1, 1] * 6, "swh_Latn": [0, 1, 1, 0] * 6})
    scores["category"] = ["x", "y", "x", "x"] * 12
    found = category_scores(scores, rounds=60).set_index("group").loc["x"]
    alone = mean_scores(scores[scores["category"] == "x"], rounds=60).set_index("group").loc["all"]
    for name in ("value", "standard_error", "low", "high", "method", "n"):
        assert found[name] == alone[name]
    assert found["level"] == LEVEL


@pytest.mark.parametrize(("many", "shown"), [(1, 0), (2, 2), (MOST_CATEGORIES, 30), (MOST_CATEGORIES + 1, 0)])
def test_how_many_categories_are_parts_of_a_task(make_scores: Make, many: int, shown: int) -> None:
    scores = make_scores({"deu_Latn": [1, 0] * many}).assign(category=[f"c{i % many:02}" for i in range(2 * many)])
    found = category_scores(scores, rounds=10)
    assert found["group"].tolist() == [f"c{i:02}" for i in range(shown)]


def test_the_order_of_scores_changes_no_bit_of_categories(make_scores: Make) -> None:
    scores = make_scores({"deu_Latn": [1, 0, 1] * 6, "swh_Latn": [0, 1, 1] * 6}).assign(category=["x", "y", "y"] * 12)
    mixed = scores.sample(frac=1, random_state=5)
    pd.testing.assert_frame_equal(category_scores(scores, rounds=40), category_scores(mixed, rounds=40), rtol=0, atol=0)
    with pytest.raises(DataError, match="occur twice"):
        category_scores(pd.concat([scores, scores.head(1)]), rounds=10)


NAMES = st.sampled_from(["a", "b"])
ROWS = st.builds(
    replace,
    st.just(PLAIN),
    system=NAMES,
    task=NAMES,
    metric=NAMES,
    judge=st.sampled_from([None, "j"]),
    baseline=st.sampled_from([None, "a"]),
    level=st.sampled_from(["macro", "tier", "family", "script", "language"]),
    group=st.sampled_from(["high", "mid", "low", "x"]),
)


@given(st.lists(ROWS, max_size=12, unique=True), st.randoms())
def test_rows_are_sorted_by_what_they_are_about(rows: list[Estimate], random: Any) -> None:
    found = estimates_frame(rows)
    mixed = random.sample(rows, len(rows))
    pd.testing.assert_frame_equal(estimates_frame(mixed), found)
    assert len(found) == len(rows)
    levels = {"macro": 0, "tier": 1, "language": 3}
    places = [
        (r.task, r.metric, r.judge or "", r.system, r.baseline or "", levels.get(r.level, 2), r.level)
        for r in (Estimate(**row) for row in found.astype(object).where(found.notna(), None).to_dict("records"))
    ]
    assert places == sorted(places)
    for _, part in found[found["level"] == "tier"].groupby(["task", "metric", "judge", "system", "baseline"]):
        assert part["group"].tolist() == sorted(part["group"], key=["high", "mid", "low", "x"].index)


@given(st.lists(ROWS, max_size=8, unique=True), st.integers(0, 8))
def test_tables_of_parts_are_the_table_of_the_whole(rows: list[Estimate], cut: int) -> None:
    parts = [estimates_frame(rows[cut:]), estimates_frame(rows[:cut])]
    assert estimates_table(parts).equals(estimates_table([estimates_frame(rows)]))


def test_a_column_too_many_is_dropped_and_one_too_few_is_an_error() -> None:
    frame = estimates_frame([PLAIN])
    assert estimates_table([frame.assign(more=1)]).equals(estimates_table([frame]))
    with pytest.raises(KeyError, match="note"):
        estimates_table([frame.drop(columns="note")])


@every_case(("confidence", "shown"), [(0.95, "95"), (0.975, "97.5"), (0.9, "90"), (0.29, "29")])
@every_case(("level", "extra"), [("macro", "|macro:3"), ("tier", "|tier:3"), ("language", "")])
def test_a_signature_holds_what_changes_the_number(level: str, extra: str, confidence: float, shown: str) -> None:
    around = Interval(0.1, 0.3, 0.7, "wilson")
    text = estimate_signature(
        Signature.parse("task:t@1"),
        Group(level, "g", ("x", "y", "z")),
        Summary(0.5, around, 40, 20, (), 3),
        Settings(confidence, 500, 7),
    )
    assert text == f"task:t@1{extra}|n:40|B:500|seed:7|ci:wilson{shown}|polyarena:{own_version()}"


def test_other_settings_have_another_signature() -> None:
    def text(settings: Settings, method: str = "wilson") -> str:
        summary = Summary(0.5, Interval(0.1, 0.3, 0.7, method), 4, 4, (), 1)
        return estimate_signature(Signature.parse("p"), Group("language", "x", ("x",)), summary, settings)

    plain = Settings()
    others = [replace(plain, confidence=0.9), replace(plain, rounds=99), replace(plain, seed=1)]
    assert len({text(each) for each in (plain, *others)}) == 4
    assert text(plain, "bca") != text(plain)
    assert len({text(each, "none") for each in (plain, *others)}) == 1


def test_tiers_are_disjoint_and_hold_every_rated_language() -> None:
    tiers = tier_groups()["tier"]
    rated = {language.code for language in all_languages() if language.tier}
    assert sum(map(len, tiers.values())) == len(rated)
    assert set().union(*tiers.values()) == rated
