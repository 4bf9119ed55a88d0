"""The corrected mean against its definition, written out: jackknife, weight, few labels, no spread, coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from every_case import every_case
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats.intervals import wilson_interval
from polyarena.reports.stats.prediction_powered import FEW, Corrected, LanguageLabels, corrected_mean
from polyarena.reports.stats.quantiles import student_quantile

VALUES = np.array([0.0, 0.5, 1.0])


def judged(generator: np.random.Generator, items: int, agreement: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """People win, tie and lose; the judge copies them in so many items and otherwise favours the candidate."""
    people = generator.choice(VALUES, items, p=[0.3, 0.3, 0.4])
    return people, np.where(generator.random(items) < agreement, people, 1.0)


def labels(people: np.ndarray, judge: np.ndarray, labelled: int, first: int = 0) -> LanguageLabels:
    return LanguageLabels(
        judge, np.where(np.arange(len(people)) < labelled, people, np.nan), first + np.arange(len(people))
    )


def weight_of(languages: list[LanguageLabels], without: tuple[int, int] | None = None) -> float:
    """The weight, written out; a label left out moves the covariance alone."""
    above = below = 0.0
    for place, each in enumerate(languages):
        known = np.isfinite(each.humans)
        n, others = int(known.sum()), int((~known).sum())
        people, verdicts = each.humans[known], each.judge[known]
        if without is not None and without[0] == place:
            people, verdicts = np.delete(people, without[1]), np.delete(verdicts, without[1])
        above += np.cov(people, verdicts, ddof=1)[0, 1] / n
        below += each.judge.var(ddof=1) * (1 / n + 1 / others)
    return min(1.0, max(0.0, above / below))


def mean_of(languages: list[LanguageLabels], weight: float, without: tuple[int, int] | None = None) -> float:
    total = 0.0
    for place, each in enumerate(languages):
        known = np.isfinite(each.humans)
        people, verdicts, others = each.humans[known], each.judge[known], each.judge[~known]
        if without is not None and without[0] == place:
            people, verdicts = np.delete(people, without[1]), np.delete(verdicts, without[1])
        total += (people - weight * verdicts).mean() + weight * others.mean()
    return total / len(languages)


def written_out(languages: list[LanguageLabels]) -> tuple[float, float, float]:
    """Value, standard error and weight by leaving out every label in turn, each language with clusters of its own."""
    weight = weight_of(languages)
    value = mean_of(languages, weight)
    variance = 0.0
    for place, each in enumerate(languages):
        known = np.isfinite(each.humans)
        n, others = int(known.sum()), each.judge[~known]
        for i in range(n):
            left = mean_of(languages, weight_of(languages, (place, i)), (place, i))
            variance += (n - 1) / n * (value - left) ** 2
        variance += (weight / len(languages)) ** 2 * others.var(ddof=1) / len(others)
    return value, math.sqrt(variance), weight


@every_case("seed", range(4))
@every_case("many", [1, 3])
def test_value_weight_and_error_are_the_jackknife_written_out(seed: int, many: int) -> None:
    generator = np.random.default_rng(seed)
    languages = [labels(*judged(generator, 150 + 10 * i), 55 + 5 * i, first=1000 * i) for i in range(many)]
    found = corrected_mean(languages, 0.9)
    value, error, weight = written_out(languages)
    assert found.value == pytest.approx(value)
    assert found.weight == pytest.approx(weight)
    assert found.standard_error == pytest.approx(error)
    far = student_quantile(0.95, sum(55 + 5 * i for i in range(many)) - 1) * error
    assert (found.low, found.high) == pytest.approx((value - far, value + far))


def test_one_weight_for_one_language_is_the_published_formula() -> None:
    people, judge = judged(np.random.default_rng(5), 400)
    n, others = 100, 300
    variance = judge.var(ddof=1)
    expected = np.cov(people[:n], judge[:n], ddof=1)[0, 1] / ((1 + n / others) * variance)
    assert corrected_mean([labels(people, judge, n)], 0.95).weight == pytest.approx(expected)


@given(seed=st.integers(0, 10_000), labelled=st.integers(FEW, 100))
@settings(max_examples=30, deadline=None)
def test_swapping_the_systems_mirrors_everything(seed: int, labelled: int) -> None:
    people, judge = judged(np.random.default_rng(seed), 160)
    one = corrected_mean([labels(people, judge, labelled)], 0.95)
    other = corrected_mean([labels(1 - people, 1 - judge, labelled)], 0.95)
    assert one.weight == pytest.approx(other.weight)
    assert one.value == pytest.approx(1 - other.value)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low))
    assert (one.humans_low, one.humans_high) == pytest.approx((1 - other.humans_high, 1 - other.humans_low))


def test_the_order_of_languages_changes_nothing_to_speak_of() -> None:
    generator = np.random.default_rng(6)
    languages = [labels(*judged(generator, 120), 40, first=200 * i) for i in range(4)]
    one, other = corrected_mean(languages, 0.95), corrected_mean(languages[::-1], 0.95)
    assert (one.value, one.standard_error, one.weight) == pytest.approx(
        (other.value, other.standard_error, other.weight)
    )


@every_case("labelled", [2, 10, FEW - 1])
def test_few_labels_stand_alone(labelled: int) -> None:
    people, judge = judged(np.random.default_rng(7), 300)
    people[:2] = [0.0, 1.0]
    found = corrected_mean([labels(people, judge, labelled)], 0.95)
    assert found.weight == 0
    assert found.value == found.humans == pytest.approx(people[:labelled].mean())
    assert (found.low, found.high) == (found.humans_low, found.humans_high)
    assert found.low is not None
    assert 0 <= found.low < found.value < found.high <= 1


def test_few_labels_of_each_of_many_languages_are_many_together() -> None:
    generator = np.random.default_rng(8)
    languages = [labels(*judged(generator, 200), 20, first=300 * i) for i in range(10)]
    found = corrected_mean(languages, 0.95)
    assert 0.5 < found.weight <= 1
    assert found.standard_error < 0.8 * found.humans_error
    assert corrected_mean(languages[:1], 0.95).weight == 0


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_people_who_all_say_the_same_are_not_certain(score: float) -> None:
    """60 labels without any spread: the interval is Wilson's an eighth of a label farther out, not a point."""
    generator = np.random.default_rng(9)
    _, judge = judged(generator, 300)
    found = corrected_mean([labels(np.full(300, score), judge, 60)], 0.95)
    low, high = wilson_interval(score, 60, 0.95, continuity=1 / 8 / 60)
    assert (found.humans_low, found.humans_high) == pytest.approx((low, high), abs=1e-6)
    assert (found.value, found.weight) == (score, 0)
    assert (found.low, found.high) == (found.humans_low, found.humans_high)


def test_one_cluster_has_a_value_and_no_interval() -> None:
    people, judge = judged(np.random.default_rng(10), 60)
    one = LanguageLabels(judge, people, np.zeros(60, dtype=np.int64))
    found = corrected_mean([one], 0.95)
    assert found.value == pytest.approx(people.mean())
    assert (found.standard_error, found.low, found.humans_low) == (None, None, None)


def test_fewer_than_two_labels_leave_the_judge_alone() -> None:
    people, judge = judged(np.random.default_rng(11), 40)
    for labelled in (0, 1):
        found = corrected_mean([labels(people, judge, labelled)], 0.95)
        assert found == Corrected(*[None] * 9, judge_alone=found.judge_alone, n_labelled=labelled, n_judged=40)
        assert found.judge_alone == pytest.approx(judge.mean())
    mixed = corrected_mean([labels(people, judge, 1), labels(people, judge, 30)], 0.95)
    assert mixed.value is None


@given(
    people=st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=60, max_size=60),
    judge=st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=60, max_size=60),
    labelled=st.integers(2, 60),
)
@settings(max_examples=100, deadline=None)
def test_whatever_was_said_numbers_are_finite_and_ends_surround(
    people: list[float], judge: list[float], labelled: int
) -> None:
    found = corrected_mean([labels(np.array(people), np.array(judge), labelled)], 0.95)
    assert found.value is not None
    assert 0 <= found.weight <= 1
    assert found.standard_error >= 0
    if found.low is not None:
        assert found.low <= found.value <= found.high
    assert found.humans_low <= found.humans <= found.humans_high


def test_a_translated_judgment_is_no_new_evidence() -> None:
    """The same items in four languages have the error of one; items of their own have half of it."""
    people, judge = judged(np.random.default_rng(12), 200)
    same = corrected_mean([labels(people, judge, 60)] * 4, 0.95)
    apart = corrected_mean([labels(people, judge, 60, first=200 * i) for i in range(4)], 0.95)
    alone = corrected_mean([labels(people, judge, 60)], 0.95)
    assert same.value == pytest.approx(alone.value)
    assert same.standard_error == pytest.approx(2 * apart.standard_error, rel=1e-6)
    assert same.standard_error == pytest.approx(alone.standard_error, rel=0.02)


@every_case(("labelled", "least"), [(20, 0.93), (FEW, 0.915), (100, 0.925)])
def test_nominal_intervals_cover(labelled: int, least: float) -> None:
    """Nominal 95%; of 800 data sets three standard errors are 2.3 points."""
    generator = np.random.default_rng(13)
    truth = 0.55
    held = humans = 0
    for _ in range(800):
        found = corrected_mean([labels(*judged(generator, 600), labelled)], 0.95)
        held += found.low <= truth <= found.high
        humans += found.humans_low <= truth <= found.humans_high
    assert held / 800 >= least
    assert humans / 800 >= 0.927


def test_intervals_of_an_average_over_languages_cover() -> None:
    """Ten languages, 12 labels each, prompts shared: people and judge differ by prompt, not by language alone."""
    generator = np.random.default_rng(14)
    held = 0
    for _ in range(300):
        languages = []
        shared = generator.random(150)
        for _ in range(10):
            own = np.where(generator.random(150) < 0.5, shared, generator.random(150))
            people = np.select([own < 0.3, own < 0.6], [0.0, 0.5], 1.0)
            judge = np.where(generator.random(150) < 0.8, people, 1.0)
            languages.append(labels(people, judge, 12))
        found = corrected_mean(languages, 0.95)
        held += found.low <= 0.55 <= found.high
    assert held / 300 >= 0.95 - 0.045
