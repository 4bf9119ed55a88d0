"""Paired differences: signs, units, clusters, what is left out."""

import numpy as np
import pytest

from polyarena.reports.gate.pairs import Scale, pair_items
from polyarena.tasks.errors import DataError

TWO = ["deu_Latn", "swh_Latn"]


def test_differences_are_candidate_minus_baseline_in_points(values):
    (pair,) = pair_items(values([[1, 0], [1, 1], [0, 1], [0, 0]], TWO), values([[0, 0], [1, 1], [0, 0], [0, 1]], TWO))
    assert pair.contributions().sum(axis=0).tolist() == [-25.0, 0.0]
    assert pair.differing.sum(axis=0).tolist() == [1.0, 2.0]
    assert pair.baseline.tolist() == [0.5, 0.5]
    assert pair.candidate.tolist() == [0.25, 0.5]
    assert pair.single.all()


@pytest.mark.parametrize(
    ("scale", "before", "after", "expected"),
    [
        (Scale(0, 100), 60.0, 50.0, -10.0),
        (Scale(0, 100, higher_is_better=False), 60.0, 50.0, 10.0),
        (Scale(-1, 1), 1.0, 0.0, -50.0),
    ],
)
def test_points_are_hundredths_of_the_range_and_negative_is_always_worse(values, scale, before, after, expected):
    old, new = (values([[value], [value]], ["deu_Latn"], metric="m") for value in (before, after))
    (pair,) = pair_items(old, new, {"m": scale})
    assert pair.contributions().sum() == pytest.approx(expected)


def test_items_of_one_source_are_one_cluster(values):
    clusters = ["a", "a", "b", "b"]
    old = values(np.ones((4, 1)), ["deu_Latn"], clusters=clusters)
    new = values([[0], [0], [1], [1]], ["deu_Latn"], clusters=clusters)
    (pair,) = pair_items(old, new)
    assert pair.clusters == ("a", "b")
    assert pair.contributions().tolist() == [[-50.0], [0.0]]
    assert not pair.single.any()


def test_items_without_a_value_on_one_side_are_counted_not_dropped_in_silence(values):
    old, new = values(np.ones((5, 1)), ["deu_Latn"]), values(np.ones((5, 1)), ["deu_Latn"])
    new.loc[0, "value"] = np.nan
    (pair,) = pair_items(old, new.drop(index=4))
    assert (pair.unknown.tolist(), pair.expected.tolist(), pair.counts.sum()) == ([2], [5], 3)


def test_languages_and_tasks_that_are_gone_are_named(values):
    old = values(np.ones((3, 2)), TWO)
    new = values(np.ones((3, 2)), ["swh_Latn", "fra_Latn"])
    (pair,) = pair_items(old, new)
    assert (pair.missing, pair.added, pair.languages) == (("deu_Latn",), ("fra_Latn",), ("swh_Latn",))
    (gone,) = pair_items(old, new.iloc[:0])
    assert (gone.missing, gone.languages, gone.sums.shape) == (tuple(TWO), (), (0, 0))


def test_an_item_under_another_source_is_another_item(values):
    with pytest.raises(DataError, match="another source_id"):
        pair_items(values([[1], [1]], ["deu_Latn"]), values([[1], [1]], ["deu_Latn"], clusters=["x", "y"]))


def test_values_outside_the_range_are_refused(values):
    with pytest.raises(DataError, match="outside the metric's range of 0 to 1"):
        pair_items(values([[50]], ["deu_Latn"]), values([[40]], ["deu_Latn"]))


def test_an_item_twice_is_refused(values):
    frame = values([[1], [1]], ["deu_Latn"])
    frame["item_id"] = "same"
    with pytest.raises(DataError, match="occur twice"):
        pair_items(frame, frame)


def test_differences_of_a_corpus_metric_have_the_difference_of_the_scores_as_their_mean(values):
    from polyarena.tasks.metrics.registry import METRICS

    metric = next(each for each in METRICS.values() if each.corpus is not None)
    rng = np.random.default_rng(0)

    def frame(quality):
        found = values(np.full((12, 1), 50.0), ["deu_Latn"], metric=metric.name)
        counts = rng.integers(20, 40, size=(12, metric.n_statistics)).astype(float)
        counts[:, ::3] *= quality
        found["statistics"] = [tuple(each) for each in counts]
        return found, counts.sum(axis=0)

    (old, old_sum), (new, new_sum) = frame(0.9), frame(0.6)
    (pair,) = pair_items(old, new, {metric.name: Scale(metric.low, metric.high)})
    expected = (metric.corpus(new_sum) - metric.corpus(old_sum)) * 100 / (metric.high - metric.low)
    assert pair.contributions().sum() == pytest.approx(float(expected), abs=0.5)
    assert pair.candidate[0] == pytest.approx(float(metric.corpus(new_sum)))
