"""Every stage that trains, on a tiny random model."""

import json

import pytest

from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import train

pytestmark = pytest.mark.training


def results(done, name):
    return json.loads((next(each for each in done if each.name == name).folder / "results.json").read_text())


def test_a_pipeline_trains_every_stage_and_does_nothing_the_second_time(pipeline_data, capsys):
    pipeline = load_pipeline(pipeline_data("base", "mix", "pairs", "sft", "dpo", "rm", "online", "pool"))
    first = train(pipeline)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    assert all(each.seconds is not None for each in first)
    second = train(pipeline)
    assert all(each.seconds is None for each in second)
    assert [each.manifest for each in first] == [each.manifest for each in second]
    sft = results(first, "sft")
    assert sft["last_loss"] < sft["first_loss"]
    assert set(sft["held_out"]) == {"eng_Latn", "deu_Latn", "swh_Latn"}
    assert all(each["after"] < each["before"] for each in sft["held_out"].values())
    assert results(first, "dpo")["first_loss"] == pytest.approx(0.6931, abs=1e-3)
    assert len(results(first, "online")["rounds"]) == 2
