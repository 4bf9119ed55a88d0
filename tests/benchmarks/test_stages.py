"""The benchmark of training stages builds pipelines that load, and prints what the stages measured."""

import importlib.util
import json

import pytest

from polyarena.harness.stages.folders import Manifest
from polyarena.harness.stages.pipeline.runner import StageDone

RESULTS = {
    "held_out": {"eng_Latn": {"rows": 4, "before": 3.0, "after": 2.0}},
    "held_out_pairs": 5,
    "held_out_margin": {"before": {"mean": 0.0}, "after": {"mean": 0.5}},
    "chosen_is_longer": 0.75,
    "first_policy": {"reward": 1.0, "tokens": 9.0, "on_target": 0.5, "judge": -0.25},
    "rounds": [
        {
            "reward": 1.5,
            "gain": 0.5,
            "gain_error": 0.1,
            "tokens": 10.0,
            "on_target": None,
            "judge": -0.2,
            "warnings": [],
        }
    ],
}
PROMPTS = (
    {"row_id": "1", "language": "eng_Latn", "rewards": [1.0, 1.3], "judge": [-0.5, -0.5]},
    {"row_id": "2", "language": "fra_Latn", "rewards": [1.0, 1.7], "judge": [0.0, 0.1]},
)


@pytest.fixture
def stages(repository, monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("stages_benchmark", repository / "benchmarks" / "stages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    asked = []

    def train(pipeline, *, until, listener):
        del listener
        asked.append((pipeline, until))
        folder = tmp_path / f"{until}-{len(asked)}"
        folder.mkdir()
        (folder / "results.json").write_text(json.dumps(RESULTS))
        (folder / "held_out_scores.jsonl").write_text("".join(json.dumps(each) + "\n" for each in PROMPTS))
        manifest = Manifest(
            stage=until, type="sft", key="k", recipe="r", settings={}, data={}, environment={}, inputs={}, content="c",
            files={},
        )  # fmt: skip
        return [StageDone(until, folder, manifest, 1.0)]

    monkeypatch.setattr(module, "train", train)
    module.asked = asked
    return module


@pytest.mark.parametrize(
    ("part", "until", "shown"),
    [
        ("sft", "sft-romance", "| eng_Latn | 4 | 3.000 (sd 0.000) | 2.000 (sd 0.000) |"),
        ("dpo", "dpo-trained", "before 0.000 (sd 0.000), after 0.500 (sd 0.000); the chosen is longer in 75%"),
        ("online", "online-1-trained", "| 1 | 1 | 1.500 | +0.500 | 0.100 | 10.0 |  | -0.200 | 0 |"),
        ("online", "online-1-trained", "| 1 | +0.500 ["),
    ],
)
def test_a_part_trains_each_seed_and_prints_what_was_measured(stages, tmp_path, capsys, part, until, shown):
    stages.PARTS[part](stages.Bench(tmp_path / "out", 0.1), range(2))
    assert shown in capsys.readouterr().out
    seeds = []
    for pipeline, name in stages.asked:
        assert name == until
        stage = next(each for each in pipeline.stages if each.name == until)
        seeds.append(stage.seed)
        assert stage.steps < 10
    assert seeds == [0, 1]


def test_students_of_two_routers_are_compared(stages, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(stages, "_rules_win_rate", lambda *_: 0.6)
    stages.routing(stages.Bench(tmp_path / "out", 1.0), range(1))
    assert "win rate by rules 0.600" in capsys.readouterr().out
    data = [next(each for each in pipeline.stages if each.name == "student").data for pipeline, _ in stages.asked]
    assert data == [("routed",), ("by-chance",)]


def test_the_interval_of_a_gain_counts_seeds_and_prompts(stages):
    before = [[0.0, 0.0, 0.0, 0.0]]
    # One seed: Student's interval of four paired differences, 3.182 standard errors of 0.6455 on either side.
    assert stages.gain([[1.0, 2.0, 3.0, 4.0]], before) == "+2.500 [+0.446, +4.554]"
    # Seeds that agree leave the interval of the prompts; seeds that differ widen it.
    same = stages.gain([[1.0, 2.0, 3.0, 4.0]] * 2, before * 2)
    apart = stages.gain([[1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]], before * 2)
    assert same == "+2.500 [+0.446, +4.554]"
    low, high = (float(end) for end in apart.split("[")[1].rstrip("]").split(", "))
    assert apart.startswith("+3.500")
    assert high - low > 4.2
