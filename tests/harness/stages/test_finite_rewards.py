"""Rewards that are no finite numbers are refused, with the first completion that has one."""

import math

import pytest

from polyarena.harness.stages.finite_rewards import require_finite
from polyarena.harness.stages.pipeline.settings import ArbiterSettings
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.training import arbiters
from polyarena.tasks.errors import ModelError


def test_finite_rewards_pass():
    require_finite([0.0, -3.5, 1e300], lambda place: f"number {place}", where="here")
    require_finite([], lambda place: f"number {place}", where="here")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_others_are_counted_and_the_first_is_described(value):
    with pytest.raises(ModelError, match="2 of 3 rewards are no finite numbers") as caught:
        require_finite([0.0, value, value], lambda place: f"number {place}", where="here")
    assert caught.value.why == f"the first is {value} for number 1"
    assert (caught.value.where, "lower learning rate" in caught.value.fix) == ("here", True)


def test_a_checkpoint_that_has_diverged_is_named(monkeypatch):
    class Diverged:
        def __init__(self, settings):
            del settings

        def divided(self, asked):
            return [list(range(len(asked)))[::-1]]

        def __call__(self, asked):
            return [math.nan if text == "two" else 1.0 for _, text in asked]

    monkeypatch.setattr(arbiters, "RewardModel", Diverged)
    with pytest.raises(ModelError, match="1 of 2") as caught:
        arbiters.score_with_checkpoint("some/model", [("p", "one"), ("p", "two")], "cpu")
    assert (caught.value.where, "'two'" in caught.value.why) == ("some/model", True)


def test_a_sum_that_overflows_is_refused(monkeypatch):
    monkeypatch.setattr(arbiters, "rules_scores", lambda candidates: [1e308 for _ in candidates])
    many = [ArbiterSettings(judge="rules", weight=10.0)]
    with pytest.raises(ModelError, match="1 of 1") as caught:
        arbiters.reward([arbiters.Candidate("p", "text", "deu_Latn")], many, None, "the stage")
    assert caught.value.where == "the stage"


def test_a_reward_model_in_a_folder_is_looked_for_from_the_pipeline_file(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(arbiters, "score_with_checkpoint", lambda checkpoint, *_, **__: asked.append(checkpoint) or [])
    (tmp_path / "models" / "reward").mkdir(parents=True)
    context = StageContext(folder=tmp_path, inputs={}, base=tmp_path)
    for name in ("models/reward", "owner/name"):
        arbiters.reward([], [ArbiterSettings(judge="reward", model=name)], context, "the stage")
    assert asked == [str(tmp_path / "models" / "reward"), "owner/name"]
