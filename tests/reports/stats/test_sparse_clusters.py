"""Values summed by cluster where most pairs of systems lack most clusters."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats.clustered import cluster_values
from polyarena.reports.stats.cycles import significant_wins
from polyarena.reports.stats.head_to_head import head_to_head
from polyarena.reports.stats.sparse_clusters import SparseClusters, sparse_clusters

LANGUAGES = ("deu_Latn", "fra_Latn", "swh_Latn")


@pytest.fixture
def rows() -> pd.DataFrame:
    """Values of four pairs in three languages; the last has prompts of its own, and some clusters have two items."""
    generator = np.random.default_rng(0)
    found = [
        {
            "source_id": f"{'own' if code == 'swh_Latn' else 'q'}{number // 2}",
            "item_id": f"{number}",
            "language": code,
            "pair": f"{pair}",
            "value": float(generator.choice([0, 1 / 3, 0.5, 1])),
        }
        for pair in range(4)
        for code in LANGUAGES[: 3 if pair else 2]
        for number in generator.choice(40, 9, replace=False)
    ]
    return pd.DataFrame(found).sample(frac=1, random_state=1, ignore_index=True)


def both(rows: pd.DataFrame) -> tuple[SparseClusters, object]:
    dense = cluster_values(rows, ["pair"])
    place = {column: i for i, column in enumerate(dense.columns)}
    columns = np.array([place[(pair,), code] for pair, code in zip(rows["pair"], rows["language"], strict=True)])
    languages = np.array([LANGUAGES.index(code) for code in rows["language"]])
    value = rows["value"].to_numpy()
    return sparse_clusters(rows["source_id"], rows["item_id"], languages, columns, [value])[0], dense


def test_all_numbers_have_the_bits_of_the_dense_ones(rows) -> None:
    sparse, dense = both(rows)
    every = np.arange(len(dense.columns))
    assert sparse.clusters == dense.clusters
    assert sparse.shape == dense.sums.shape
    assert (sparse.labels == dense.labels).all()
    assert len(set(dense.labels)) == 2
    assert sparse.values().tolist() == [dense.value(i) for i in every]
    assert sparse.sizes().tolist() == dense.counts.sum(axis=0).tolist()
    assert (sparse.influence().toarray() == [dense.influence(i) for i in every]).all()
    assert (sparse.shares().toarray() == (dense.counts / dense.counts.sum(axis=0)).T).all()
    drawn = dense.replicates(every.tolist(), rounds=50, seed=3)
    for chosen in (every, every[[5, 2]]):
        means, much = sparse.replicates(chosen, rounds=50, seed=3)
        assert (means == drawn[chosen]).all()
        counts = dense.counts[:, chosen].astype(np.float64)
        np.testing.assert_allclose(much.mean(axis=1), 1.0, atol=0.5)
        values = much * counts.sum(axis=0)[:, None]
        np.testing.assert_allclose(values, np.rint(values), atol=1e-9)


def test_the_table_of_columns_has_the_clusters_that_any_has(rows) -> None:
    sparse, dense = both(rows)
    present, counts = sparse.table(np.array([0, 3]))
    assert (present == dense.counts[:, [0, 3]].any(axis=1)).all()
    assert (counts == dense.counts[:, [0, 3]][present]).all()


def test_the_order_of_rows_changes_no_bit(rows) -> None:
    first, _ = both(rows)
    second, _ = both(rows.iloc[::-1].reset_index(drop=True))
    assert (first.sums == second.sums).all()
    assert (first.rows == second.rows).all()


def test_votes_on_prompts_of_their_own_take_memory_for_votes_only(make_battles) -> None:
    """Each pair met on two prompts that no other pair saw: a number for every pair and prompt would take 32 MB."""
    names = [f"s{i:02d}" for i in range(46)]
    pairs = [(one, other) for i, one in enumerate(names) for other in names[i + 1 :]][:1000]
    parts = make_battles({"deu_Latn": np.tile([1.0, 0.5], len(pairs))})
    battles = parts.assign(
        candidate=np.repeat([one for one, _ in pairs], 2), baseline=np.repeat([other for _, other in pairs], 2)
    )
    assert battles["source_id"].nunique() == 2000
    tracemalloc.start()
    try:
        found = head_to_head(battles, None)
        scores = next(found.influences())
        won = significant_wins(battles)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert scores.nnz == len(battles)
    assert not won.to_numpy().any()
    assert peak < 16e6
