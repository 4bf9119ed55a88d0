"""Online rounds without a model: fresh prompts, pairs, and the watch for reward hacking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.harness.stages.pipeline.training_stages import OnlineStage, WatchSettings
from polyarena.harness.stages.rounds import best_against_worst, limit_per_language, split_prompts, unique_prompts
from polyarena.harness.stages.watch import SampleFacts, paired_gain, snapshot, warnings
from polyarena.tasks.errors import DataError
from polyarena.tasks.mixtures.records import TrainingRow


def rows(count):
    return [TrainingRow(str(at), "s", "eng_Latn", f"prompt {at}", "c", "MIT") for at in range(count)]


def stage(**changes):
    given = {
        "name": "online", "model": "dpo", "prompts": "mix", "arbiters": [{"judge": "rules"}],
        "prompts_per_round": 3, "held_out_prompts": 4, "rounds": 2,
    }  # fmt: skip
    return OnlineStage(**(given | changes))


@given(st.integers(0, 1000))
def test_every_round_has_fresh_prompts_also_over_several_stages(seed):
    held_out, (first, second) = split_prompts(rows(20), stage(), seed)
    again, (third,) = split_prompts(rows(20), stage(rounds=1, first_round=3), seed)
    assert held_out == again
    parts = [held_out, first, second, third]
    assert [len(part) for part in parts] == [4, 3, 3, 3]
    assert len({row.row_id for part in parts for row in part}) == 13


@given(st.integers(1, 1000), st.permutations(rows(20)))
def test_held_out_prompts_depend_neither_on_the_seed_nor_on_the_order_of_the_rows(seed, shuffled):
    held_out, _ = split_prompts(rows(20), stage(), 0)
    other, _ = split_prompts(shuffled, stage(), seed)
    assert other == held_out
    more, _ = split_prompts(rows(20), stage(held_out_prompts=6), seed)
    assert more[:4] == held_out


def test_prompts_of_a_round_depend_on_the_seed():
    drawn = {tuple(row.row_id for row in split_prompts(rows(20), stage(), seed)[1][0]) for seed in range(5)}
    assert len(drawn) > 1


def test_too_few_prompts_for_fresh_ones_are_refused():
    with pytest.raises(DataError, match="12 prompts are too few for 3 rounds") as refused:
        split_prompts(rows(12), stage(rounds=3), 0)
    assert "13 in all" in refused.value.why


def test_a_prompt_that_recurs_counts_once():
    assert unique_prompts([*rows(3), *rows(2)]) == rows(3)


@pytest.mark.parametrize(
    ("texts", "rewards", "gap", "expected"),
    [
        (["a", "b", "c"], [1.0, 3.0, 2.0], 0.0, ("b", "a")),
        (["a", "b"], [1.0, 1.0], 0.0, None),
        (["a", "b"], [1.0, 1.2], 0.5, None),
        (["a", "a"], [1.0, 2.0], 0.0, None),
        (["", "b"], [5.0, 1.0], 0.0, None),
        (["a", ""], [1.0, -1.0], 0.0, ("a", "")),
        (["", ""], [1.0, 0.0], 0.0, None),
    ],
)
def test_the_best_sample_is_paired_with_the_worst(texts, rewards, gap, expected):
    pairs = best_against_worst(rows(1), [texts], [rewards], gap, "round-1")
    assert [(pair.chosen, pair.rejected) for pair in pairs] == ([expected] if expected else [])


def test_a_limit_draws_from_all_rows_of_a_language():
    many = [
        TrainingRow(f"{source}:{code}:{at}", source, code, f"{source} {at}", "c", "MIT")
        for code in ("eng_Latn", "deu_Latn")
        for source in "ab"
        for at in range(50)
    ]
    chosen = limit_per_language(many, 20, 0)
    assert sorted(row.language for row in chosen) == ["deu_Latn"] * 20 + ["eng_Latn"] * 20
    assert {row.source for row in chosen} == {"a", "b"}
    assert limit_per_language(many[::-1], 20, 0) == chosen[::-1]
    assert limit_per_language(many, None, 0) == many


def facts(text="This is a plain English sentence about nothing.", tokens=10, reward=1.0, judge=0.0):
    return SampleFacts("eng_Latn", text, tokens, True, reward, judge)


def seen(*parts):
    return snapshot(parts, [each.reward for each in parts])


GERMAN = "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter von gestern."
LOOP = "again and again " * 30


@pytest.mark.parametrize(
    ("now", "sign"),
    [
        (facts(tokens=16), "1.6 times as long"),
        (facts(text=LOOP), "run in circles"),
        (facts(text=GERMAN), "in the expected language"),
        (facts(reward=2.0, judge=-0.5), "rules judge's score falls"),
    ],
)
def test_each_sign_of_reward_hacking_is_named(now, sign):
    found = warnings(seen(facts(), facts()), seen(now, now), WatchSettings())
    assert any(sign in sentence for sentence in found)


def test_nothing_is_said_where_nothing_moved():
    assert warnings(seen(facts(), facts()), seen(facts(), facts(reward=2.0)), WatchSettings()) == []


def test_a_snapshot_sums_up_completions():
    found = seen(facts(), facts(text="", tokens=0, reward=0.0, judge=-1.0))
    assert (found.reward, found.tokens, found.empty, found.judge) == (0.5, 5, 0.5, -0.5)
    assert found.on_target == 1.0


def test_gains_are_paired():
    gain, error = paired_gain([0.0, 10.0, 20.0], [1.0, 11.0, 21.0])
    assert (gain, error) == (1.0, 0.0)
    assert paired_gain([0.0], [2.0]) == (2.0, 0.0)
