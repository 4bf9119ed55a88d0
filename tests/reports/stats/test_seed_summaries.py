"""Groups of seeds in scores and battles: one system, whose interval has both parts of variance."""

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.stats import category_scores, mean_scores, pass_rates, win_rates
from polyarena.reports.stats.seed_groups import seed_group_estimate
from polyarena.reports.stats.seed_summaries import average_seeds, group_of_system, items_of_all_seeds, seed_series

SEEDS = {"sft": ("sft-0", "sft-1", "sft-2")}
CODES = ("deu_Latn", "swh_Latn")


def scores(values, *, task="exam", metric="acc", codes=CODES, own=False):
    """Scores from arrays of shape (items,) or (languages, items) by system; ``own`` gives languages own sources."""
    rows = []
    for system, array in values.items():
        for code, line in zip(codes, np.broadcast_to(array, (len(codes), np.shape(array)[-1])), strict=True):
            rows += [
                {"system": system, "task": task, "language": code, "item_id": f"{i}", "sample_index": 0,
                 "source_id": f"{code}-{i}" if own else f"s{i}", "metric": metric, "value": float(value),
                 "signature": f"metric:{metric}", "statistics": None, "category": "ab"[i % 2]}
                for i, value in enumerate(line)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def draw(seed, shape, chance=0.5):
    return (np.random.default_rng(seed).random(shape) < chance).astype(float)


def battles(values):
    frame = scores(values, task="open", metric="win_rate")
    kept = frame[["task", "language", "item_id", "source_id"]]
    return kept.assign(
        judge="rules", candidate=frame["system"], baseline="base", score=frame["value"], n_games=2, n_invalid=0
    )


def row(table, system, level="macro", group="all", metric=None):
    found = table[(table["system"] == system) & (table["level"] == level) & (table["group"] == group)]
    if metric is not None:
        found = found[found["metric"] == metric]
    assert len(found) == 1
    return found.iloc[0]


def test_a_group_stands_in_place_of_its_seeds_with_their_mean_and_interval():
    values = {name: draw(i, (2, 60), 0.3 + 0.2 * i) for i, name in enumerate(SEEDS["sft"])}
    table = mean_scores(scores(values), seeds=SEEDS)
    assert set(table["system"]) == {"sft"}
    # Translations of one source are one cluster: they are averaged before the two-way analysis.
    expected = seed_group_estimate(np.stack([values[name].mean(axis=0) for name in SEEDS["sft"]]))
    found = row(table, "sft")
    assert found["value"] == pytest.approx(expected.value)
    assert found["standard_error"] == pytest.approx(expected.standard_error)
    assert (found["low"], found["high"]) == pytest.approx((max(0, expected.low), min(1, expected.high)))
    assert (found["method"], found["n"], found["n_clusters"], found["n_languages"]) == ("seeds", 120, 60, 2)
    assert found["note"].startswith("3 seeds; standard error 0.1")
    assert "ci:seeds95" in found["signature"]
    assert "B:" not in found["signature"]


def test_a_language_is_estimated_from_its_own_items():
    values = {name: draw(i, (2, 40)) for i, name in enumerate(SEEDS["sft"])}
    table = mean_scores(scores(values, own=True), seeds=SEEDS)
    for place, code in enumerate(CODES):
        expected = seed_group_estimate(np.stack([values[name][place] for name in SEEDS["sft"]]))
        found = row(table, "sft", "language", code)
        assert found["value"] == pytest.approx(expected.value)
        assert found["standard_error"] == pytest.approx(expected.standard_error)


def test_languages_with_own_items_add_their_variances():
    values = {name: draw(7, (2, 200)) for name in SEEDS["sft"]}
    found = row(mean_scores(scores(values, own=True), seeds=SEEDS), "sft")
    errors = values["sft-0"].std(axis=1, ddof=1) / np.sqrt(200)
    assert found["standard_error"] == pytest.approx(np.sqrt((errors**2).sum()) / 2, rel=0.01)


def test_the_interval_is_wider_when_seeds_differ():
    same = draw(3, (2, 80))
    alike = row(mean_scores(scores(dict.fromkeys(SEEDS["sft"], same)), seeds=SEEDS), "sft")
    one = row(mean_scores(scores({"sft-0": same})), "sft-0")
    apart = {"sft-0": draw(3, (2, 80), 0.2), "sft-1": draw(4, (2, 80), 0.5), "sft-2": draw(5, (2, 80), 0.8)}
    wide = row(mean_scores(scores(apart), seeds=SEEDS), "sft")
    assert alike["standard_error"] == pytest.approx(one["standard_error"], rel=1e-6)
    assert wide["high"] - wide["low"] > 3 * (alike["high"] - alike["low"])


def test_seeds_that_all_fail_have_an_interval_that_is_not_a_point():
    zeros = dict.fromkeys(SEEDS["sft"], np.zeros((2, 30)))
    found = row(mean_scores(scores(zeros), seeds=SEEDS), "sft")
    assert found["low"] == found["value"] == 0
    assert 0.05 < found["high"] < 0.2


def test_only_items_that_all_seeds_have_count():
    frame = scores({name: draw(i, (2, 20)) for i, name in enumerate(("other", *SEEDS["sft"]))})
    frame = frame[~((frame["system"].isin(["sft-1", "other"])) & (frame["item_id"] == "3"))]
    table = mean_scores(frame, seeds=SEEDS)
    assert (row(table, "sft")["n"], row(table, "other")["n"]) == (38, 38)
    alone = items_of_all_seeds(frame, SEEDS)
    assert (alone["system"] == "sft-0").sum() == 38
    assert items_of_all_seeds(frame, {}) is frame


def test_a_language_that_one_seed_lacks_is_not_averaged():
    frame = scores({name: draw(i, (2, 20)) for i, name in enumerate(SEEDS["sft"])})
    frame = frame[~((frame["system"] == "sft-1") & (frame["language"] == "swh_Latn"))]
    table = mean_scores(frame, seeds=SEEDS)
    assert set(table[table["level"] == "language"]["group"]) == {"deu_Latn"}


def test_one_item_has_no_interval():
    found = row(mean_scores(scores({n: draw(i, (2, 1)) for i, n in enumerate(SEEDS["sft"])}), seeds=SEEDS), "sft")
    assert found["method"] == "none"
    assert pd.isna(found["low"])
    assert "one source item only" in found["note"]


def test_metrics_of_a_corpus_have_intervals_of_seeds():
    generator = np.random.default_rng(0)
    frame = scores({name: np.zeros((2, 30)) for name in SEEDS["sft"]}, metric="bleu_char")
    # Statistics of BLEU as sacrebleu sums them: lengths of both sides, hits and totals of four orders.
    length = generator.integers(20, 60, len(frame))
    total = np.maximum(length[:, None] - np.arange(4), 0)
    matched = generator.binomial(total, [0.7, 0.5, 0.4, 0.3])
    frame["statistics"] = [tuple(row) for row in np.column_stack([length, length, matched, total]).astype(float)]
    found = row(mean_scores(frame, seeds=SEEDS, rounds=50), "sft")
    members = mean_scores(frame, rounds=50)
    assert found["value"] == pytest.approx(members[members["level"] == "macro"]["value"].mean())
    assert found["method"] == "seeds"
    assert found["low"] < found["value"] < found["high"]


def test_other_systems_keep_their_numbers():
    values = {name: draw(i, (2, 30)) for i, name in enumerate(("base", *SEEDS["sft"]))}
    one = mean_scores(scores(values))
    other = mean_scores(scores(values), seeds=SEEDS)
    keep = ["system", "level", "group", "value", "low", "high"]
    pd.testing.assert_frame_equal(
        one[one["system"] == "base"][keep].reset_index(drop=True),
        other[other["system"] == "base"][keep].reset_index(drop=True),
    )


def test_win_rates_of_a_group_count_the_battles_of_all_seeds():
    values = {name: draw(i, (2, 25), 0.6) for i, name in enumerate(SEEDS["sft"])}
    table = win_rates(battles(values), seeds=SEEDS)
    found = row(table, "sft")
    assert set(table["system"]) == {"sft"}
    assert found["value"] == pytest.approx(np.mean(list(values.values())))
    assert (found["wins"], found["losses"]) == (sum(v.sum() for v in values.values()), sum(
        (1 - v).sum() for v in values.values()
    ))  # fmt: skip
    assert (found["method"], found["n"]) == ("seeds", 50)
    assert found["worst"] == pytest.approx(found["value"])


def test_a_battle_without_verdict_takes_its_item_out_of_the_group_and_widens_the_bounds():
    frame = battles({name: draw(i, (2, 25), 0.6) for i, name in enumerate(SEEDS["sft"])})
    lost = (frame["candidate"] == "sft-1") & (frame["item_id"] == "4")
    frame.loc[lost, ["score", "n_invalid"]] = [np.nan, 2]
    found = row(win_rates(frame, seeds=SEEDS), "sft")
    assert (found["n"], found["n_invalid"]) == (48, 4)
    assert found["worst"] < found["best"]


def test_pass_rates_and_categories_have_groups():
    frame = scores({name: draw(i, (2, 20)) for i, name in enumerate(SEEDS["sft"])})
    twice = pd.concat([frame, frame.assign(sample_index=1)])
    assert set(pass_rates(twice, seeds=SEEDS)["system"]) == {"sft"}
    by_category = category_scores(frame, seeds=SEEDS)
    assert set(by_category["system"]) == {"sft"}
    assert set(by_category["group"]) == {"a", "b"}


def test_the_average_of_seeds_is_one_system():
    values = {name: draw(i, (2, 10)) for i, name in enumerate(("base", *SEEDS["sft"]))}
    frame = average_seeds(scores(values), SEEDS)
    assert set(frame["system"]) == {"base", "sft"}
    own = frame[(frame["system"] == "sft") & (frame["language"] == "deu_Latn")].set_index("item_id")["value"]
    assert own["3"] == pytest.approx(np.mean([values[name][0][3] for name in SEEDS["sft"]]))
    games = average_seeds(battles({name: values[name] for name in SEEDS["sft"]}), SEEDS)
    assert set(games["candidate"]) == {"sft"}
    assert set(games["n_games"]) == {6}
    assert list(games.columns) == list(battles({"a": np.zeros((2, 1))}).columns)


def test_the_average_of_seeds_leaves_other_tables_alone():
    frame = scores({"base": draw(0, (2, 5))})
    pd.testing.assert_frame_equal(average_seeds(frame, SEEDS), frame)


def test_series_of_groups():
    assert group_of_system(SEEDS)["sft-1"] == "sft"
    found = seed_series([("acc", "sft-0"), ("acc", "sft-2"), ("acc", "base"), ("f1", "sft-0")], SEEDS, 1)
    assert found == {("acc", "sft"): [("acc", "sft-0"), ("acc", "sft-2")]}


def test_a_metric_that_one_seed_alone_has_is_left_out():
    frame = scores({"sft-0": draw(0, (2, 10)), "base": draw(1, (2, 10))})
    assert set(mean_scores(frame, seeds=SEEDS)["system"]) == {"base"}


def test_intervals_of_wins_and_losses_cover_the_mean_of_all_seeds():
    generator = np.random.default_rng(11)
    hits, rounds = 0, 400
    for _ in range(rounds):
        rates = np.clip(0.3 + generator.normal(0, 0.03, 3), 0, 1)
        easy = generator.normal(0, 0.1, 60)
        chance = np.clip(rates[:, None] + easy[None, :], 0, 1)
        values = {name: draw_(generator, line) for name, line in zip(SEEDS["sft"], chance, strict=True)}
        found = row(mean_scores(scores(values, codes=("deu_Latn",)), seeds=SEEDS), "sft")
        hits += found["low"] <= 0.3 <= found["high"]
    assert hits / rounds > 0.93


def draw_(generator, chance):
    return (generator.random(chance.shape) < chance).astype(float)
