"""The search scores every set of weights and finds the best by average and by the lowest language."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.stages.merging.weight_search import search_weights, weight_grid
from polyarena.tasks.errors import ExperimentError, ModelError


@given(st.integers(1, 4), st.integers(1, 6))
def test_the_grid_has_every_set_of_weights_once(count, parts):
    names = "abcd"[:count]
    grid = weight_grid(names, parts)
    assert len({tuple(weights.values()) for weights in grid}) == len(grid) == math.comb(parts + count - 1, count - 1)
    assert all(sum(weights.values()) == pytest.approx(1) and min(weights.values()) >= 0 for weights in grid)
    assert all(list(weights) == list(names) for weights in grid)


def run(tmp_path, score, candidates=None):
    merged = {}

    def merge(weights, folder):
        folder.mkdir()
        merged[folder] = weights

    grid = weight_grid("ab", 4) if candidates is None else candidates
    return search_weights(grid, merge, lambda folder: score(merged[folder]), tmp_path)


def test_average_and_lowest_language_can_want_different_weights(tmp_path):
    # b lifts German a lot and costs Swahili a little less than a lifts it.
    found = run(tmp_path, lambda w: {"deu_Latn": 50 + 30 * w["b"], "swh_Latn": 20 + 10 * w["a"]})
    assert found.best_average.weights == {"a": 0, "b": 1}
    assert found.best_minimum.weights == {"a": 1, "b": 0}
    assert (found.best_minimum.average, found.best_minimum.lowest) == (40, 30)


def test_the_table_has_every_trial(tmp_path):
    table = run(tmp_path, lambda w: {"swh_Latn": w["a"], "deu_Latn": 1.0}).table()
    columns = ["weight:a", "weight:b", "score:deu_Latn", "score:swh_Latn", "average", "lowest"]
    assert list(table.columns) == columns
    assert table["lowest"].tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_among_equals_the_other_criterion_decides_and_then_the_first(tmp_path):
    found = run(tmp_path, lambda w: {"x": 1 - abs(w["a"] - 0.5), "y": 1 + abs(w["a"] - 0.5)})
    assert found.best_average.weights["a"] == 0.5
    (tmp_path / "flat").mkdir()
    flat = run(tmp_path / "flat", lambda w: {"x": 1.0})
    assert flat.best_average is flat.best_minimum is flat.trials[0]


@pytest.mark.parametrize("scores", [{}, {"x": float("nan")}])
def test_a_trial_without_a_usable_score_is_refused(tmp_path, scores):
    with pytest.raises(ModelError, match="score"):
        run(tmp_path, lambda w: scores)


def test_trials_in_different_languages_are_refused(tmp_path):
    with pytest.raises(ModelError, match="different languages"):
        run(tmp_path, lambda w: {"x": 1.0} if w["a"] else {"y": 1.0})


def test_no_candidates_are_refused(tmp_path):
    with pytest.raises(ExperimentError, match="no candidates"):
        run(tmp_path, lambda w: {"x": 1.0}, [])


@pytest.mark.parametrize("count", [1, 3])
def test_every_trial_has_its_own_folder(count, tmp_path):
    run(tmp_path, lambda w: {"x": 1.0}, weight_grid("ab", 4)[:count])
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"trial-{number:04}" for number in range(count)]
