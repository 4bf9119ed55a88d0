"""Safety distillation, translated pairs, checkpoints within a run, weight searches, and the controls of online DPO."""

import json

import pytest

from polyarena.harness.stages.files import read_pairs, read_rows
from polyarena.harness.stages.outputs import stage_output
from polyarena.harness.stages.pipeline.dry_run import dry_run
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import Silence, train
from polyarena.tasks.errors import DataError, ExperimentError

from .conftest import TRAINING

pytestmark = pytest.mark.training
SAMPLING = {"max_tokens": 40, "temperature": 1.0, "batch_size": 16}
TEACHER = {"name": "tiny", "stage": "base", "sampling": SAMPLING, "licence": "MIT"}


def with_stages(mapping, *stages):
    return {**mapping, "stages": [*mapping["stages"], *stages]}


def trained(mapping, **options):
    done = {each.name: each for each in train(load_pipeline(mapping), **options)}
    return done, {name: _results(each.folder) for name, each in done.items()}


def _results(folder):
    path = folder / "results.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def safety(**changes):
    return {"name": "safe", "type": "safety", "prompts": "mix", "rows": "mix", "teacher": TEACHER, **changes}


def test_refusals_enter_the_rows_at_the_stated_weight_without_the_preamble(pipeline_data):
    mapping = with_stages(
        pipeline_data("base", "mix"), safety(weight=10, held_out=2, preambles={"deu": "Nein?"}),
        {"name": "sft", "type": "sft", "model": "base", "data": ["safe"], "steps": 2, **TRAINING},
    )  # fmt: skip
    done, results = trained(mapping)
    rows = read_rows(done["safe"].folder)
    refusals = [row for row in rows if row.source == "safe"]
    found = results["safe"]
    assert found["rows"] == len(rows) == len(read_rows(done["mix"].folder)) + len(refusals)
    assert found["refusals"] == len(refusals)
    assert found["weight"] == pytest.approx(10, abs=1)
    prompts = {row.prompt for row in read_rows(done["mix"].folder)}
    assert {row.prompt for row in refusals} <= prompts
    assert len(read_rows(done["safe"].folder, "held_out.jsonl")) == 6
    assert len({row.row_id for row in rows}) == len(rows)
    assert all(row.licence == "MIT" for row in refusals)
    assert found["refusals_by_language"]
    # Trained on, as any other rows.
    assert results["sft"]["rows"] == len(rows)


def test_too_few_refusals_for_the_weight_are_refused(pipeline_data):
    mapping = with_stages(pipeline_data("base", "mix"), safety(weight=95, max_repeats=1))
    with pytest.raises(DataError, match="too few for 95% of the rows"):
        train(load_pipeline(mapping))


def test_translated_pairs_reject_translations_of_the_weaker_answer(pipeline_data, monkeypatch):
    mapping = with_stages(
        pipeline_data("base", "mix"),
        {"name": "translated", "type": "translated_pairs", "prompts": "mix", "limit": 4,
         "strong": TEACHER, "weaker": {**TEACHER, "name": "weak", "system_prompt": "Answer in English."},
         "translator": {**TEACHER, "name": "translator"}},
    )  # fmt: skip
    monkeypatch.setattr("polyarena.harness.stages.preferences.identify", lambda text: None)
    monkeypatch.setattr("polyarena.harness.stages.preferences.agreement", lambda found, code: None)
    done, results = trained(mapping)
    pairs = read_pairs(done["translated"].folder)
    assert results["translated"]["pairs"] == len(pairs) > 0
    assert results["translated"]["left_out"]["English"] == 4
    assert {pair.language for pair in pairs} <= {"deu_Latn", "swh_Latn"}
    assert all(pair.chosen != pair.rejected and pair.chosen_reward is None for pair in pairs)


@pytest.mark.parametrize("lora", [None, {}], ids=["full", "lora"])
def test_checkpoints_within_a_run_are_whole_models_and_can_be_merged(pipeline_data, lora):
    from transformers import AutoModelForCausalLM

    mapping = with_stages(
        pipeline_data("base", "mix", "sft", sft={"keep_steps": [2, 4, 6], "lora": lora}),
        {"name": "average", "type": "merge", "steps_of": "sft"},
        {"name": "late", "type": "merge", "steps_of": "sft", "weights": {
            "checkpoint-2": 0, "checkpoint-4": 0, "checkpoint-6": 1}},
    )  # fmt: skip
    done, _ = trained(mapping)

    def weights(folder):
        return AutoModelForCausalLM.from_pretrained(folder).state_dict()

    kept = [weights(done["sft"].folder / "steps" / f"checkpoint-{step}") for step in (2, 4, 6)]
    last, average, late = (weights(done[name].folder) for name in ("sft", "average", "late"))
    for name, tensor in average.items():
        assert (tensor - sum(each[name] for each in kept) / 3).abs().max() < 1e-6
        assert (kept[2][name] - last[name]).abs().max() < 1e-6
        assert (late[name] - last[name]).abs().max() < 1e-6
    assert any((kept[0][name] - kept[2][name]).abs().max() > 1e-6 for name in last)
    texts = "".join(path.read_text() for path in done["sft"].folder.rglob("*.json"))
    assert str(done["sft"].folder.parent) not in texts


class StopAt(Silence):
    def __init__(self, count):
        self.left = count

    def report(self, activity, done, total, numbers):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_an_interrupted_run_keeps_the_same_steps(pipeline_data):
    mapping = pipeline_data("base", "mix", "sft", sft={"keep_steps": [2, 4], "save_steps": 1, "lora": {}})
    whole, _ = trained(mapping)
    other = {**mapping, "output": mapping["output"] + "-killed"}
    for stop in (3, 3, 2):
        with pytest.raises(KeyboardInterrupt):
            train(load_pipeline(other), listener=StopAt(stop))
    again, _ = trained(other)
    assert again["sft"].manifest.content == whole["sft"].manifest.content


@pytest.mark.parametrize("by", ["average", "lowest"])
def test_a_search_finds_the_weights_with_the_lowest_loss_on_held_out_rows(pipeline_data, by):
    mapping = with_stages(
        pipeline_data("base", "mix", "sft"),
        {"name": "found", "type": "merge", "models": ["base", "sft"],
         "search": {"measure_on": "mix", "parts": 2, "by": by, "max_length": 96}},
    )  # fmt: skip
    done, results = trained(mapping)
    found = results["found"]
    assert sorted(trial["weight:sft"] for trial in found["trials"]) == [0.0, 0.5, 1.0]
    # The tuned model is better than the base on rows of its own kind.
    assert found["weights"]["sft"] == 1.0
    assert (done["found"].folder / "model.safetensors").is_file()
    assert not (done["found"].folder / "trials").exists()
    best = max(found["trials"], key=lambda trial: trial[by])
    assert best["weight:sft"] == found["weights"]["sft"]


@pytest.mark.parametrize("algorithm", ["rloo", "grpo"])
def test_the_controls_train_on_rewards(pipeline_data, algorithm):
    mapping = pipeline_data(
        "base", "mix", "pairs", "rm", "online",
        online={"model": "base", "algorithm": algorithm, "rounds": 1, "batch_size": 2, "steps": 2, "lora": {}},
    )  # fmt: skip
    done, results = trained(mapping)
    (only,) = results["online"]["rounds"]
    assert only["algorithm"] == algorithm
    assert only["prompts"] == 8
    assert isinstance(only["first_reward"], float)
    assert {"gain", "gain_error", "tokens", "judge"} <= set(only)
    assert (done["online"].folder / "model.safetensors").is_file()
    again = {each.name: each for each in train(load_pipeline({**mapping, "output": mapping["output"] + "-again"}))}
    assert again["online"].manifest.content == done["online"].manifest.content


def test_an_endpoint_is_a_teacher_with_cache_journal_and_budget(pipeline_data, scripted_server, tmp_path):
    scripted_server.script = lambda received: scripted_server.ok(f"it answers {received.question}")
    args = {"base_url": scripted_server.base_url, "model": "m", "prices": {"input": 1, "output": 1, "currency": "USD"}}
    paid = {"name": "paid", "model": "endpoint", "args": args, "sampling": SAMPLING, "licence": "MIT"}
    mapping = pipeline_data("base", "mix", "pool", pool={"teachers": [{"name": "people", "people": True}, paid]})
    mapping |= {"budget": 1, "cache": str(tmp_path / "calls.sqlite")}
    done, results = trained(mapping)
    asked = len(scripted_server.log)
    assert results["pool"]["teachers"][1]["completions"] == asked == 12
    assert (tmp_path / "out" / "attempts.jsonl").is_file()
    # Another pipeline with the same cache pays for nothing again.
    trained({**mapping, "output": str(tmp_path / "other")})
    assert len(scripted_server.log) == asked
    with pytest.raises(Exception, match="budget of the pipeline"):
        trained({**mapping, "output": str(tmp_path / "third"), "cache": str(tmp_path / "new"), "budget": 1e-9})
    assert len(scripted_server.log) == asked
    assert done["pool"].manifest is not None


def test_a_budget_needs_prices(pipeline_data):
    paid = {"name": "paid", "model": "endpoint", "args": {"base_url": "http://localhost:1/v1", "model": "m"}}
    mapping = pipeline_data("base", "mix", "pool", pool={"teachers": [{"name": "people", "people": True}, paid]})
    load_pipeline(mapping)
    with pytest.raises(ExperimentError, match="'paid' has none"):
        load_pipeline({**mapping, "budget": 1})


def test_a_dry_run_knows_the_new_stages(pipeline_data):
    mapping = with_stages(
        pipeline_data("base", "mix", "sft", sft={"keep_steps": [2, 4]}, mix={"budget": 30}), safety(weight=50),
        {"name": "average", "type": "merge", "steps_of": "sft"},
    )  # fmt: skip
    plans = {plan.status.stage.name: plan for plan in dry_run(load_pipeline(mapping))}
    assert plans["average"].status.stage.inputs == ("sft",)
    assert plans["safe"].estimate is not None


def test_the_output_of_a_merge_within_a_run_is_a_system(pipeline_data, tmp_path):
    import yaml

    mapping = with_stages(
        pipeline_data("base", "mix", "sft", sft={"keep_steps": [2, 4]}),
        {"name": "average", "type": "merge", "steps_of": "sft"},
    )  # fmt: skip
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump(mapping))
    train(load_pipeline(path))
    assert stage_output(path, "average", "here").label == "tiny/average"


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ({"type": "merge", "models": ["base"]}, "a merge needs two checkpoints"),
        ({"type": "merge", "steps_of": "sft"}, "keeps 0 checkpoints"),
        ({"type": "merge", "models": ["base", "sft"], "steps_of": "sft"}, "exclude each other"),
        ({"type": "merge", "models": ["base", "sft"], "weights": {"base": 1, "sft": 1},
          "search": {"measure_on": "mix"}}, "exclude each other"),
        ({"type": "merge", "models": ["base", "sft"], "search": {"measure_on": "sft"}}, "'search'"),
        (safety(teacher={"name": "p", "people": True}), "cannot be people"),
        (safety(teacher={"name": "p"}), "needs one of stage, model and people"),
        (safety(prompts="base"), "'prompts'"),
    ],
)  # fmt: skip
def test_stages_that_cannot_work_are_refused(pipeline_data, stage, said):
    mapping = with_stages(pipeline_data("base", "mix", "sft"), {"name": "new", **stage})
    with pytest.raises(ExperimentError, match=said):
        load_pipeline(mapping)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("sft", {"keep_steps": [2, 9]}, "`keep_steps` must rise"),
        ("sft", {"keep_steps": [4, 2]}, "`keep_steps` must rise"),
        ("rm", {"keep_steps": [2]}, "keeps no checkpoints"),
        ("online", {"algorithm": "rloo"}, "takes one round"),
        ("online", {"algorithm": "grpo", "rounds": 1, "reference": "base"}, "takes one round"),
        ("online", {"algorithm": "ppo"}, "algorithm"),
    ],
)
def test_settings_that_mean_nothing_are_refused(pipeline_data, name, changes, said):
    mapping = pipeline_data("base", "mix", "pairs", "sft", "dpo", "rm", "online", **{name: changes})
    with pytest.raises(ExperimentError, match=said):
        load_pipeline(mapping)
