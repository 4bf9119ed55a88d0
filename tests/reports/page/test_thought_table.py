"""The table of the thoughts' language: averages first, shares with intervals, nothing where nobody thinks."""

from __future__ import annotations

import pandas as pd

from polyarena.reports.page.thought_table import thought_table

NAN = float("nan")
COLUMNS = ["task", "level", "group", "system", "value", "low", "high", "n"]


def test_without_thoughts_there_is_no_table():
    assert thought_table(pd.DataFrame([], columns=COLUMNS)) is None


def test_rows_and_cells():
    rates = pd.DataFrame(
        [
            ("t", "language", "swh_Latn", "b", 0.25, 0.1, 0.5, 12),
            ("t", "macro", "all", "b", 0.5, NAN, NAN, 24),
            ("t", "language", "deu_Latn", "a", 1.0, 0.9, 1.0, 12),
            ("t", "tier", "high", "a", 1.0, 0.9, 1.0, 12),
        ],
        columns=COLUMNS,
    )
    table = thought_table(rates)
    assert table.columns == ("Task", "Language", "a", "b")
    assert table.rows == (
        ("t", "average over languages", "–", "50.0 (24)"),
        ("t", "German", "100.0 [90.0, 100.0] (12)", "–"),
        ("t", "Swahili", "–", "25.0 [10.0, 50.0] (12)"),
    )
