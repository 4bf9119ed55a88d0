"""Win rates of battles that are held entry by entry have the bits of those that are held whole."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from polyarena.judges.records import BATTLE_SCHEMA
from polyarena.reports.stats import simultaneous_bands, sparse_columns, win_rates
from polyarena.reports.stats.clustered import Clustered
from polyarena.reports.stats.sparse_columns import SparseColumns, battle_columns

LANGUAGES = ("deu_Latn", "swh_Latn")


def battles(systems: int, count: int, *, shared: int | None = None) -> pd.DataFrame:
    """Battles of random pairs, each on a prompt of its own, or on one of some shared ones."""
    generator = np.random.default_rng(4)
    pairs = [(a, b) for a in range(systems) for b in range(a)]
    rows = []
    for number in range(count):
        one, other = pairs[generator.integers(len(pairs)) if shared is None else number % len(pairs)]
        item = number if shared is None else number // len(pairs) % shared
        rows.append(
            {
                "judge": "j",
                "task": "t",
                "language": LANGUAGES[int(generator.integers(2)) if shared is None else number % 2],
                "item_id": f"{number}",
                "source_id": f"q{item}",
                "candidate": f"s{one}",
                "baseline": f"s{other}",
                "score": float(generator.choice([0, 0.25, 1 / 3, 0.5, 1])),
                "n_games": 2,
                "n_invalid": 0,
            }
        )
    return pd.DataFrame(rows, columns=BATTLE_SCHEMA.names)


@pytest.mark.parametrize("frame", [battles(5, 90), battles(3, 60, shared=7)], ids=["own prompts", "shared prompts"])
@pytest.mark.parametrize("method", ["default", "percentile", "student"])
def test_estimates_and_bands_have_the_same_bits(frame, method, monkeypatch) -> None:
    dense = [each(frame, rounds=60, method=method) for each in (win_rates, simultaneous_bands)]
    monkeypatch.setattr(sparse_columns, "LARGE", 0)
    monkeypatch.setattr(sparse_columns, "SPARSE", 1.0)
    sparse = [each(frame, rounds=60, method=method) for each in (win_rates, simultaneous_bands)]
    for one, other in zip(dense, sparse, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_table_answers_as_an_array_does(monkeypatch) -> None:
    frame = battles(4, 40).rename(columns={"score": "value"})
    dense = battle_columns(frame)
    monkeypatch.setattr(sparse_columns, "LARGE", 0)
    monkeypatch.setattr(sparse_columns, "SPARSE", 1.0)
    sparse = battle_columns(frame)
    assert isinstance(dense, Clustered)
    assert isinstance(sparse, SparseColumns)
    assert sparse.columns == dense.columns
    assert (sparse.bounded == dense.bounded).all()
    places = (slice(None), 2), (slice(None), [2]), (slice(None), [3, 0]), (np.array([5, 1]), 1), (7, 1)
    for place in places:
        for one, other in ((sparse.counts, dense.counts), (sparse.sums, dense.sums)):
            assert np.array_equal(one[place], other[place])


def test_battles_on_shared_prompts_stay_a_table() -> None:
    frame = battles(3, 60, shared=7).rename(columns={"score": "value"})
    assert isinstance(battle_columns(frame), Clustered)


def test_memory_goes_with_the_battles_not_with_prompts_times_pairs() -> None:
    frame = battles(60, 3_000).rename(columns={"score": "value"})
    whole = 8 * frame["source_id"].nunique() * len(frame[["candidate", "baseline", "language"]].drop_duplicates())
    tracemalloc.start()
    found = battle_columns(frame)
    for column in range(len(found.columns)):
        assert np.count_nonzero(found.influence(column)) <= found.counts[:, [column]].sum()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert whole > 30e6
    assert peak < whole / 5
