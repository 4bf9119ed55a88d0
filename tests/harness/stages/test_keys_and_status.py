"""Keys and statuses: what counts as done, and why something no longer does."""

import pytest
import yaml

from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.models.registry import find_model_type
from polyarena.harness.stages.folders import final_folder, finish, partial_folder, set_current
from polyarena.harness.stages.outputs import stage_output
from polyarena.harness.stages.pipeline.keys import stage_keys
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.status import invalidated, stage_statuses
from polyarena.harness.stages.pipeline.training_stages import SftStage
from polyarena.tasks.errors import DataError, ExperimentError, ModelError, PolyarenaError, UnknownNameError

ENVIRONMENT = {"torch": "1"}


def data(tmp_path, **changes):
    (tmp_path / "rows.jsonl").write_text('{"inputs": "a", "targets": "b"}\n')
    return {
        "name": "p",
        "output": str(tmp_path / "out"),
        "stages": [
            {"name": "base", "type": "base", "pretrained": "owner/model"},
            {"name": "mix", "type": "mixture", "sources": [{"name": "own", "path": str(tmp_path / "rows.jsonl")}]},
            {"name": "sft", "type": "sft", "model": "base", "data": ["mix"], **changes},
            {"name": "dpo", "type": "merge", "models": ["base", "sft"]},
        ],
    }


def keys(mapping, environment=None):
    return {name: each.key for name, each in stage_keys(load_pipeline(mapping), environment or ENVIRONMENT).items()}


def changed(before, after):
    return [name for name in before if before[name] != after[name]]


def fake(pipeline, *names, content=b"w"):
    """Writes outputs as if the stages had run."""
    done = {}
    for name, key in stage_keys(pipeline).items():
        stage = next(each for each in pipeline.stages if each.name == name)
        if name not in names:
            continue
        partial = partial_folder(pipeline.folder / name, key.key)
        partial.mkdir(parents=True)
        (partial / "model.safetensors").write_bytes(content)
        (partial / "config.json").write_text("{}")
        facts = {
            "stage": name, "type": stage.type, "key": key.key, "recipe": key.recipe, "settings": dict(key.settings),
            "data": dict(key.data), "environment": dict(key.environment),
            "inputs": {other: done[other].content for other in stage.inputs},
        }  # fmt: skip
        done[name] = finish(partial, final_folder(pipeline.folder / name, key.key), facts)
    return done


def test_a_setting_changes_the_stage_and_those_that_read_it(tmp_path):
    before = keys(data(tmp_path))
    assert changed(before, keys(data(tmp_path))) == []
    assert changed(before, keys(data(tmp_path, learning_rate=1e-3))) == ["sft", "dpo"]
    assert changed(before, keys(data(tmp_path, save_steps=7, report_to=["wandb"]))) == []
    assert changed(before, keys(data(tmp_path) | {"seed": 1})) == list(before)


def test_data_and_libraries_change_keys(tmp_path):
    mapping = data(tmp_path)
    before = keys(mapping)
    assert changed(before, keys(mapping, {"torch": "2"})) == ["base", "sft", "dpo"]
    (tmp_path / "rows.jsonl").write_text('{"inputs": "a", "targets": "c"}\n')
    assert changed(before, keys(mapping)) == ["mix", "sft", "dpo"]
    (tmp_path / "rows.jsonl").unlink()
    (tmp_path / "rowz.jsonl").touch()
    with pytest.raises(DataError, match="cannot be read") as caught:
        keys(mapping)
    assert str(tmp_path / "rows.jsonl") in caught.value.why
    assert "rowz.jsonl" in caught.value.fix


def test_threads_and_device_are_part_of_the_environment(tmp_path):
    one = stage_keys(load_pipeline(data(tmp_path)))
    two = stage_keys(load_pipeline(data(tmp_path) | {"hardware": {"threads": 3}}))
    assert [name for name in one if one[name].key != two[name].key] == ["base", "sft", "dpo"]
    assert all(one[name].recipe == two[name].recipe for name in one)


def test_a_processor_with_bfloat16_makes_other_models_of_the_same_recipe(tmp_path, monkeypatch):
    pipeline = load_pipeline(data(tmp_path))
    made = []
    for native in (True, False):
        monkeypatch.setattr("polyarena.harness.stages.pipeline.keys.has_bfloat16", lambda device, native=native: native)
        made.append(stage_keys(pipeline))
    one, two = made
    assert [name for name in one if one[name].key != two[name].key] == ["base", "sft", "dpo"]
    assert all(one[name].recipe == two[name].recipe for name in one)


def test_finished_stages_are_found_and_changes_are_named(tmp_path):
    pipeline = load_pipeline(data(tmp_path))
    fake(pipeline, "base", "mix", "sft", "dpo")
    assert all(status.manifest for status in stage_statuses(pipeline))
    assert invalidated(stage_statuses(pipeline)) == []
    other = load_pipeline(data(tmp_path, learning_rate=1e-3, lora={"rank": 8}))
    statuses = stage_statuses(other)
    assert [status.stage.name for status in statuses if status.manifest] == ["base", "mix"]
    first, second = invalidated(statuses)
    assert first.startswith("sft: ")
    assert "learning_rate 1e-05 -> 0.001" in first
    assert second == "dpo: an input changed"
    assert [status.stage.name for status in stage_statuses(other, "mix")] == ["mix"]


def test_an_input_that_was_made_again_and_differs_invalidates_what_was_made_from_it(tmp_path):
    pipeline = load_pipeline(data(tmp_path))
    fake(pipeline, "base", "mix", "sft", "dpo")
    sft = stage_statuses(pipeline)[2]
    for path in sft.folder.iterdir():
        path.unlink()
    sft.folder.rmdir()
    assert invalidated(stage_statuses(pipeline)) == ["dpo: its input sft is made anew"]
    fake_again = partial_folder(pipeline.folder / "sft", sft.key.key)
    fake_again.mkdir()
    (fake_again / "model.safetensors").write_bytes(b"v")
    facts = sft.manifest.model_dump(exclude={"content", "files"})
    finish(fake_again, sft.folder, facts)
    assert invalidated(stage_statuses(pipeline)) == ["dpo: its input sft was rebuilt and differs"]


def test_other_libraries_are_named_among_the_changes(tmp_path, monkeypatch):
    pipeline = load_pipeline(data(tmp_path))
    fake(pipeline, "base", "mix", "sft", "dpo")
    other = load_pipeline(data(tmp_path) | {"hardware": {"threads": 5}})
    assert "made with threads 2 -> 5" in invalidated(stage_statuses(other))[0]


def test_another_version_of_a_stage_is_named_as_such(tmp_path, monkeypatch):
    pipeline = load_pipeline(data(tmp_path))
    fake(pipeline, "base", "mix", "sft", "dpo")
    monkeypatch.setattr(SftStage, "version", 99)
    assert invalidated(stage_statuses(pipeline))[0] == "sft: this version of polyarena makes it in another way"


def asking(tmp_path, teacher, arbiter):
    pool = {
        "name": "pool", "type": "pool", "prompts": "mix",
        "arbiters": [{"judge": "rules"}, {"judge": "reward", **arbiter}],
        "teachers": [{"name": "people", "people": True}, {"name": "other", **teacher}],
    }  # fmt: skip
    path = tmp_path / "asking.yaml"
    path.write_text(yaml.safe_dump({**data(tmp_path), "stages": [*data(tmp_path)["stages"], pool]}))
    return load_pipeline(path)


def test_models_that_no_stage_trained_count_with_their_content(tmp_path):
    """Relative paths start from the pipeline file, whatever the current folder is."""
    for name in ("answers", "reward"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.json").write_text("{}")
    pipeline = asking(tmp_path, {"model": "completions", "args": {"path": "answers"}}, {"model": "./reward"})
    seen = [stage_keys(pipeline, ENVIRONMENT)["pool"]]
    assert set(seen[0].data) == {"teacher teachers.1: path", "arbiter 1"}
    for name in ("answers", "reward"):
        (tmp_path / name / "file.json").write_text("[1]")
        seen.append(stage_keys(pipeline, ENVIRONMENT)["pool"])
    assert len({key.key for key in seen}) == 3
    assert seen[1].data["arbiter 1"] == seen[0].data["arbiter 1"] != seen[2].data["arbiter 1"]


def test_a_reward_model_that_is_not_there_is_refused_before_anything_runs(tmp_path):
    pipeline = asking(tmp_path, {"stage": "base"}, {"model": "./rewards"})
    with pytest.raises(DataError, match=r"'\./rewards' does not exist") as refused:
        stage_statuses(pipeline)
    assert "asking.yaml:" in refused.value.where


def test_models_on_the_hub_have_no_content_here(tmp_path):
    pipeline = asking(tmp_path, {"model": "hf", "args": {"pretrained": "owner/name"}}, {"model": "owner/reward"})
    assert stage_keys(pipeline, ENVIRONMENT)["pool"].data == {}


def test_a_misspelt_placeholder_of_a_teacher_is_refused(tmp_path):
    with pytest.raises(ExperimentError, match=r"unknown placeholder \{langage\}") as refused:
        asking(tmp_path, {"stage": "base", "system_prompt": "Answer in {langage}."}, {"model": "owner/reward"})
    assert "did you mean {language}?" in refused.value.fix


def write(tmp_path, **changes):
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump(data(tmp_path, **changes)))
    return path


def test_a_checkpoint_is_found_whatever_machine_it_was_trained_on(tmp_path):
    path = write(tmp_path)
    done = fake(load_pipeline(path), "base", "mix", "sft", "dpo")
    found = stage_output(path, "sft", "")
    assert (found.content, found.label) == (done["sft"].content, "p/sft")
    elsewhere = yaml.safe_load(path.read_text()) | {"hardware": {"threads": 7}}
    path.write_text(yaml.safe_dump(elsewhere))
    assert stage_output(path, "sft", "") == found
    (tmp_path / "rows.jsonl").unlink()
    assert stage_output(path, "sft", "") == found


def test_the_output_of_the_present_settings_is_found_though_another_is_current(tmp_path):
    path = write(tmp_path)
    fake(load_pipeline(path), "base", "mix", "sft")
    found = stage_output(path, "sft", "")
    set_current(load_pipeline(path).folder / "sft", "f" * 16)
    assert stage_output(path, "sft", "") == found


def test_a_stage_that_is_not_trained_says_how_to_train_it(tmp_path):
    path = write(tmp_path)
    with pytest.raises(ModelError, match="--until sft"):
        stage_output(path, "sft", "")
    fake(load_pipeline(path), "base", "mix", "sft")
    write(tmp_path, learning_rate=1e-3)
    with pytest.raises(ModelError, match="has not been trained with the settings"):
        stage_output(path, "sft", "")
    with pytest.raises(UnknownNameError, match="did you mean 'sft'"):
        stage_output(path, "sfd", "")
    with pytest.raises(ModelError, match=r"makes no language model\n.*mixture\n.*use one of: base, sft, dpo"):
        stage_output(path, "mix", "")
    with pytest.raises(ModelError, match=r"makes no reward model\n.*\n.*add a stage that makes a reward model"):
        stage_output(path, "sft", "", kind="reward")


def test_a_setting_that_was_added_later_changes_a_key_only_where_it_is_set(tmp_path):
    pairs = {"name": "pairs", "type": "pairs", "dataset": "o/d", "language": "eng"}

    def settings(**changes):
        mapping = {"name": "p", "output": str(tmp_path / "out"), "stages": [{**pairs, **changes}]}
        return stage_keys(load_pipeline(mapping), {})["pairs"].settings

    assert "refuse_items_of" not in settings()
    assert settings(refuse_items_of=["polyarena_mini"])["refuse_items_of"] == ["polyarena_mini"]


@pytest.mark.parametrize("part", ["round-1", "..", "../..", "steps/checkpoint-2"])
def test_a_round_that_no_training_would_make_is_refused_and_not_said_to_be_untrained(tmp_path, part):
    path = write(tmp_path)
    with pytest.raises(ModelError, match=r"the stage 'sft' has no .*\n.*type sft has no rounds\n.*'sft' alone"):
        stage_output(path, f"sft/{part}", "")


def test_a_damaged_note_of_the_current_output_stops_nothing(tmp_path):
    path = write(tmp_path)
    fake(load_pipeline(path), "base", "mix", "sft")
    (load_pipeline(path).folder / "sft" / "current").write_bytes(b"\xff")
    assert [status.manifest is None for status in stage_statuses(load_pipeline(path), "sft")] == [False] * 3
    write(tmp_path, learning_rate=1e-3)
    assert stage_statuses(load_pipeline(path), "sft")[-1].manifest is None


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("batch_sise", "did you mean 'batch_size'"),
        ("pipelin", "did you mean 'pipeline'"),
        ("frobnicate", "take it out; docs/systems.md"),
        ("pretrained", "take it out, or use `model: hf`"),
    ],
)
def test_a_system_of_a_stage_takes_no_argument_that_does_not_exist(tmp_path, name, fix):
    path = write(tmp_path)
    fake(load_pipeline(path), "base", "mix", "sft")
    args = {"pipeline": path.name, "stage": "sft", "attn_implementation": "sdpa", "token_budget": 100}
    stage, around = find_model_type("stage"), ModelContext(base=str(path.parent))
    with pytest.raises(PolyarenaError) as caught:
        stage.check({**args, name: 1}, around, "e.yaml:3 (systems.0.args)")
    assert fix in caught.value.fix
    assert caught.value.where.startswith("e.yaml:3 (systems.0.args")
    assert name in caught.value.what
