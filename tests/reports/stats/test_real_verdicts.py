"""Intervals on real verdicts: 500 Korean Arena-Hard prompts of each model as the population, resampled.

Where: ``verdicts/ko-arena-hard`` of the test data (qwopqwop200/ko-arena-hard-auto @ 9d13932, Apache-2.0).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from polyarena.reports.stats.intervals import interval

POINTS = {"A>>B": 0.0, "A>B": 0.0, "A=B": 0.5, "B>A": 1.0, "B>>A": 1.0}
DRAWS = 800


@pytest.fixture(scope="module")
def battles(test_data: Path) -> dict[str, np.ndarray]:
    """The mean of both games of every prompt, by model; in the second game the model is shown first."""
    found = {}
    for path in sorted((test_data / "verdicts/ko-arena-hard/ensemble").glob("*.jsonl")):
        scores = []
        for line in path.read_text(encoding="utf-8").splitlines():
            labels = [game["score"] for game in json.loads(line)["games"]]
            if len(labels) == 2 and all(label in POINTS for label in labels):
                scores.append((POINTS[labels[0]] + 1 - POINTS[labels[1]]) / 2)
        found[path.stem] = np.array(scores)
    return found


@pytest.mark.slow
def test_intervals_hold_the_mean_of_the_population(battles: dict[str, np.ndarray]) -> None:
    """93.5 to 96.5% for every model between 10 and 90%, give or take two standard errors of the simulation."""
    covered = {}
    for model, population in battles.items():
        truth = float(population.mean())
        if not 0.1 <= truth <= 0.9:
            continue
        generator = np.random.default_rng(len(covered))
        n, hits = len(population), 0
        labels = np.zeros(n, dtype=np.int64)
        for _ in range(DRAWS):
            values = population[generator.integers(0, n, n)]
            mean = float(values.mean())
            around = interval(mean, (values - mean) / n, labels, None, items=n, bounded=True, confidence=0.95)
            assert around.low is not None
            assert around.high is not None
            hits += around.low <= truth <= around.high
        covered[model] = hits / DRAWS
    assert len(covered) >= 30
    slack = 2 * (0.95 * 0.05 / DRAWS) ** 0.5
    assert {model: share for model, share in covered.items() if not 0.935 - slack <= share <= 0.965 + slack} == {}
    assert np.mean(list(covered.values())) == pytest.approx(0.95, abs=0.005)


def test_treating_both_games_as_independent_would_not_hold(battles: dict[str, np.ndarray]) -> None:
    """Rows of games, the way leaderboards resample: the two games of a prompt agree more often than not."""
    population = battles["command-a"]
    generator = np.random.default_rng(0)
    n, truth, hits = len(population), population.mean(), 0
    for _ in range(500):
        values = population[generator.integers(0, n, n)]
        half = 1.96 * np.sqrt(values.mean() * (1 - values.mean()) / (6 * n))
        hits += abs(values.mean() - truth) <= half
    assert hits / 500 < 0.8
