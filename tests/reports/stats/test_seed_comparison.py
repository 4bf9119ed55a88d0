"""Comparison of groups of seeds: paired by item, with the variation between the seeds of either side."""

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats import compare
from polyarena.reports.stats.seed_groups import seed_group_difference
from polyarena.tasks.errors import DataError, UnknownNameError

SEEDS = {"sft": ("sft-0", "sft-1", "sft-2"), "dpo": ("dpo-0", "dpo-1")}
CODES = ("deu_Latn", "swh_Latn")


def scores(values, metric="acc"):
    return pd.DataFrame(
        [
            {"system": system, "task": "exam", "language": code, "item_id": f"{i}", "sample_index": 0,
             "source_id": f"s{i}", "metric": metric, "value": float(value), "signature": f"metric:{metric}",
             "statistics": None}
            for system, array in values.items()
            for code, line in zip(CODES, array, strict=True)
            for i, value in enumerate(line)
        ]
    )  # fmt: skip


def battles(values):
    frame = scores(values)
    return frame[["task", "language", "item_id", "source_id"]].assign(
        judge="rules", candidate=frame["system"], baseline="base", score=frame["value"], n_games=2, n_invalid=0
    )


@pytest.fixture
def values():
    generator = np.random.default_rng(5)
    names = ("base", *SEEDS["sft"], *SEEDS["dpo"])
    return {
        name: (generator.random((2, 50)) < 0.3 + 0.1 * i).astype(float) for i, name in enumerate(names)
    }  # fmt: skip


def macro(found):
    return found[found["level"] == "macro"].iloc[0]


def test_two_groups_are_compared_on_the_items_of_all_seeds(values):
    found = macro(compare(scores(values), "dpo", "sft", seeds=SEEDS))
    stacks = [np.stack([values[name].mean(axis=0) for name in SEEDS[group]]) for group in ("dpo", "sft")]
    expected = seed_group_difference(*stacks)
    assert found["difference"] == pytest.approx(expected.value)
    assert found["standard_error"] == pytest.approx(expected.standard_error)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high))
    assert found["p_value"] == pytest.approx(expected.p_value)
    assert (found["method"], found["n"], found["n_languages"]) == ("seeds", 100, 2)
    assert found["note"] == "dpo: 2 seeds, sft: 3 seeds"


def test_the_other_way_round_is_the_mirror(values):
    one, other = (macro(compare(scores(values), *pair, seeds=SEEDS)) for pair in (("sft", "dpo"), ("dpo", "sft")))
    assert one["difference"] == pytest.approx(-other["difference"])
    assert (one["low"], one["high"]) == pytest.approx((-other["high"], -other["low"]))
    assert {one["outcome"], other["outcome"]} in ({"better", "worse"}, {"inconclusive"})


def test_a_group_against_one_system(values):
    found = compare(scores(values), "sft", "base", seeds=SEEDS, margin=0.05)
    assert {"macro", "language"} <= set(found["level"])
    languages = found[found["level"] == "language"]
    assert languages["p_holm"].notna().all()
    assert (languages["p_holm"] >= languages["p_value"] - 1e-12).all()
    assert found["band_low"].isna().all()
    assert macro(found)["non_inferiority"] == "non-inferior"
    assert macro(found)["detectable"] > 0


def test_win_rates_against_the_baseline_itself(values):
    games = battles({name: values[name] for name in SEEDS["sft"]})
    found = macro(compare(games, "sft", "base", seeds=SEEDS))
    assert found["value_against"] == 0.5
    assert found["difference"] == pytest.approx(np.mean([values[n] for n in SEEDS["sft"]]) - 0.5)
    assert (found["metric"], found["judge"], found["baseline"]) == ("win_rate", "rules", "base")


def test_a_metric_of_which_less_is_better(values):
    found = macro(compare(scores(values, "bad_answers"), "dpo", "sft", seeds=SEEDS, margin=0.01))
    assert found["difference"] > 0
    assert found["outcome"] in {"worse", "inconclusive"}
    assert found["non_inferiority"] != "non-inferior"


def test_single_seeds_are_still_compared_as_systems(values):
    found = macro(compare(scores(values), "sft-0", "base", seeds=SEEDS))
    assert found["method"] == "wilson"


def test_items_that_a_seed_lacks_are_left_out_and_counted(values):
    frame = scores(values)
    frame = frame[~((frame["system"] == "dpo-1") & (frame["item_id"] == "7"))]
    found = macro(compare(frame, "dpo", "sft", seeds=SEEDS))
    assert (found["n"], found["n_left_out"]) == (98, 2)
    assert "2 items left out" in found["note"]


def test_one_item_gives_no_interval(values):
    single = {name: array[:, :1] for name, array in values.items()}
    found = macro(compare(scores(single), "dpo", "sft", seeds=SEEDS))
    assert (found["method"], found["outcome"], found["p_value"]) == ("none", "inconclusive", 1.0)


def test_what_does_not_exist_is_refused(values):
    with pytest.raises(UnknownNameError, match="unknown system"):
        compare(scores(values), "sft", "bass", seeds=SEEDS)
    apart = scores(values)
    apart = apart[~((apart["system"] == "base") & (apart["item_id"].astype(int) > -1))]
    with pytest.raises((DataError, UnknownNameError)):
        compare(apart, "sft", "base", seeds=SEEDS)


def test_variation_between_seeds_widens_the_interval():
    item = np.random.default_rng(1).random(60)
    apart = seed_group_difference(np.stack([item, item + 0.2]), item[None, :])
    alike = seed_group_difference(np.stack([item, item]), item[None, :])
    assert alike == seed_group_difference(item[None, :], item[None, :])
    assert (alike.value, alike.p_value) == (0.0, 1.0)
    assert apart.value == pytest.approx(0.1)
    assert apart.low < 0 < apart.high


def test_the_interval_of_the_difference_covers_it():
    generator = np.random.default_rng(2)
    hits, rounds = 0, 1000
    for _ in range(rounds):
        item = generator.normal(0, 0.3, 80)
        first, second = (
            item[None, :] + generator.normal(0, 0.03, (3, 1)) + generator.normal(0, 0.2, (3, 80)) for _ in range(2)
        )
        found = seed_group_difference(first + 0.1, second)
        hits += found.low <= 0.1 <= found.high
    assert 0.925 <= hits / rounds <= 0.995


@pytest.mark.parametrize(
    ("first", "second"), [(np.zeros((2, 1)), np.zeros((2, 1))), (np.zeros((2, 3)), np.zeros((1, 4)))]
)
def test_too_few_items_are_refused(first, second):
    with pytest.raises(ValueError, match="same items"):
        seed_group_difference(first, second)
