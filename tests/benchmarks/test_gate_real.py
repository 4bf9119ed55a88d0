"""The gate on real verdicts: halves of one model seldom turn red, far pairs always do, a better model never does."""

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "gate_real.py"


@pytest.fixture(scope="module")
def real():
    spec = importlib.util.spec_from_file_location("benchmark_gate_real", PATH)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def models(real, test_data):
    return real.read(test_data)


def test_models_are_ordered_by_the_published_score(models, test_data):
    assert len(models) == 38
    rates = [games.win_rate for games in models.values()]
    assert rates == sorted(rates, reverse=True)
    assert all(games.values.shape == (len(games.prompts), 2) for games in models.values())


def test_halves_of_one_model_are_seldom_red(real, models):
    """30 splits; with a true rate of 5%, six or more are red in 0.3% of cases."""
    found = real.halves(list(models.values())[12], 30, np.random.default_rng(0))
    assert sum(found.values()) == 30
    assert found["regressed"] <= 5


def test_far_pairs_turn_red_and_a_better_model_never_does(real, models):
    ranked = list(models.values())
    for place in (0, 12, 25):
        better, worse = ranked[place], ranked[place + real.FAR]
        assert real.compare(better, worse).status == "regressed"
        assert real.compare(worse, better).status == "improved"


def test_close_pairs_are_not_called_better_or_worse_without_evidence(real, models):
    ranked = list(models.values())
    found = [real.compare(a, b) for a, b in itertools.pairwise(ranked[:7])]
    assert all(each.difference <= 0.5 for each in found)
    assert not [each for each in found if each.status == "regressed" and each.p_value > 0.05]
