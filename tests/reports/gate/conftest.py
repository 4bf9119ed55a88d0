"""Item values of two runs, as the gate takes them."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def values():
    """Return a function that makes a frame of item values from an array of shape (items, languages)."""

    def build(array, languages, *, task="mini", metric="acc", judge=None, clusters=None):
        array = np.asarray(array, dtype=float)
        n, k = array.shape
        items = [f"{i:04d}" for i in range(n)]
        return pd.DataFrame(
            {
                "task": task,
                "metric": metric,
                "judge": judge,
                "language": np.tile(languages, n),
                "item_id": np.repeat(items, k),
                "source_id": np.repeat(clusters or items, k),
                "value": array.ravel(),
            }
        )

    return build
