"""Battles, scores and estimates to report on, made up with a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats import mean_scores, win_rates
from polyarena.tasks.languages import select_languages

LANGUAGES = ("arb_Arab", "deu_Latn", "hin_Deva", "swh_Latn", "tha_Thai")


def battles_frame(values: dict[str, Sequence[float]], **constant: Any) -> pd.DataFrame:
    """One battle per value; the i-th value of every language has the source ``s<i>``."""
    rows = [
        {
            "judge": "rules",
            "task": "mini",
            "language": language,
            "item_id": f"{language}-{i:03d}",
            "source_id": f"s{i:03d}",
            "candidate": "new",
            "baseline": "old",
            "score": float(score),
            "n_games": 2,
            "n_invalid": 0,
            **constant,
        }
        for language, scores in values.items()
        for i, score in enumerate(scores)
    ]
    return pd.DataFrame(rows)


def scores_frame(values: dict[str, Sequence[float]], **constant: Any) -> pd.DataFrame:
    rows = [
        {
            "system": "new",
            "task": "names",
            "language": language,
            "item_id": f"{language}-{i:03d}",
            "sample_index": 0,
            "source_id": f"s{i:03d}",
            "metric": "accuracy",
            "value": float(value),
            "signature": "task:names@0.1|metric:accuracy",
            **constant,
        }
        for language, values_ in values.items()
        for i, value in enumerate(values_)
    ]
    return pd.DataFrame(rows)


def draw(languages: Sequence[str], items: int, seed: int = 0, shift: float = 0.1) -> dict[str, np.ndarray]:
    """Wins, ties and losses, correlated over languages."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(size=items)
    effect = generator.normal(shift, 0.4, len(languages))
    latent = {code: 0.55 * shared + 0.83 * generator.normal(size=items) + e
              for code, e in zip(languages, effect, strict=True)}  # fmt: skip
    return {code: np.select([z > 0.25, z < -0.25], [1.0, 0.0], 0.5) for code, z in latent.items()}


@pytest.fixture(scope="session")
def make_battles() -> Callable[..., pd.DataFrame]:
    return battles_frame


@pytest.fixture(scope="session")
def make_scores() -> Callable[..., pd.DataFrame]:
    return scores_frame


@pytest.fixture(scope="session")
def drawn() -> Callable[..., dict[str, np.ndarray]]:
    return draw


@pytest.fixture(scope="session")
def some_battles() -> pd.DataFrame:
    return battles_frame(draw(LANGUAGES, 40))


@pytest.fixture(scope="session")
def aya23() -> list[str]:
    return [language.code for language in select_languages("aya23")]


@pytest.fixture(scope="session")
def win_estimates(aya23: list[str]) -> pd.DataFrame:
    """Win rates in 23 languages, with some games without a verdict."""
    battles = battles_frame(draw(aya23, 40))
    battles.loc[battles.index % 17 == 0, "n_invalid"] = 1
    return win_rates(battles, rounds=500)


@pytest.fixture(scope="session")
def score_estimates(aya23: list[str]) -> pd.DataFrame:
    """Accuracies of two systems in 23 languages."""
    scores = pd.concat(
        [
            scores_frame({code: values > 0.4 for code, values in draw(aya23, 50, seed).items()}, system=system)
            for seed, system in enumerate(("new", "old"))
        ]
    )
    return mean_scores(scores, rounds=500)
