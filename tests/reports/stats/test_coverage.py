"""Do nominal 95% intervals hold the truth as often as the documentation says?

Simulated populations: 23 languages, prompts shared by all of them (correlation .3), wins, losses and ties.
"""

from __future__ import annotations

import numpy as np
import pytest
from every_case import every_case
from scipy.stats import norm

from polyarena.reports.stats.clustered import Clustered
from polyarena.reports.stats.groupings import groups_of
from polyarena.reports.stats.resampling import exact_grid
from polyarena.reports.stats.summary import Settings, summarise

CODES = tuple(f"l{i:02d}" for i in range(23))
CORRELATION = 0.3


def clustered(scores: np.ndarray) -> Clustered:
    n, k = scores.shape
    return Clustered(
        clusters=tuple(f"s{i:03d}" for i in range(n)),
        labels=np.zeros(n, dtype=np.int64),
        columns=tuple((("x",), code) for code in CODES[:k]),
        sums=exact_grid(scores),
        counts=np.ones((n, k)),
        bounded=np.ones(k, dtype=bool),
    )


def coverage(items: int, rate: float, ties: float, data_sets: int = 160) -> tuple[float, float]:
    """Return the share of intervals that hold ``rate``: of single languages, and of the macro average."""
    generator = np.random.default_rng(7)
    edges = norm.ppf([rate - ties / 2, rate + ties / 2])
    groups = {("x",): list(groups_of(CODES, CODES, {}))}
    held = {"language": 0, "macro": 0}
    for seed in range(data_sets):
        shared = generator.normal(size=(items, 1))
        latent = CORRELATION**0.5 * shared + (1 - CORRELATION) ** 0.5 * generator.normal(size=(items, 23))
        scores = np.select([latent < edges[0], latent < edges[1]], [1.0, 0.5], 0.0)
        for _, group, summary in summarise(clustered(scores), groups, Settings(0.95, 600, seed)):
            low, high = summary.interval.low, summary.interval.high
            assert low is not None
            assert high is not None
            held[group.level] += low <= rate <= high
    return held["language"] / data_sets / 23, held["macro"] / data_sets


@every_case("items", [50, 100])
@every_case(("rate", "ties"), [(0.2, 0.0), (0.2, 0.1), (0.5, 0.0), (0.5, 0.2)])
def test_intervals_hold_the_truth(items: int, rate: float, ties: float) -> None:
    """Bounds: three standard errors of the simulation around the measured 93 to 96%."""
    languages, macro = coverage(items, rate, ties)
    assert 0.92 <= languages <= 0.97
    assert 0.90 <= macro <= 0.995


def test_small_samples_are_not_oversold() -> None:
    """Eight prompts, as in a quickstart; the plain percentile interval covers 77 to 93% here."""
    languages, macro = coverage(8, 0.5, 0.2)
    assert languages >= 0.93
    assert macro >= 0.90


def test_treating_languages_as_independent_would_not_hold() -> None:
    """The reason for resampling prompts: with all 23 x 100 battles taken as independent, the average misses often."""
    generator = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        latent = CORRELATION**0.5 * generator.normal(size=(100, 1)) + (1 - CORRELATION) ** 0.5 * generator.normal(
            size=(100, 23)
        )
        scores = (latent < 0).astype(float)
        half = 1.96 * scores.std() / np.sqrt(scores.size)
        held += abs(scores.mean() - 0.5) <= half
    assert held / 200 < 0.8


@pytest.mark.parametrize("items", [30])
def test_languages_with_prompts_of_their_own(items: int) -> None:
    generator = np.random.default_rng(2)
    held = 0
    data_sets = 200
    groups = {("x",): list(groups_of(CODES[:4], CODES[:4], {}))}
    for seed in range(data_sets):
        sums, counts = np.zeros((4 * items, 4)), np.zeros((4 * items, 4))
        for k in range(4):
            rows = slice(k * items, (k + 1) * items)
            sums[rows, k] = generator.random(items) < 0.4
            counts[rows, k] = 1
        data = Clustered(
            clusters=tuple(f"s{i:03d}" for i in range(4 * items)),
            labels=np.repeat(np.arange(4), items),
            columns=tuple((("x",), code) for code in CODES[:4]),
            sums=sums,
            counts=counts,
            bounded=np.ones(4, dtype=bool),
        )
        _, group, summary = next(iter(summarise(data, groups, Settings(0.95, 600, seed))))
        assert group.level == "macro"
        low, high = summary.interval.low, summary.interval.high
        assert low is not None
        assert high is not None
        held += low <= 0.4 <= high
    assert 0.90 <= held / data_sets <= 0.99
