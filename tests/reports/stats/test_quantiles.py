"""Quantiles and probabilities of the normal and Student's t distribution, beside those of scipy.stats."""

import pytest
from scipy import stats

from polyarena.reports.stats.quantiles import (
    normal_probability,
    normal_quantile,
    student_probability,
    student_quantile,
)

FREEDOMS = (1.0, 2.5, 8, 120)


@pytest.mark.parametrize("probability", [1e-6, 0.025, 0.5, 0.9, 0.9999])
def test_quantiles_are_those_of_scipy(probability):
    assert normal_quantile(probability) == pytest.approx(stats.norm.ppf(probability), abs=1e-9)
    for freedom in FREEDOMS:
        assert student_quantile(probability, freedom) == pytest.approx(
            stats.t.ppf(probability, freedom), rel=1e-9, abs=1e-9
        )


@pytest.mark.parametrize("quantile", [-5.0, -1.96, 0.0, 0.3, 4.0])
def test_probabilities_are_those_of_scipy(quantile):
    assert normal_probability(quantile) == pytest.approx(stats.norm.cdf(quantile), rel=1e-12)
    for freedom in FREEDOMS:
        assert student_probability(quantile, freedom) == pytest.approx(stats.t.cdf(quantile, freedom), rel=1e-12)


def test_a_quantile_has_its_probability():
    for freedom in FREEDOMS:
        assert student_probability(student_quantile(0.975, freedom), freedom) == pytest.approx(0.975)
