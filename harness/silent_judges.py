"""Judges that were asked and gave no verdict at all: a run with one is not complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def silent_judges(battles: pd.DataFrame) -> dict[str, int]:
    """Return the judges that gave no verdict in any of their games, with the number of these.

    Args:
        battles: Rows with ``judge``, ``n_games`` and ``n_invalid``, the games without a verdict.
    """
    counts = battles.groupby("judge")[["n_games", "n_invalid"]].sum()
    silent = counts[counts["n_games"] == counts["n_invalid"]]
    return {str(judge): int(games) for judge, games in silent["n_games"].items()}
