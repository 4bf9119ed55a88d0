"""Measures how fast the statistics are, and compares them in one run with how arena-hard-auto v0.1 made its intervals.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/stats.py [--peer-rounds N] [--skip-peer]

The peer's method: one row for each verdict and side, one-hot in the systems with the logarithm of 10, an unpenalised
logistic regression for every resample of the rows. The peer's time is that of the rounds that were run, times 100 over
their number; the default runs all 100, which takes minutes. Times are of the processor: wall time says little on a
machine that does other work.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from math import log

import numpy as np
import pandas as pd

from polyarena.reports.stats import mean_scores, rank, win_rates
from polyarena.reports.stats.resampling import bootstrap_means, exact_grid

ROUNDS = 100


def verdicts(systems: int, items: int, seed: int = 0) -> np.ndarray:
    """Return scores of two games for each item and system; shape (items, systems, 2)."""
    generator = np.random.default_rng(seed)
    latent = generator.normal(size=(items, 1, 1)) + np.linspace(-1.5, 1.5, systems)[None, :, None]
    latent = latent + generator.normal(size=(items, systems, 2))
    return np.select([latent > 0.2, latent < -0.2], [1.0, 0.0], 0.5)


def peer(scores: np.ndarray, rounds: int) -> tuple[float, np.ndarray]:
    """Return the seconds of the peer's bootstrap, and its point estimates of the win rates."""
    from sklearn.linear_model import LogisticRegression

    items, systems, games = scores.shape
    number = np.tile(np.repeat(np.arange(1, systems + 1), games), items)
    flat = scores.reshape(-1)
    # A tie is one win and one loss, so every verdict counts as two rows.
    twice, system = np.concatenate([flat >= 0.5, flat > 0.5]), np.concatenate([number, number])
    design = np.zeros((len(twice), systems + 1))
    design[np.arange(len(twice)), system] = log(10)
    design[:, 0] = -log(10)
    generator = np.random.default_rng(0)

    def fit(rows: np.ndarray) -> np.ndarray:
        model = LogisticRegression(fit_intercept=False, C=np.inf, tol=1e-8, max_iter=1000)
        model.fit(design[rows], twice[rows])
        return model.coef_[0]

    point = fit(np.arange(len(twice)))
    start = time.process_time()
    for _ in range(rounds):
        fit(generator.integers(0, len(twice), len(twice)))
    seconds = time.process_time() - start
    return seconds, 1 / (1 + 10 ** (point[0] - point[1:]))


def ours(scores: np.ndarray, rounds: int) -> tuple[float, np.ndarray]:
    """Return the seconds of the same with whole prompts resampled, and the point estimates."""
    start = time.process_time()
    means = exact_grid(scores.mean(axis=2))
    clusters = [f"{i:05d}" for i in range(len(means))]
    labels = np.zeros(len(means), dtype=np.int64)
    replicates = bootstrap_means(means, np.ones_like(means), clusters, labels, rounds=rounds, seed=0)
    np.quantile(replicates, [0.025, 0.975], axis=1)
    return time.process_time() - start, means.mean(axis=0)


def battles(systems: int, languages: int, items: int) -> pd.DataFrame:
    """Return battles of systems against one baseline in parallel languages."""
    generator = np.random.default_rng(1)
    shared = generator.normal(size=(items, 1, 1))
    latent = shared + np.linspace(-1, 1, systems)[None, :, None] + generator.normal(size=(items, systems, languages))
    score = np.select([latent > 0.2, latent < -0.2], [1.0, 0.0], 0.5)
    item, system, language = (axis.ravel() for axis in np.indices(score.shape))
    return pd.DataFrame(
        {
            "judge": "j",
            "task": "t",
            "language": np.array([f"l{i:02d}" for i in range(languages)])[language],
            "item_id": item.astype(str),
            "source_id": item.astype(str),
            "candidate": np.array([f"s{i:02d}" for i in range(systems)])[system],
            "baseline": "base",
            "score": score.ravel(),
            "n_games": 2,
            "n_invalid": 0,
        }
    )


def scores(systems: int, languages: int, items: int, task: int) -> pd.DataFrame:
    """Return scores of systems on one task in many languages."""
    generator = np.random.default_rng(task)
    value = (generator.random((items, systems, languages)) < np.linspace(0.2, 0.9, systems)[None, :, None]).astype(
        float
    )
    item, system, language = (axis.ravel() for axis in np.indices(value.shape))
    return pd.DataFrame(
        {
            "system": np.array([f"s{i:02d}" for i in range(systems)])[system],
            "task": f"task{task:02d}",
            "language": np.array([f"l{i:02d}" for i in range(languages)])[language],
            "item_id": item.astype(str),
            "sample_index": 0,
            "source_id": item.astype(str),
            "metric": "acc",
            "value": value.ravel(),
            "signature": "made-up",
        }
    )


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def memory_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peer-rounds", type=int, default=ROUNDS)
    options.add_argument("--skip-peer", action="store_true")
    options.add_argument("--cells-items", type=int, default=20, help="items of each cell in the table of cells")
    given = options.parse_args()
    found: dict[str, float] = {}
    games = verdicts(20, 500)
    ours(games, 10)
    found["ours_100_rounds_s"] = min(ours(games, ROUNDS)[0] for _ in range(5))
    if not given.skip_peer:
        seconds, point = peer(games, given.peer_rounds)
        found["peer_100_rounds_s"] = seconds * ROUNDS / given.peer_rounds
        found["ratio"] = found["peer_100_rounds_s"] / found["ours_100_rounds_s"]
        found["largest_difference_of_win_rates"] = float(np.abs(point - ours(games, 2)[1]).max())
    whole = battles(20, 23, 500)
    found["win_rates_20x23x500_10000_rounds_s"] = timed(lambda: win_rates(whole))
    found["rank_20x23x500_10000_rounds_s"] = timed(lambda: rank(whole))
    found["memory_gb"] = memory_gb()
    found["cells_99x30x50_1000_rounds_s"] = 0.0
    for task in range(30):
        frame = scores(50, 99, given.cells_items, task)
        found["cells_99x30x50_1000_rounds_s"] += timed(lambda frame=frame: mean_scores(frame, rounds=1000))
    found["memory_with_cells_gb"] = memory_gb()
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
