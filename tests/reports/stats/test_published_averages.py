"""Averages that a paper prints come out of its own rows of languages.

``published/aya_vision.csv`` holds tables 8 and 11 of Aya Vision (arXiv 2505.08751): m-ArenaHard, 23 languages, wins,
losses and ties in %, judged by gpt-4o-2024-11-20.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from polyarena.reports.stats import mean_scores

TABLE = pd.read_csv(Path(__file__).parent / "published" / "aya_vision.csv")
KEYS = ["table", "system", "baseline", "metric", "printed_average"]


def test_the_tables_are_whole() -> None:
    assert len(TABLE) == 27
    languages = TABLE.drop(columns=KEYS)
    assert languages.shape[1] == 23
    total = languages.groupby([TABLE["table"], TABLE["baseline"]]).sum()
    assert total.to_numpy().ravel().tolist() == pytest.approx([100] * 9 * 23, abs=0.25)


@pytest.mark.parametrize("row", TABLE.to_dict("records"), ids=lambda row: f"{row['baseline']}-{row['metric'][:4]}")
def test_the_macro_average_is_the_printed_one(row: dict[str, float], make_scores: Callable[..., pd.DataFrame]) -> None:
    """To the printed decimal; the paper cuts one of 27 (37.95) off where it rounds the others."""
    rates = {language: [rate / 100] for language, rate in row.items() if language not in KEYS}
    found = mean_scores(make_scores(rates), rounds=2, groupings={})
    macro = found[found["level"] == "macro"].iloc[0]
    assert macro["n_languages"] == 23
    assert 100 * macro["value"] == pytest.approx(row["printed_average"], abs=0.053)
