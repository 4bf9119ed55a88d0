from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarena.reports.stats import estimates_table, mean_scores
from polyarena.reports.stats.corpus import cluster_statistics
from polyarena.reports.stats.resampling import resample_weights
from polyarena.tasks.errors import DataError
from polyarena.tasks.metrics.registry import METRICS
from polyarena.tasks.metrics.translation import statistics_of
from polyarena.tasks.records import SCORE_SCHEMA, Score, to_table
from polyarena.tasks.text import comparable

Make = Callable[..., pd.DataFrame]
BLEU = METRICS["bleu_char"].corpus


def counts(items: int, seed: int = 0) -> np.ndarray:
    """Statistics of BLEU of made-up items: about half of all n-grams are found."""
    generator = np.random.default_rng(seed)
    length = generator.integers(20, 60, items)
    total = np.maximum(length[:, None] - np.arange(4), 0)
    matched = generator.binomial(total, [0.7, 0.5, 0.4, 0.3])
    return np.column_stack([length, generator.integers(20, 60, items), matched, total]).astype(float)


def corpus_frame(
    languages: dict[str, np.ndarray], make: Make, metric: str = "bleu_char", **constant: Any
) -> pd.DataFrame:
    frame = make({code: BLEU(rows) for code, rows in languages.items()}, metric=metric, **constant)
    return frame.assign(statistics=[tuple(row) for rows in languages.values() for row in rows])


def row(estimates: pd.DataFrame, group: str = "all", metric: str = "bleu_char", system: str = "new") -> Any:
    found = estimates[(estimates["group"] == group) & (estimates["metric"] == metric) & (estimates["system"] == system)]
    assert len(found) == 1
    return found.iloc[0]


def test_a_language_has_the_score_of_its_corpus_and_a_group_the_mean_of_these(make_scores: Make) -> None:
    one, other = counts(30), counts(30, seed=1)
    found = mean_scores(corpus_frame({"deu_Latn": one, "tha_Thai": other}, make_scores), rounds=200)
    assert row(found, "deu_Latn")["value"] == BLEU(one.sum(axis=0)) != pytest.approx(BLEU(one).mean())
    assert row(found)["value"] == pytest.approx((BLEU(one.sum(axis=0)) + BLEU(other.sum(axis=0))) / 2, abs=1e-12)
    assert (row(found)["n"], row(found)["n_clusters"], row(found)["n_languages"]) == (60, 30, 2)
    assert row(found)["method"] == "percentile"
    assert row(found)["low"] < row(found)["value"] < row(found)["high"]


@pytest.mark.parametrize("metric", ["chrf++", "bleu_char"])
def test_real_translations_get_the_score_of_sacrebleu(metric: str, request: pytest.FixtureRequest) -> None:
    from sacrebleu.metrics import BLEU as THEIR_BLEU
    from sacrebleu.metrics import CHRF as THEIR_CHRF

    sentences = request.getfixturevalue("sentences")
    hypotheses, references = sentences["nld_Latn"], sentences["deu_Latn"]
    scores = [
        Score("s", "flores", "deu_Latn", str(i), 0, str(i), metric, 0.0, "m", statistics_of(metric, one, [other]))
        for i, (one, other) in enumerate(zip(hypotheses, references, strict=True))
    ]
    found = mean_scores(to_table(scores, SCORE_SCHEMA).to_pandas(), rounds=50)
    theirs = THEIR_CHRF(word_order=2) if metric == "chrf++" else THEIR_BLEU(tokenize="char")
    # Both sides are compared as the same texts: composed, without invisible characters.
    texts = [[comparable(text) for text in side] for side in (hypotheses, references)]
    expected = theirs.corpus_score(texts[0], [texts[1]]).score
    assert found["value"].to_list() == pytest.approx([expected] * len(found), abs=1e-9)


def test_replicates_are_those_of_a_hand_written_bootstrap(make_scores: Make) -> None:
    rows = {"deu_Latn": counts(25), "tha_Thai": counts(25, seed=1)}
    data = cluster_statistics(corpus_frame(rows, make_scores), ["system"], BLEU)
    found = data.replicates([0, 1], rounds=40, seed=3)
    for i, weights in enumerate(resample_weights(list(data.clusters), 40, 3, chunk=1)):
        drawn = np.repeat(np.arange(25), weights[0].astype(int))
        expected = [float(BLEU(rows[code][drawn].sum(axis=0))) for code in ("deu_Latn", "tha_Thai")]
        assert found[:, i].tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("chunk", [1, 7, 39])
def test_chunks_change_no_bit(chunk: int, make_scores: Make) -> None:
    data = cluster_statistics(corpus_frame({"deu_Latn": counts(25)}, make_scores), ["system"], BLEU)
    whole, chunked = data.replicates([0], rounds=40, seed=0), data.replicates([0], rounds=40, seed=0, chunk=chunk)
    assert np.array_equal(whole, chunked)


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_order_of_rows_changes_no_bit(seed: int) -> None:
    one, other = (corpus_frame({"deu_Latn": counts(12, s), "tha_Thai": counts(12, s + 1)}, _make) for s in (0, 5))
    frame = pd.concat([one, other.assign(sample_index=1)])
    first, second = (
        estimates_table([mean_scores(each, rounds=50)]) for each in (frame, frame.sample(frac=1, random_state=seed))
    )
    assert first.equals(second)


def _make(values: dict[str, Any], **constant: Any) -> pd.DataFrame:
    rows = [
        {
            "system": "new", "task": "names", "language": code, "item_id": f"{i:03d}", "sample_index": 0,
            "source_id": f"s{i:03d}", "value": float(value), "signature": "x", **constant,
        }
        for code, found in values.items()
        for i, value in enumerate(found)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_for_a_mean_everything_is_as_for_means(make_scores: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the sum and the number as statistics, the formula of a mean gives the estimates of a mean."""
    from polyarena.tasks.metrics import registry
    from polyarena.tasks.metrics.registry import Metric

    mean = Metric("chrf", "Mean.", 0, 100, corpus=lambda s: s[..., 0] / s[..., 1], n_statistics=2)
    monkeypatch.setattr("polyarena.reports.stats.validation.METRICS", {**registry.METRICS, "chrf": mean})
    values = {
        code: np.random.default_rng(i).normal(50, 10, 40).round(3) for i, code in enumerate(("deu_Latn", "tha_Thai"))
    }
    plain = make_scores(values, metric="chrf")
    summed = plain.assign(statistics=[(value, 1.0) for value in plain["value"]])
    left, right = mean_scores(plain, rounds=300), mean_scores(summed, rounds=300)
    for column in ("value", "standard_error", "low", "high"):
        assert left[column].to_numpy() == pytest.approx(right[column].to_numpy(), rel=1e-9)
    for column in ("n", "n_clusters", "n_languages", "method", "group", "signature"):
        assert left[column].to_list() == right[column].to_list()


def test_standard_error_is_that_of_the_jackknife_and_close_to_the_bootstraps(make_scores: Make) -> None:
    rows = counts(60)
    data = cluster_statistics(corpus_frame({"deu_Latn": rows}, make_scores), ["system"], BLEU)
    found = row(mean_scores(corpus_frame({"deu_Latn": rows}, make_scores), rounds=2000), "deu_Latn")
    without = np.array([BLEU(np.delete(rows, i, axis=0).sum(axis=0)) for i in range(60)])
    jackknife = math.sqrt(59 / 60 * ((without - without.mean()) ** 2).sum())
    assert found["standard_error"] == pytest.approx(jackknife)
    assert found["standard_error"] == pytest.approx(data.replicates([0], rounds=2000, seed=0).std(), rel=0.1)


def test_samples_of_an_item_are_averaged_first(make_scores: Make) -> None:
    rows = counts(12)
    once = corpus_frame({"deu_Latn": rows}, make_scores)
    twice = pd.concat(
        [once.assign(sample_index=i, statistics=[tuple(r * f) for r in rows]) for i, f in enumerate((0.5, 1.5))]
    )
    single, repeated = (row(mean_scores(frame, rounds=100), "deu_Latn") for frame in (once, twice))
    for column in ("value", "standard_error", "n", "n_clusters"):
        assert repeated[column] == pytest.approx(single[column])


def test_items_of_one_source_are_one_cluster(make_scores: Make) -> None:
    frame = corpus_frame({"deu_Latn": counts(24)}, make_scores)
    paired = frame.assign(source_id=[f"s{i // 2}" for i in range(24)])
    found = row(mean_scores(paired, rounds=100), "deu_Latn")
    assert (found["n"], found["n_clusters"]) == (24, 12)
    assert found["value"] == row(mean_scores(frame, rounds=100), "deu_Latn")["value"]


def test_languages_with_items_of_their_own_are_resampled_apart(make_scores: Make) -> None:
    first = corpus_frame({"deu_Latn": counts(12)}, make_scores)
    second = corpus_frame({"tha_Thai": counts(20, seed=2)}, make_scores)
    frame = pd.concat([first, second.assign(source_id="t" + second["source_id"])])
    data = cluster_statistics(frame, ["system"], BLEU)
    assert len(set(data.labels.tolist())) == 2
    assert data.influence(0).tolist()[12:] == [0.0] * 20
    together, alone = mean_scores(frame, rounds=100), mean_scores(first, rounds=100)
    assert row(together, "deu_Latn")["low"] == row(alone, "deu_Latn")["low"]


def test_a_round_that_draws_nothing_of_a_language_holds_its_own_score(make_scores: Make) -> None:
    rows = counts(8)
    frame = corpus_frame({"deu_Latn": rows, "tha_Thai": rows[:1]}, make_scores)
    data = cluster_statistics(frame, ["system"], BLEU)
    replicates = data.replicates([1], rounds=300, seed=0)
    assert replicates == pytest.approx(np.full((1, 300), BLEU(rows[0])))
    found = mean_scores(frame, rounds=100)
    assert row(found, "tha_Thai")["note"] == "one source item only: no interval"


def test_metrics_of_items_and_of_corpora_live_side_by_side(make_scores: Make) -> None:
    plain = make_scores({"deu_Latn": np.random.default_rng(0).random(12)})
    both = pd.concat([plain, corpus_frame({"deu_Latn": counts(12)}, make_scores)])
    found = mean_scores(both, rounds=100)
    expected = mean_scores(plain, rounds=100)
    pd.testing.assert_frame_equal(found[found["metric"] == "accuracy"].reset_index(drop=True), expected, rtol=0, atol=0)
    assert row(found)["value"] == BLEU(counts(12).sum(axis=0))


def test_only_common_languages_are_averaged(make_scores: Make) -> None:
    shared = {"deu_Latn": counts(12)}
    frame = pd.concat(
        [
            corpus_frame({**shared, "swh_Latn": counts(12, seed=1)}, make_scores, system="new"),
            corpus_frame(shared, make_scores, system="old"),
        ]
    )
    found = mean_scores(frame, rounds=100)
    assert row(found)["value"] == row(found, system="old")["value"]
    assert "Swahili" in row(found)["note"]


def test_few_items_get_no_interval(make_scores: Make) -> None:
    found = row(mean_scores(corpus_frame({"deu_Latn": counts(5)}, make_scores), rounds=100), "deu_Latn")
    assert (found["method"], math.isnan(found["low"])) == ("none", True)
    assert "5 items are too few" in found["note"]


def test_a_system_that_says_nothing_right_has_a_score_of_zero(make_scores: Make) -> None:
    nothing = np.zeros((12, 10))
    nothing[:, 1] = 30
    found = row(mean_scores(corpus_frame({"deu_Latn": nothing}, make_scores), rounds=100), "deu_Latn")
    assert (found["value"], found["standard_error"], found["method"]) == (0.0, 0.0, "none")


def test_statistics_of_other_metrics_and_lengths_are_refused(make_scores: Make) -> None:
    frame = corpus_frame({"deu_Latn": counts(12)}, make_scores)
    with pytest.raises(DataError, match="accuracy have statistics, and there is no formula") as caught:
        mean_scores(frame.assign(metric="accuracy"))
    assert "chrf++, spbleu, bleu_char" in caught.value.why
    with pytest.raises(DataError, match="not the 24 statistics of chrf") as caught:
        mean_scores(frame.assign(metric="chrf++"))
    assert caught.value.why == "length is 10"


def test_missing_and_infinite_statistics_are_refused_and_named(make_scores: Make) -> None:
    frame = corpus_frame({"deu_Latn": counts(12)}, make_scores)
    statistics = list(frame["statistics"])
    frame["statistics"] = [*statistics[:3], None, *statistics[4:]]
    with pytest.raises(DataError, match="not the 10 statistics") as caught:
        mean_scores(frame)
    assert "item_id=deu_Latn-003" in caught.value.where
    frame["statistics"] = [*statistics[:3], (math.inf,) * 10, *statistics[4:]]
    with pytest.raises(DataError, match="not a finite number") as caught:
        mean_scores(frame)
    assert "item_id=deu_Latn-003" in caught.value.where


@pytest.mark.slow
def test_coverage_of_intervals_is_near_nominal(make_scores: Make) -> None:
    """The truth is the score of a corpus of a million items; 200 data sets of 40 items."""
    truth = float(BLEU(counts(200_000, seed=99).sum(axis=0)))
    hits = 0
    for seed in range(200):
        data = corpus_frame({"deu_Latn": counts(40, seed=1000 + seed)}, _make)
        found = row(mean_scores(data, rounds=300), "deu_Latn")
        hits += found["low"] <= truth <= found["high"]
    assert 0.89 <= hits / 200 <= 0.99
