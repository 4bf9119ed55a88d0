"""Judges that were asked and gave no verdict at all: a run with one is not complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from polyarena.harness.store import RunFolder

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("judge", "n_games", "n_invalid")


def silent_judges(battles: pd.DataFrame) -> dict[str, int]:
    """Return the judges that gave no verdict in any of their games, with the number of these.

    Args:
        battles: Rows with ``judge``, ``n_games`` and ``n_invalid``, the games without a verdict.
    """
    counts = battles.groupby("judge")[["n_games", "n_invalid"]].sum()
    silent = counts[counts["n_games"] == counts["n_invalid"]]
    return {str(judge): int(games) for judge, games in silent["n_games"].items()}


def stored_silent_judges(folder: RunFolder) -> dict[str, int]:
    """Return the same from the battles in the results of a run folder; only three of their columns are read."""
    return silent_judges(pq.read_table(folder.results / "battles.parquet", columns=list(_COLUMNS)).to_pandas())
