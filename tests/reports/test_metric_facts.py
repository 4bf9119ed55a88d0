"""Unit, range and direction come from the metric, never from its values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from every_case import every_case

from polyarena.reports.metric_facts import (
    Direction,
    MetricFacts,
    Unit,
    display_scale,
    is_share,
    metric_facts,
    recorded_metrics,
)
from polyarena.reports.page.suite_table import suite_table
from polyarena.reports.page.tables import comparison_table, equity_table
from polyarena.reports.rows import rows
from polyarena.reports.stats import compare, equity, mean_scores, suite_averages
from polyarena.reports.tables import language_table, sections

Make = Callable[..., pd.DataFrame]
CODES = ("deu_Latn", "fra_Latn", "swh_Latn")


@every_case(
    ("metric", "unit", "direction"),
    [
        ("acc", Unit.SHARE, Direction.HIGHER),
        ("acc (median of 5 templates)", Unit.SHARE, Direction.HIGHER),
        ("chrf++", Unit.POINTS, Direction.HIGHER),
        ("chrf++ (mean of 2 templates)", Unit.POINTS, Direction.HIGHER),
        ("delta_g", Unit.SHARE, Direction.ZERO),
        ("gender_undecided", Unit.SHARE, Direction.LOWER),
        ("bad_answers", Unit.SHARE, Direction.LOWER),
        ("numeric_match@4", Unit.SHARE, Direction.HIGHER),
        ("of nobody", Unit.SHARE, Direction.HIGHER),
    ],
)
def test_facts(metric: str, unit: Unit, direction: Direction) -> None:
    found = metric_facts(metric)
    assert (found.unit, found.direction) == (unit, direction)


@every_case(
    ("metric", "values", "scale"),
    [
        ("chrf++", [0.0078], 1),
        ("acc", [0.5], 100),
        ("of nobody", [0.5], 100),
        ("of nobody", [0.5, 3.0], 1),
        ("acc", [], 100),
    ],
)
def test_scale(metric: str, values: list[float], scale: float) -> None:
    assert display_scale(metric, values) == scale


@pytest.fixture
def tiny(make_scores: Make) -> pd.DataFrame:
    """Case 6: a chrF++ below 1 of 100, which was printed as 77.7%."""
    low = {code: [0.6 + 0.01 * i for i in range(12)] for code in CODES}
    high = {code: [0.7 + 0.01 * i for i in range(12)] for code in CODES}
    return pd.concat([make_scores(low, metric="chrf++"), make_scores(high, metric="chrf++", system="old")])


def test_a_chrf_below_one_is_printed_in_points_everywhere(tiny: pd.DataFrame) -> None:
    section = next(sections(mean_scores(tiny, rounds=50)))
    assert section.scale == 1
    assert language_table(section).loc[0, "new"].startswith("0.7 ")
    compared = comparison_table(compare(tiny, "old", "new", rounds=50))
    assert compared is not None
    assert compared.rows[0][5].startswith("+0.1")
    even = equity_table(equity(tiny, rounds=50))
    assert even is not None
    assert even.rows[0][2].startswith("0.7 ")
    both = pd.concat([tiny, tiny.assign(task="others")])
    suites = suite_table(suite_averages(both, {"s": ("names", "others")}, rounds=50))
    assert suites is not None
    assert suites.rows[0][3].startswith("0.7 ")


def test_points_that_lie_between_0_and_1_are_no_shares(make_scores: Make) -> None:
    frame = make_scores({"deu_Latn": [0.6 + 0.01 * i for i in range(12)]}, metric="chrf++")
    found = mean_scores(frame, rounds=200).iloc[0]
    assert (found["method"], found["value"]) == ("percentile", pytest.approx(0.655))
    compared = compare(pd.concat([frame, frame.assign(system="old")]), "new", "old", rounds=200).iloc[0]
    assert compared["method"] == "none"  # No spread at all, and no bounds to go by.


def spread(centre: float, items: int = 40) -> list[float]:
    return (centre + np.tile([-0.02, 0.02], items // 2)).tolist()


@pytest.mark.parametrize(
    ("metric", "ours", "theirs", "verdict"),
    [
        ("acc", 0.7, 0.5, "better"),
        ("gender_undecided", 0.7, 0.5, "worse"),
        ("gender_undecided", 0.3, 0.5, "better"),
    ],
)
def test_a_difference_is_read_as_the_metric_says(
    make_scores: Make, metric: str, ours: float, theirs: float, verdict: str
) -> None:
    frame = pd.concat(
        [
            make_scores({code: spread(ours) for code in CODES}, metric=metric, system="a"),
            make_scores({code: spread(theirs) for code in CODES}, metric=metric, system="b"),
        ]
    )
    found = compare(frame, "a", "b", rounds=200, margin=0.05)
    assert set(found["outcome"]) == {verdict}
    assert found["difference"].iloc[0] == pytest.approx(ours - theirs)
    assert set(found["non_inferiority"]) == {"non-inferior" if verdict == "better" else "inferior"}


def test_the_worst_language_of_a_rate_of_errors_is_the_highest(make_scores: Make) -> None:
    values = {"deu_Latn": spread(0.1), "fra_Latn": spread(0.3), "swh_Latn": spread(0.6)}
    worst = {
        metric: equity(make_scores(values, metric=metric), rounds=100).set_index("aggregate").loc["worst"]
        for metric in ("acc", "gender_undecided")
    }
    assert worst["acc"]["languages"] == "deu_Latn"
    assert worst["gender_undecided"]["languages"] == "swh_Latn"
    assert worst["gender_undecided"]["value"] == pytest.approx(0.6)
    assert worst["gender_undecided"]["low"] > 0.5


def test_languages_are_shown_from_the_best_to_the_worst(make_scores: Make) -> None:
    values = {"deu_Latn": spread(0.1), "fra_Latn": spread(0.3)}
    for metric, order in (("acc", ["French", "German"]), ("gender_undecided", ["German", "French"])):
        found = rows(mean_scores(make_scores(values, metric=metric), rounds=20), ["new"])
        assert [row.label.name for row in found if row.label] == order


RECORDED = {
    "acc": MetricFacts(description="Points, once.", unit=Unit.POINTS, low=None, high=None, direction=Direction.LOWER),
    "of nobody": MetricFacts(),
}


def test_what_a_run_recorded_counts_more_than_what_is_declared_now() -> None:
    before = metric_facts("acc")
    with recorded_metrics(RECORDED):
        for metric in ("acc", "acc@4", "acc (median of 5 templates)"):
            assert metric_facts(metric) == RECORDED["acc"]
        assert display_scale("acc") == 1
        assert not is_share("acc")
        assert metric_facts("chrf++").unit is Unit.POINTS
        assert display_scale("of nobody", [3.0]) == 1, "nobody declared it"
    assert metric_facts("acc") == before
    assert is_share("acc")


def test_the_results_of_a_run_follow_what_it_recorded(make_scores: Make) -> None:
    good = make_scores({code: [1.0] * 9 + [0.0] for code in CODES})
    two = pd.concat([good.assign(system="a"), good.assign(system="b", value=1.0 - good["value"])], ignore_index=True)
    now = compare(two, "a", "b", rounds=100)
    assert set(now["outcome"]) == {"better"}
    with recorded_metrics({"accuracy": MetricFacts(description="Once.", direction=Direction.LOWER)}):
        then = compare(two, "a", "b", rounds=100)
    turned = {"better": "worse", "worse": "better", "inconclusive": "inconclusive"}
    assert list(then["outcome"]) == [turned[each] for each in now["outcome"]]
    assert then["difference"].equals(now["difference"])
