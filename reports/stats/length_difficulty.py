r"""How difficult instructions are: a parameter of each, in one logistic model of all systems.

The authors of AlpacaEval 2 estimate difficulties once, in a joint model in which every system has an intercept and an
effect of length of its own (``notebooks/instruction_difficulty.ipynb`` of tatsu-lab/alpaca_eval), and then hold them
fixed. Here they have a normal prior in place of the L1 penalty there, so that few systems give small difficulties.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from polyarena.reports.stats.resampling import Floats

PRIOR_VARIANCE = 4.0
"""Of a difficulty, in squared logarithms of odds."""
RIDGE = 1e-3


def estimate_difficulties(battles: pd.DataFrame) -> Floats:
    """Return the difficulty of the instruction of each battle; larger where candidates win more often than elsewhere.

    Args:
        battles: Columns ``score``, ``candidate``, ``baseline``, ``language``, ``item_id`` and ``x``, the scaled
            difference of lengths.

    Returns:
        Shape (battles,).
    """
    from scipy.optimize import minimize

    group = battles.groupby(["candidate", "baseline", "language"], sort=True).ngroup().to_numpy()
    pair = battles.groupby(["candidate", "baseline"], sort=True).ngroup().to_numpy()
    item = battles.groupby(["language", "item_id"], sort=True).ngroup().to_numpy()
    x, scores = (battles[name].to_numpy(dtype=np.float64) for name in ("x", "score"))
    sizes = [int(part.max()) + 1 for part in (group, pair, item)]
    ends = np.cumsum(sizes)
    penalty = np.concatenate(
        [np.full(sizes[0], RIDGE), np.full(sizes[1], RIDGE), np.full(sizes[2], 1 / PRIOR_VARIANCE)]
    )

    def objective(state: Floats) -> tuple[float, Floats]:
        own, effects, difficulty = state[: ends[0]], state[ends[0] : ends[1]], state[ends[1] :]
        odds = own[group] + effects[pair] * x + difficulty[item]
        residual = 1 / (1 + np.exp(-odds)) - scores
        value = float((np.logaddexp(0, odds) - scores * odds).sum() + (penalty * state**2).sum() / 2)
        slopes = [
            _sums(group, residual, sizes[0]),
            _sums(pair, residual * x, sizes[1]),
            _sums(item, residual, sizes[2]),
        ]
        return value, np.concatenate(slopes) + penalty * state

    found = minimize(objective, np.zeros(ends[2]), jac=True, method="L-BFGS-B", options={"maxiter": 2000, "gtol": 1e-6})
    return np.asarray(found.x[ends[1] :][item], dtype=np.float64)


def _sums(labels: NDArray[np.integer[Any]], values: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(labels, weights=values, minlength=size), dtype=np.float64)
