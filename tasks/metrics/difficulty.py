"""Accuracy that weights problems by their difficulty.

Wang et al. 2025 (PolyMath, arXiv 2504.18428, section 4.1): a right answer counts 1 at the level ``low``, 2 at
``medium``, 4 at ``high`` and 8 at ``top``; the sum is divided by the sum of the weights of all problems.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyarena.tasks.metrics.metric import Floats

DW_ACC = "dw_acc"
DW_ACC_STATISTICS = 2
WEIGHTS: Mapping[str, float] = MappingProxyType({"low": 1.0, "medium": 2.0, "high": 4.0, "top": 8.0})
"""Of a right answer, by level."""


def weighted_accuracy(statistics: Floats) -> Floats:
    """Return the difficulty-weighted accuracy.

    Args:
        statistics: Shape (..., 2): the summed weights of right answers, and of all.

    Returns:
        Shape (...), from 0 to 1.
    """
    import numpy as np

    right, total = statistics[..., 0], statistics[..., 1]
    score: Floats = np.where(total > 0, right / np.where(total > 0, total, 1.0), 0.0)
    return score
