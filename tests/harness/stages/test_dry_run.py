"""The dry run, the command, and the progress display."""

import io
import json
from pathlib import Path

import pytest
import yaml

from polyarena.harness.cli import main
from polyarena.harness.stages.folders import FileEntry, Manifest
from polyarena.harness.stages.pipeline.dry_run import SHAPE_UNKNOWN, dry_run
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import StageDone
from polyarena.harness.stages.progress import PlainTraining, training_listener
from polyarena.tasks.errors import DataError

SHAPE = {"parameters": 1e9, "layers": 20, "hidden": 2000, "vocabulary": 50000}


def pipeline(tmp_path, shape=SHAPE, hardware=None, **sft):
    return {
        "name": "p",
        "output": str(tmp_path / "out"),
        "hardware": hardware if hardware is not None else {"peak_tflops": 100, "utilization": 0.5, "memory_gib": 24},
        "stages": [
            {"name": "base", "type": "base", "pretrained": "owner/model", **({"shape": shape} if shape else {})},
            {"name": "pairs", "type": "pairs", "dataset": "o/d", "limit": 1000},
            {
                "name": "dpo",
                "type": "dpo",
                "model": "base",
                "data": "pairs",
                "batch_size": 10,
                "max_length": 200,
                **sft,
            },
        ],
    }


def planned(mapping):
    return {plan.status.stage.name: plan for plan in dry_run(load_pipeline(mapping))}


def test_steps_tokens_and_hours_follow_from_rows_and_settings(tmp_path):
    estimate = planned(pipeline(tmp_path))["dpo"].estimate
    assert (estimate.rows, estimate.steps) == (1000, 100)
    # 100 steps of 10 pairs of two texts of 100 tokens.
    assert estimate.tokens == 200_000
    # Forward and backward of the policy, forward of the reference; attention over 100 tokens.
    forward = 2 * 1e9 + 4 * 20 * 2000 * 100
    assert estimate.flop == pytest.approx(200_000 * forward * 4)
    hours = planned(pipeline(tmp_path))["dpo"].device_hours
    assert hours == pytest.approx(estimate.flop / (100e12 * 0.5) / 3600)


def test_adapters_checkpointing_and_steps_change_the_cost(tmp_path):
    full = planned(pipeline(tmp_path))["dpo"].estimate
    lora = planned(pipeline(tmp_path, lora={"rank": 8}))["dpo"].estimate
    recomputed = planned(pipeline(tmp_path, activation_checkpointing=True))["dpo"].estimate
    assert lora.memory_gib < full.memory_gib
    # Two passes in place of three for the policy, and one for the reference with or without adapters.
    assert lora.flop == pytest.approx(full.flop * 3 / 4)
    assert recomputed.memory_gib < full.memory_gib
    assert recomputed.flop == pytest.approx(full.flop * 5 / 4)
    assert planned(pipeline(tmp_path, steps=7))["dpo"].estimate.steps == 7


def test_what_does_not_fit_and_what_is_not_known_is_said(tmp_path, capsys):
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(pipeline(tmp_path)))
    assert main(["train", str(path), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "more memory than the 24 GiB of the device: dpo (" in shown
    assert "to do: 3 of 3 stages; device hours: about" in shown
    path.write_text(yaml.safe_dump(pipeline(tmp_path, shape=None, hardware={})))
    assert main(["train", str(path), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "give `shape` in the stage base" in shown
    assert "unknown: set `peak_tflops`" in shown


def test_several_processes_share_training_and_the_wall_time_says_so(tmp_path, capsys):
    hardware = {"device": "cuda", "peak_tflops": 100, "processes": 4}
    mapping = pipeline(tmp_path, hardware=hardware, lora={"rank": 8})
    mapping["stages"].append({**mapping["stages"][-1], "name": "later", "model": "dpo"})
    plans = planned(mapping)
    assert [plans[name].processes for name in ("base", "dpo")] == [1, 4]
    assert plans["dpo"].wall_hours == pytest.approx(plans["dpo"].device_hours / 4)
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(mapping))
    assert main(["train", str(path), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "the GPU time of all processes; wall time: about" in shown
    assert "4 processes share each sft, reward and dpo stage" in shown
    assert "Memory is that of each process" in shown
    # A note that holds for several stages is printed once, with their names.
    assert shown.count("half of max_length (dpo, later)") == 1
    assert main(["train", str(path), "--dry-run", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["wall_hours"] == pytest.approx(data["device_hours"] / 4)


def test_sampling_takes_its_own_share_of_the_peak(tmp_path):
    (tmp_path / "rows.jsonl").touch()
    source = {"name": "own", "path": str(tmp_path / "rows.jsonl")}
    mixture = {"name": "mix", "type": "mixture", "sources": [source], "budget": 500}
    stage = {"name": "online", "type": "online", "model": "base", "prompts": "mix", "arbiters": [{"judge": "rules"}]}

    def online(share):
        mapping = pipeline(tmp_path, hardware={"peak_tflops": 100, "generation_utilization": share})
        return planned({**mapping, "stages": [mapping["stages"][0], mixture, stage]})["online"]

    slow, fast = online(0.01), online(0.1)
    assert slow.estimate == fast.estimate
    sampled = slow.estimate.sampling_flop / 100e12 / 3600
    assert slow.device_hours - fast.device_hours == pytest.approx(sampled * (100 - 10))


def online_stage(**changes):
    own = {"rounds": 1, "prompts_per_round": 30, "held_out_prompts": 10, "samples": 4, "steps": 3, "batch_size": 2}
    return {"name": "online", "type": "online", "model": "base", "prompts": "pairs-of-rows", **own, **changes}


def with_prompts(tmp_path, *stages):
    (tmp_path / "rows.jsonl").touch()
    source = {"name": "own", "path": str(tmp_path / "rows.jsonl")}
    mixture = {"name": "pairs-of-rows", "type": "mixture", "sources": [source], "budget": 50}
    mapping = pipeline(tmp_path)
    return {**mapping, "stages": [*mapping["stages"][:2], mixture, *stages]}


@pytest.mark.parametrize(("bf16", "width"), [(True, 2), (False, 4)])
def test_scoring_by_a_reward_model_takes_a_pass_and_its_weights(tmp_path, bf16, width):
    reward = {"name": "rm", "type": "reward", "model": "base", "data": "pairs"}
    rules, learned = [{"judge": "rules"}], [{"judge": "rules"}, {"judge": "reward", "stage": "rm", "bf16": bf16}]
    sampling = {"max_tokens": 25}
    teachers = [{"name": "people", "people": True}, {"name": "own", "stage": "base", "sampling": sampling}]

    def estimates(arbiters):
        pool = {"name": "pool", "type": "pool", "prompts": "pairs-of-rows", "teachers": teachers, "arbiters": arbiters}
        online = online_stage(arbiters=arbiters, sampling=sampling, lora={})
        plans = planned(with_prompts(tmp_path, reward, pool, online))
        return plans["pool"].estimate, plans["online"].estimate

    (pool, online), (scored_pool, scored_online) = estimates(rules), estimates(learned)
    # 50 prompts of two teachers, the longest completions (256 tokens, those of people) and as long prompts.
    assert scored_pool.flop - pool.flop == pytest.approx(2e9 * 50 * 2 * 512)
    # 30 prompts of the round, and 10 held out before and after it, four samples each.
    assert scored_online.flop - online.flop == pytest.approx(2e9 * (30 + 2 * 10) * 4 * 50)
    assert pool.memory_gib == pytest.approx(2e9 / 1024**3)
    assert scored_pool.memory_gib == pytest.approx(width * 1e9 / 1024**3)


def test_a_reward_model_of_unknown_size_is_said(tmp_path):
    arbiters = [{"judge": "reward", "model": "owner/reward"}]
    estimate = planned(with_prompts(tmp_path, online_stage(arbiters=arbiters)))["online"].estimate
    assert "the size of a reward model is not known, and scoring with it is left out" in estimate.assumptions


def test_the_controls_train_on_every_sample_and_pairs_on_two(tmp_path):
    def estimate(**changes):
        stage = online_stage(arbiters=[{"judge": "rules"}], sampling={"max_tokens": 10}, **changes)
        return planned(with_prompts(tmp_path, stage))["online"].estimate

    sampled = (30 + 2 * 10) * 4 * 10
    # Three steps of two prompts, each with a pair of texts, or with all samples, of 512 tokens.
    assert estimate().tokens - sampled == 3 * 2 * 2 * 512
    assert estimate(algorithm="rloo").tokens - sampled == 3 * 2 * 4 * 512


def test_a_second_model_is_in_memory_where_the_reference_is_another_one(tmp_path):
    def memory(**changes):
        return planned(pipeline(tmp_path, lora={}, **changes))["dpo"].estimate.memory_gib

    assert memory(reference="base") == memory()
    mapping = pipeline(tmp_path, lora={})
    mapping["stages"].append({**mapping["stages"][-1], "name": "later", "model": "dpo", "reference": "base"})
    assert planned(mapping)["later"].estimate.memory_gib - memory() == pytest.approx(4e9 / 1024**3)


def test_a_merge_reads_one_tensor_of_each_checkpoint(tmp_path):
    tensor = 4 * 50000 * 2000 / 1024**3

    def memory(**merge):
        mapping = pipeline(tmp_path)
        mapping["stages"].append({"name": "m", "type": "merge", "models": ["base", "dpo"], **merge})
        return planned(mapping)["m"].estimate.memory_gib / tensor

    assert memory() == pytest.approx(2 + 1.1)
    assert memory(method="ties", base="base") == pytest.approx(3 + 7 + 2 * 0.25)
    search = {"measure_on": "pairs-of-rows"}
    mapping = with_prompts(tmp_path, pipeline(tmp_path)["stages"][2])
    mapping["stages"].append({"name": "m", "type": "merge", "models": ["base", "dpo"], "search": search})
    assert planned(mapping)["m"].estimate.memory_gib == pytest.approx(4e9 / 1024**3)


def test_a_cluster_has_its_share_of_the_languages(tmp_path):
    (tmp_path / "rows.jsonl").touch()
    source = {"name": "own", "path": str(tmp_path / "rows.jsonl")}
    mixture = {"name": "mix", "type": "mixture", "sources": [source], "budget": 400, "languages": "eng, deu, swh, yor"}
    sft = {"name": "sft", "type": "sft", "model": "base", "data": ["routed"], "batch_size": 10}
    pool = {
        "name": "pool", "type": "pool", "prompts": "mix", "arbiters": [{"judge": "rules"}],
        "teachers": [{"name": "people", "people": True}, {"name": "stored", "model": "completions"}],
    }  # fmt: skip
    routed = {"name": "routed", "type": "arbitrage", "pool": "pool"}

    def plans(**changes):
        base = pipeline(tmp_path)["stages"][0]
        stages = [base, {**mixture, **changes}, pool, routed, {**sft, "languages": "eng, swh, fra"}]
        return planned({**pipeline(tmp_path), "stages": stages})

    named = plans()
    assert (named["sft"].estimate.rows, named["sft"].estimate.steps) == (200, 20)
    assert "every language has equally many rows" in named["sft"].estimate.assumptions
    assert plans(languages=None)["sft"].estimate.rows == 400
    # Nobody of this pool is a model of the pipeline: it takes nothing here, and nothing is unknown.
    assert (named["pool"].estimate.rows, named["pool"].estimate.tokens, named["pool"].estimate.assumptions) == (
        400,
        0,
        (),
    )


def test_a_dry_run_writes_nothing_and_prints_json(tmp_path, capsys):
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(pipeline(tmp_path)))
    assert main(["train", str(path), "--dry-run", "--json", "--until", "pairs"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [stage["stage"] for stage in data["stages"]] == ["pairs"]
    assert data["stages"][0]["finished"] is False
    assert not (tmp_path / "out").exists()
    assert main(["train", str(path), "--dry-run", "--until", "dp"]) == 2
    assert "did you mean 'dpo'" in capsys.readouterr().err


def test_the_size_of_a_model_is_read_from_its_config(tmp_path):
    config = {
        "hidden_size": 576, "num_hidden_layers": 30, "vocab_size": 49152, "intermediate_size": 1536,
        "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
    }  # fmt: skip
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    mapping = pipeline(tmp_path, shape=None)
    mapping["stages"][0]["pretrained"] = str(tmp_path / "model")
    exact = pipeline(tmp_path, shape={"parameters": 134515008, "layers": 30, "hidden": 576, "vocabulary": 49152})
    assert planned(mapping)["dpo"].estimate.flop == pytest.approx(planned(exact)["dpo"].estimate.flop, rel=0.01)


@pytest.mark.parametrize(
    "name",
    [
        "stages-mini",
        "stages-expanse-8b",
        "stages-regions",
        "stages-safety",
        "stages-safety-mini",
        "stages-ablations",
    ],
)
def test_the_dry_run_of_the_examples_needs_no_model(repository, name, monkeypatch, tmp_path):
    monkeypatch.setenv("POLYARENA_DATA", str(tmp_path))
    loaded = load_pipeline(Path(repository) / "examples" / f"{name}.yaml")
    monkeypatch.setattr("polyarena.harness.stages.pipeline.keys.locate", lambda *_: None)
    monkeypatch.setattr("polyarena.harness.stages.pipeline.dry_run.locate", lambda *_: None)
    plans = dry_run(loaded)
    assert sum(plan.device_hours or 0 for plan in plans) > 0
    assert all(plan.fits is not False for plan in plans)


def done(seconds, *warnings):
    manifest = Manifest(
        stage="sft", type="sft", key="k", recipe="r", settings={}, data={}, environment={}, inputs={}, content="c",
        files={"a": FileEntry(size=1, sha256="s")},
    )  # fmt: skip
    return StageDone("sft", Path("out/sft/k"), manifest, seconds, warnings)


def test_plain_progress_writes_a_line_now_and_then():
    now, stream = [0.0], io.StringIO()
    display = PlainTraining(stream, now=lambda: now[0])
    display.invalidated(["sft: seed 0 -> 1"])
    display.started("sft", 2, 3)
    display.report("training", 1, 9, {"loss": 0.5})
    now[0] = 11.0
    display.report("training", 2, 9, {"loss": 0.25, "epoch": 0.1})
    display.done(done(61, "The licence is odd."))
    display.done(done(None))
    assert stream.getvalue().splitlines() == [
        "changed: sft: seed 0 -> 1",
        "sft (2 of 3): training, 2/9 loss 0.25",
        "sft: finished in 1:01, out/sft/k",
        "warning: The licence is odd.",
        "sft: finished before, out/sft/k",
    ]


def test_quiet_progress_shows_nothing(capsys):
    with training_listener(quiet=True) as listener:
        listener.started("sft", 1, 1)
        listener.report("training", 1, 2, {})
        listener.done(done(1))
        listener.invalidated(["x"])
    assert capsys.readouterr() == ("", "")


def test_a_pool_is_counted_by_its_limit_and_languages(tmp_path):
    sampling = {"max_tokens": 10}
    mapping = pipeline(tmp_path, shape={"parameters": 1e6, "layers": 2, "hidden": 8, "vocabulary": 100})
    mapping["stages"] += [
        {"name": "asked", "type": "mixture", "languages": "eng, deu", "sources": [{"name": "own", "dataset": "o/d"}]},
        {
            "name": "limited", "type": "pool", "prompts": "asked", "limit": 3, "arbiters": [{"judge": "rules"}],
            "teachers": [
                {"name": "people", "people": True},
                {"name": "short", "stage": "base", "sampling": sampling},
                {"name": "long", "stage": "base", "sampling": {"max_tokens": 20}},
            ],
        },
    ]  # fmt: skip
    estimate = planned(mapping)["limited"].estimate
    assert (estimate.rows, estimate.tokens) == (6, 6 * (10 + 20))
    assert set(estimate.assumptions) == {
        "every completion reaches max_tokens", "every language has as many prompts as `limit`"
    }  # fmt: skip
    del mapping["stages"][-1]["limit"]
    estimate = planned(mapping)["limited"].estimate
    assert (estimate.rows, estimate.tokens) == (None, 0)
    assert estimate.assumptions == ("the number of rows is known once the data stages have run",)


def test_hours_that_are_not_known_are_said_to_be_missing_from_the_sum(tmp_path, capsys):
    mapping = pipeline(tmp_path)
    del mapping["stages"][1]["limit"]
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump(mapping))
    assert main(["train", str(path), "--dry-run"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "not counted: the number of rows is known once the data stages have run (dpo)" in shown
    assert shown.endswith("which is also the wall time; not counted: dpo")


def test_a_config_that_is_not_json_is_named(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{broken")
    mapping = pipeline(tmp_path, shape=None)
    mapping["stages"][0]["pretrained"] = str(tmp_path / "model")
    with pytest.raises(DataError, match="not JSON") as error:
        planned(mapping)
    assert error.value.where.endswith("config.json")


def test_a_gguf_file_that_is_missing_is_named_with_those_that_are_there(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.Q4.gguf").touch()
    mapping = pipeline(tmp_path)
    mapping["stages"][0] |= {"pretrained": str(tmp_path / "model"), "gguf_file": "weights.gguf"}
    with pytest.raises(DataError, match=r"no GGUF file 'weights\.gguf'") as error:
        planned(mapping)
    assert error.value.fix == "use one of: weights.Q4.gguf"


def test_rows_steps_and_tokens_need_no_size_of_the_model(tmp_path):
    known = planned(pipeline(tmp_path))["dpo"].estimate
    found = planned(pipeline(tmp_path, shape=None))["dpo"]
    assert (found.estimate.rows, found.estimate.steps, found.estimate.tokens) == (1000, 100, known.tokens)
    assert (found.estimate.memory_gib, found.estimate.flop, found.device_hours, found.fits) == (0.0, 0.0, 0.0, None)
    assert set(found.estimate.assumptions) == {SHAPE_UNKNOWN, *known.assumptions}
