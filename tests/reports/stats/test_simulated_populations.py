"""The populations that coverage is measured on have the win rates that they are said to have."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def simulate(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("polyarena_simulate", repository / "benchmarks" / "simulate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["PLAIN", "REAL"])
@pytest.mark.parametrize("rate", [0.02, 0.2, 0.5, 0.9])
def test_the_mean_difference_makes_the_stated_win_rate(simulate: ModuleType, name: str, rate: float) -> None:
    judging = getattr(simulate, name)
    assert judging.rate(judging.mean(rate)) == pytest.approx(rate, abs=1e-12)
    scores = simulate.draw_battles([[rate]], 200_000, np.random.default_rng(0), judging=judging)
    assert scores.mean() == pytest.approx(rate, abs=4 * scores.std() / 200_000**0.5)


def test_scores_are_wins_and_losses_or_means_of_two_games(simulate: ModuleType) -> None:
    generator = np.random.default_rng(1)
    assert set(np.unique(simulate.draw_battles([[0.4] * 3], 200, generator))) == {0.0, 1.0}
    both = simulate.draw_battles([[0.4] * 3] * 2, 400, generator, judging=simulate.REAL)
    assert both.shape == (2, 400, 3)
    assert set(np.unique(both)) == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_games_look_like_real_ones(simulate: ModuleType) -> None:
    """Korean Arena-Hard: 9% ties, 54 to 62% for the answer shown first, correlation of the games .44."""
    real = simulate.REAL
    generator = np.random.default_rng(2)
    quality = generator.normal(size=200_000)
    games = []
    for shift in real.shifts:
        seen = quality + shift + real.noise * generator.normal(size=len(quality))
        games.append(0.5 * (seen > real.ties) + 0.5 * (seen > -real.ties))
    assert (games[0] == 0.5).mean() == pytest.approx(0.09, abs=0.02)
    assert 0.54 <= games[0].mean() <= 0.62
    assert np.corrcoef(*games)[0, 1] == pytest.approx(0.44, abs=0.03)


def test_correlations_are_those_stated(simulate: ModuleType) -> None:
    """Of latent qualities; of wins at one half it is 2/pi arcsin."""
    generator = np.random.default_rng(3)
    scores = simulate.draw_battles([[0.5, 0.5]] * 2, 100_000, generator, correlation=0.3, between_systems=0.6)
    languages = np.corrcoef(scores[0].T)[0, 1]
    systems = np.corrcoef(scores[:, :, 0])[0, 1]
    assert languages == pytest.approx(2 / np.pi * np.arcsin(0.3), abs=0.015)
    assert systems == pytest.approx(2 / np.pi * np.arcsin(0.6), abs=0.015)
