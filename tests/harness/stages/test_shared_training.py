"""Training that several processes share, on the processor with gloo: what it gives, a kill, and what goes wrong."""

import importlib
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from polyarena.harness.cli import main
from polyarena.harness.stages.folders import NOTES
from polyarena.harness.stages.pipeline.dry_run import dry_run
from polyarena.harness.stages.pipeline.keys import stage_keys
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import Silence, train
from polyarena.tasks.errors import ExperimentError, ModelError

pytestmark = pytest.mark.training


def shared(mapping, processes=2, output=None):
    hardware = {**mapping["hardware"], "processes": processes}
    return {**mapping, "hardware": hardware, **({"output": str(output)} if output else {})}


def results(done, name):
    return json.loads((next(each for each in done if each.name == name).folder / "results.json").read_text())


def weights(done, name):
    load_file = importlib.import_module("safetensors.torch").load_file
    return load_file(next(each for each in done if each.name == name).folder / "model.safetensors")


def contents(folder):
    """The digests of everything that a pipeline's finished stages hold, by stage."""
    found = {}
    for path in sorted(folder.glob("*/*/stage.json")):
        files = json.loads(path.read_text())["files"]
        found[path.parent.parent.name] = {
            name: each["sha256"] for name, each in files.items() if name.split("/")[-1] not in NOTES
        }
    return found


class Steps(Silence):
    def __init__(self):
        self.seen = []

    def report(self, activity, done, total, numbers):
        self.seen.append((activity, done, numbers))


@pytest.mark.slow
def test_two_processes_train_as_one_with_twice_the_batch(pipeline_data, tmp_path):
    names = ("base", "mix", "pairs", "sft", "dpo", "rm")
    # 18 pairs are trained on: two whole batches of 8. Adapters of a reward model include its output layer.
    few = {"dpo": {"steps": 2, "lora": {}}, "rm": {"steps": 2, "lora": {}}}
    steps = Steps()
    two = train(load_pipeline(shared(pipeline_data(*names, **few), output=tmp_path / "two")), listener=steps)
    assert [done for activity, done, _ in steps.seen if activity == "training"] == [*range(1, 7), 1, 2, 1, 2]
    twice = {name: {**few.get(name, {}), "batch_size": 8} for name in ("sft", "dpo", "rm")}
    one = train(load_pipeline({**pipeline_data(*names, **twice), "output": str(tmp_path / "one")}))
    for name, start in (("sft", "base"), ("dpo", "sft"), ("rm", "base")):
        both = results(two, name), results(one, name)
        for key in ("first_loss", "last_loss"):
            assert both[0][key] == pytest.approx(both[1][key], abs=2e-3), name
        shares, whole, before = weights(two, name), weights(one, name), weights(one, start)
        assert shares.keys() == whole.keys()
        apart = sum(float((shares[key] - whole[key]).square().sum()) for key in whole)
        moved = sum(float((whole[key] - before[key]).square().sum()) for key in whole if key in before)
        assert apart < 0.04 * moved, name
    assert results(two, "sft")["held_out"].keys() == results(one, "sft")["held_out"].keys()
    for each in two:
        assert not list(each.folder.rglob("trained"))
        assert each.manifest.environment.get("processes") == ("2" if each.name in ("sft", "dpo", "rm") else None)


@pytest.mark.slow
def test_a_killed_training_of_two_processes_continues_to_the_same_bytes(pipeline_data, tmp_path):
    mapping = pipeline_data("base", "mix", "sft", sft={"steps": 40})
    train(load_pipeline(shared(mapping, output=tmp_path / "whole")))
    folder = tmp_path / "killed"
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump(shared(mapping, output=folder)))
    command = [sys.executable, "-c", "import sys; from polyarena.harness.cli import main; sys.exit(main())"]
    process = subprocess.Popen([*command, "train", str(path), "--quiet"], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 3000
        while not list(folder.glob("sft/*.partial/trainer/checkpoint-*/complete.json")):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    _wait_for_processes_of(folder)
    # They were ended, and did not train to the end for nobody.
    assert list(folder.glob("sft/*.partial/trainer/checkpoint-*"))
    assert main(["train", str(path), "--quiet"]) == 0
    assert contents(folder) == contents(tmp_path / "whole")


def _wait_for_processes_of(folder):
    """Wait until no process holds the folder of a killed pipeline: its processes end by themselves."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        held = [path.name for path in Path("/proc").glob("[1-9]*") if _works_in(path.name, folder)]
        if not held:
            return
        time.sleep(0.1)
    raise AssertionError(f"still running: {held}")


def _works_in(pid, folder):
    with suppress(OSError):
        words = Path("/proc", pid, "cmdline").read_text().split("\0")
        for spec in [word for word in words if "polyarena-train-" in word]:
            return Path(json.loads(Path(spec, "stage.json").read_text())["folder"]).is_relative_to(folder)
    return False


@pytest.mark.slow
def test_what_a_process_refuses_is_what_the_pipeline_says(pipeline_data, tmp_path):
    mapping = shared(pipeline_data("base", "mix", "sft", sft={"diverged_above": 1e-6}))
    with pytest.raises(ModelError, match="training diverged at step 1") as raised:
        train(load_pipeline(mapping))
    assert raised.value.where == "sft"
    assert "lower `learning_rate`" in raised.value.fix


def test_a_launcher_is_refused(pipeline_data, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ExperimentError, match=r"`hardware: \{processes: ...\}`"):
        train(load_pipeline(pipeline_data("base")))


def test_sharding_without_several_gpus_is_refused(pipeline_data):
    with pytest.raises(ExperimentError, match="FSDP needs several GPUs"):
        train(load_pipeline(pipeline_data("base", "mix", "sft", sft={"trainer": {"fsdp": True}})))


def test_processes_change_the_key_of_what_they_share_only(pipeline_data):
    mapping = pipeline_data("base", "mix", "pairs", "sft", "rm", "dpo", "online")
    one, same, two = (stage_keys(load_pipeline(each)) for each in (mapping, shared(mapping, 1), shared(mapping)))
    assert {name: key.key for name, key in one.items()} == {name: key.key for name, key in same.items()}
    own = {name for name in one if one[name].environment != two[name].environment}
    assert own == {"sft", "rm", "dpo"}
    assert {name for name in one if one[name].key != two[name].key} == {"sft", "rm", "dpo", "online"}


def test_the_dry_run_counts_the_batches_of_all_processes(pipeline_data):
    mapping = pipeline_data("base", "mix", "sft", mix={"budget": 64}, sft={"steps": None})
    one, four = (
        {plan.status.stage.name: plan for plan in dry_run(load_pipeline(each))}
        for each in (mapping, shared(mapping, 4))
    )
    assert (one["sft"].estimate.steps, four["sft"].estimate.steps) == (16, 4)
    assert one["sft"].estimate.tokens == four["sft"].estimate.tokens
    assert one["sft"].estimate.memory_gib == four["sft"].estimate.memory_gib
    sharded = shared(pipeline_data("base", "mix", "sft", sft={"trainer": {"fsdp": True}}), 4)
    plans = {plan.status.stage.name: plan for plan in dry_run(load_pipeline(sharded))}
    assert plans["sft"].estimate.memory_gib < one["sft"].estimate.memory_gib
