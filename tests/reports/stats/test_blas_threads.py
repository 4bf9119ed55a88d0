"""Ratings have the same bits whatever the number of threads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from every_case import every_case
from threadpoolctl import threadpool_limits

from polyarena.reports.stats import bradley_terry
from polyarena.reports.stats.bradley_terry import MANY
from polyarena.reports.stats.ranking import rank

SYSTEMS = MANY + 10


@pytest.fixture(scope="module")
def battles() -> pd.DataFrame:
    """Of so many systems that steps are solved by products of matrices, in several parts."""
    generator = np.random.default_rng(0)
    pairs = {tuple(sorted(generator.choice(SYSTEMS, 2, replace=False).tolist())) for _ in range(600)}
    return pd.DataFrame(
        [
            {
                "judge": "j",
                "task": "t",
                "language": "deu_Latn",
                "item_id": f"{number}",
                "source_id": f"{number}",
                "candidate": f"s{one:03}",
                "baseline": f"s{other:03}",
                "score": float(generator.choice([0.0, 0.5, 1.0])),
                "n_games": 1,
                "n_invalid": 0,
            }
            for number, (one, other) in enumerate(sorted(pairs))
        ]
    )


@pytest.fixture(scope="module")
def ranking(battles) -> pd.DataFrame:
    return rank(battles, rounds=200)


@every_case("threads", [1, 3])
def test_threads_of_rounds_change_no_bit(battles, ranking, threads, monkeypatch):
    monkeypatch.setattr(bradley_terry, "MOST_THREADS", threads)
    monkeypatch.setattr(bradley_terry, "processors", lambda: threads)
    pd.testing.assert_frame_equal(rank(battles, rounds=200), ranking, check_exact=True)


@every_case("threads", [1, 2])
def test_threads_of_blas_change_no_bit(battles, ranking, threads):
    with threadpool_limits(threads, user_api="blas"):
        pd.testing.assert_frame_equal(rank(battles, rounds=200), ranking, check_exact=True)
