"""Folders in, a folder out: what is written, and what is refused before anything is."""

import json

import pytest
from pydantic import ValidationError

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from polyarena.harness.stages.merging import MergeSettings  # noqa: E402
from polyarena.harness.stages.merging.merge import merge_checkpoints  # noqa: E402
from polyarena.harness.stages.merging.run_checkpoints import run_checkpoints  # noqa: E402
from polyarena.harness.stages.merging.tensor_files import TensorInfo, write_tensors  # noqa: E402
from polyarena.tasks.errors import DataError, ExperimentError, StoreError, UnknownNameError  # noqa: E402

HALF = MergeSettings(weights={"a": 0.5, "b": 0.5})


@pytest.fixture
def pair(checkpoint, random_tensors):
    return {name: checkpoint(name, random_tensors(seed)) for seed, name in enumerate("ab")}


def test_the_merged_folder_is_a_checkpoint(pair, tmp_path, load):
    (pair["a"] / "tokenizer.json").write_text("{}", "utf-8")
    (pair["a"] / "chat_template.jinja").write_text("{{ messages }}", "utf-8")
    (pair["a"] / "trainer_state.json").write_text("{}", "utf-8")
    merge_checkpoints(pair, tmp_path / "out", HALF)
    a, b, merged = load(pair["a"]), load(pair["b"]), load(tmp_path / "out")
    assert list(merged) == sorted(a)
    for name in a:
        torch.testing.assert_close(merged[name], (a[name] + b[name]) / 2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "chat_template.jinja", "config.json", "model.safetensors", "tokenizer.json",
    ]  # fmt: skip
    assert json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))["dtype"] == "float32"


def test_a_model_library_loads_the_merged_folder(pair, tmp_path):
    transformers = pytest.importorskip("transformers")
    merge_checkpoints(pair, tmp_path / "out", HALF)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert model.dtype == torch.float32
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()


def test_the_same_merge_gives_the_same_bytes_and_another_seed_others(pair, tmp_path, checkpoint, random_tensors):
    base = checkpoint("base", random_tensors(9))
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        merge_checkpoints(pair, tmp_path / name, MergeSettings(method="dare_ties"), base=base, seed=seed)
    first, again, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("first", "again", "other"))
    assert first == again != other


def test_the_seed_of_the_settings_wins(pair, tmp_path, checkpoint, random_tensors):
    base = checkpoint("base", random_tensors(9))
    for name, seed in (("first", 0), ("again", 5)):
        merge_checkpoints(pair, tmp_path / name, MergeSettings(method="dare_ties", seed=3), base=base, seed=seed)
    assert (tmp_path / "first/model.safetensors").read_bytes() == (tmp_path / "again/model.safetensors").read_bytes()


def test_shards_hold_what_one_file_holds(pair, tmp_path, load):
    merge_checkpoints(pair, tmp_path / "one", HALF)
    merge_checkpoints(pair, tmp_path / "many", HALF, shard_bytes=5_000)
    assert len(list((tmp_path / "many").glob("model-*.safetensors"))) > 2
    one, many = load(tmp_path / "one"), load(tmp_path / "many")
    assert all(torch.equal(one[name], many[name]) for name in one)
    merge_checkpoints({"one": tmp_path / "one", "many": tmp_path / "many"}, tmp_path / "both", MergeSettings())
    both = load(tmp_path / "both")
    assert all(torch.allclose(one[name], both[name]) for name in one)


def test_a_missing_shard_is_named(pair, tmp_path):
    merge_checkpoints(pair, tmp_path / "many", HALF, shard_bytes=5_000)
    next((tmp_path / "many").glob("model-00002-*")).unlink()
    with pytest.raises(DataError, match="files of weights are missing"):
        merge_checkpoints({"a": pair["a"], "many": tmp_path / "many"}, tmp_path / "out", MergeSettings())


def test_bfloat16_is_written_when_asked_for(pair, tmp_path, load):
    merge_checkpoints(pair, tmp_path / "out", MergeSettings(dtype="bfloat16"))
    assert {tensor.dtype for tensor in load(tmp_path / "out").values()} == {torch.bfloat16}


def test_checkpoints_of_different_precision_merge_in_float32(pair, tmp_path, checkpoint, load, random_tensors):
    half = checkpoint("half", {name: tensor.bfloat16() for name, tensor in random_tensors(1).items()})
    merge_checkpoints({"a": pair["a"], "half": half}, tmp_path / "out", MergeSettings())
    name = "model.norm.weight"
    torch.testing.assert_close(load(tmp_path / "out")[name], (load(pair["a"])[name] + load(half)[name].float()) / 2)


def test_integers_are_copied_and_must_be_equal(tmp_path, checkpoint, random_tensors, load):
    def with_integers(name, values):
        return checkpoint(name, random_tensors(0) | {"model.steps": torch.tensor(values, dtype=torch.int8)})

    one, two, three = (
        with_integers(name, values) for name, values in (("x", [1, 2, 3]), ("y", [1, 2, 3]), ("z", [1, 2, 4]))
    )
    merge_checkpoints({"x": one, "y": two}, tmp_path / "out", MergeSettings())
    assert load(tmp_path / "out")["model.steps"].tolist() == [1, 2, 3]
    with pytest.raises(DataError, match=r"integers of 'model.steps' differ"):
        merge_checkpoints({"x": one, "z": three}, tmp_path / "other", MergeSettings())


def test_a_head_that_repeats_the_embeddings_is_left_out(tmp_path, checkpoint, random_tensors, load):
    tensors = random_tensors(0)
    tied = checkpoint("tied", tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()})
    plain = checkpoint("plain", random_tensors(1))
    merge_checkpoints({"tied": tied, "plain": plain}, tmp_path / "out", MergeSettings())
    assert "lm_head.weight" not in load(tmp_path / "out")


def test_a_head_that_only_claims_to_be_tied_is_refused(tmp_path, checkpoint, random_tensors):
    wrong = checkpoint("wrong", random_tensors(0) | {"lm_head.weight": torch.randn(32, 8)})
    plain = checkpoint("plain", random_tensors(1))
    with pytest.raises(DataError, match="differs from the embeddings"):
        merge_checkpoints({"wrong": wrong, "plain": plain}, tmp_path / "out", MergeSettings())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "mistral"}, "differ in their architecture"),
        ({"vocab_size": 64}, "differ in their vocabulary"),
        ({"rms_norm_eps": 1e-6}, "`rms_norm_eps` is 1e-05 in a and 1e-06 in c"),
        ({"tie_word_embeddings": False}, "tie their weights differently"),
    ],
)
def test_unlike_configs_are_refused(pair, tmp_path, checkpoint, random_tensors, change, message):
    other = checkpoint("c", random_tensors(2), **change)
    with pytest.raises(DataError, match=message):
        merge_checkpoints({"a": pair["a"], "c": other}, tmp_path / "out", MergeSettings())
    assert not (tmp_path / "out").exists()


def test_harmless_differences_of_configs_are_not(pair, tmp_path, checkpoint, random_tensors):
    other = checkpoint("c", random_tensors(2), torch_dtype="bfloat16", transformers_version="9.9", use_cache=False)
    merge_checkpoints({"a": pair["a"], "c": other}, tmp_path / "out", MergeSettings())


def tokenizer(**vocabulary):
    return json.dumps({"model": {"vocab": vocabulary}, "added_tokens": [{"id": 9, "content": "<end>"}]})


def test_different_tokenizers_are_refused(pair, tmp_path):
    (pair["a"] / "tokenizer.json").write_text(tokenizer(x=0, y=1), "utf-8")
    (pair["b"] / "tokenizer.json").write_text(tokenizer(x=0, z=1), "utf-8")
    with pytest.raises(DataError, match="2 of 4 tokens have another id or exist in one alone, such as 'y'"):
        merge_checkpoints(pair, tmp_path / "out", HALF)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.norm.weight": None}, "different tensors"),
        ({"model.norm.weight": (9,)}, "different shapes"),
        ({"model.extra": (2,)}, "exist in one alone, such as 'model.extra' in c"),
    ],
)
def test_unlike_tensors_are_refused(pair, tmp_path, checkpoint, random_tensors, change, message):
    tensors = random_tensors(2) | {name: torch.zeros(shape) if shape else None for name, shape in change.items()}
    other = checkpoint("c", {name: tensor for name, tensor in tensors.items() if tensor is not None})
    with pytest.raises(DataError, match=message):
        merge_checkpoints({"a": pair["a"], "c": other}, tmp_path / "out", MergeSettings())


@pytest.mark.parametrize("place", [0, 3, -1])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_are_refused_with_their_checkpoint(
    value, place, pair, tmp_path, checkpoint, random_tensors
):
    broken = random_tensors(2)
    broken["model.norm.weight"][place] = value
    with pytest.raises(DataError, match=r"'model.norm.weight' has values that are not finite") as refused:
        merge_checkpoints({"a": pair["a"], "c": checkpoint("c", broken)}, tmp_path / "out", MergeSettings())
    assert "leave c out" in refused.value.fix


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        ("a", {}, "at least two checkpoints"),
        ("abc", {"method": "slerp"}, "`slerp` needs two checkpoints"),
        ("ab", {"weights": {"a": 1}}, "no weight for b"),
        ("ab", {"method": "ties"}, "`ties` needs a base"),
    ],
)
def test_settings_that_do_not_fit_the_checkpoints_are_refused(pair, tmp_path, names, settings, message):
    folders = {name: pair.get(name, pair["a"]) for name in names}
    with pytest.raises(ExperimentError, match=message):
        merge_checkpoints(folders, tmp_path / "out", MergeSettings(**settings))


def test_a_weight_of_no_checkpoint_has_a_did_you_mean(pair, tmp_path):
    with pytest.raises(UnknownNameError, match="unknown checkpoint of a weight 'aa'"):
        merge_checkpoints(pair, tmp_path / "out", MergeSettings(weights={"aa": 1, "b": 1}))


@pytest.mark.parametrize(
    "settings",
    [{"density": 0}, {"density": 1.5}, {"weights": {"a": 0, "b": 0}}, {"weights": {"a": float("nan")}},
     {"method": "slerp", "weights": {"a": -1, "b": 2}}, {"method": "average"}, {"densty": 0.5}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValidationError):
        MergeSettings(**settings)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config of the checkpoint cannot be read"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no safetensors weights"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\x10" + b"\0" * 20), "cannot be read"),
    ],
)
def test_a_damaged_checkpoint_is_refused(pair, tmp_path, break_it, message):
    break_it(pair["b"])
    with pytest.raises(DataError, match=message):
        merge_checkpoints(pair, tmp_path / "out", HALF)


def test_an_adapter_is_not_a_model(pair, tmp_path):
    (pair["b"] / "model.safetensors").rename(pair["b"] / "adapter_model.safetensors")
    (pair["b"] / "adapter_config.json").write_text("{}", "utf-8")
    with pytest.raises(DataError, match="has an adapter but no whole model"):
        merge_checkpoints(pair, tmp_path / "out", HALF)


def test_a_folder_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "model.safetensors").mkdir()
    info = TensorInfo((2,), torch.float32)
    with pytest.raises(StoreError, match="cannot be written"):
        write_tensors(tmp_path, {"x": info}, lambda name: torch.zeros(2), order=["x"])


def test_progress_counts_tensors(pair, tmp_path):
    seen = []
    merge_checkpoints(pair, tmp_path / "out", HALF, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 101) for done in range(1, 102)]


def test_checkpoints_within_a_run_come_in_the_order_of_their_steps(tmp_path, checkpoint, random_tensors):
    run = tmp_path / "run"
    run.mkdir()
    for seed, step in enumerate((5, 10, 20)):
        checkpoint(f"c{step}", random_tensors(seed)).rename(run / f"checkpoint-{step}")
    (run / "checkpoint-best").mkdir()
    assert list(run_checkpoints(run)) == ["checkpoint-5", "checkpoint-10", "checkpoint-20"]
    last = run_checkpoints(run, 2)
    assert list(last) == ["checkpoint-10", "checkpoint-20"]
    merge_checkpoints(last, tmp_path / "averaged", MergeSettings())
    with pytest.raises(DataError, match="has 3 checkpoints, and 4 are needed"):
        run_checkpoints(run, 4)


def test_a_run_without_checkpoints_is_refused(tmp_path):
    with pytest.raises(DataError, match="has 0 checkpoints"):
        run_checkpoints(tmp_path / "nowhere")
