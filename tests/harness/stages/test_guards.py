"""Guards against silent traps of training: each of these tests fails without its guard."""

import importlib
import itertools
import json
import math
import sys
import types

import pytest

from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import train
from polyarena.tasks.errors import ModelError

pytestmark = pytest.mark.training


@pytest.fixture
def tensorboard(monkeypatch):
    """A TensorBoard that writes its numbers as lines of text."""

    class SummaryWriter:
        def __init__(self, log_dir):
            from pathlib import Path

            Path(log_dir).mkdir(parents=True, exist_ok=True)
            self.path = Path(log_dir) / "events.out.tfevents.1"

        def add_scalar(self, name, value, step):
            with self.path.open("a") as stream:
                stream.write(f"{step} {name} {value}\n")

        def add_text(self, *_):
            pass

        flush = close = lambda self: None

    module = types.ModuleType("tensorboardX")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    inner = importlib.import_module("transformers.integrations.integration_utils")
    monkeypatch.setattr(inner, "is_tensorboard_available", lambda: True)


def test_what_tensorboard_is_told_outlives_the_stage_and_changes_no_content(pipeline_data, tensorboard):
    mapping = pipeline_data("base", "mix", "sft", sft={"report_to": ["tensorboard"]})
    told = train(load_pipeline(mapping))[-1]
    (events,) = (told.folder / "logs").iterdir()
    steps = [int(line.split()[0]) for line in events.read_text().splitlines() if "train/loss " in line]
    assert steps == [1, 2, 3, 4, 5, 6]
    mapping["stages"][2].pop("report_to")
    silent = train(load_pipeline({**mapping, "output": mapping["output"] + "-silent"}))[-1]
    assert not (silent.folder / "logs").exists()
    assert silent.manifest.content == told.manifest.content


def test_runs_are_named_after_the_stage_and_the_round(pipeline_data, tmp_path):
    from trl import SFTConfig

    trainers = importlib.import_module("polyarena.harness.stages.training.trainers")
    protocol = importlib.import_module("polyarena.harness.stages.protocol")
    stage = next(each for each in load_pipeline(pipeline_data("base", "mix", "sft")).stages if each.name == "sft")
    whole = protocol.StageContext(folder=tmp_path / "0123.partial", inputs={}, base=tmp_path)
    a_round = protocol.StageContext(folder=tmp_path / "0123.partial" / "round-2", inputs={}, base=tmp_path)
    assert trainers.arguments(stage, whole, SFTConfig)["run_name"] == "sft"
    assert trainers.arguments(stage, a_round, SFTConfig)["run_name"] == "sft/round-2"
    own = stage.model_copy(update={"trainer": {"run_name": "mine"}})
    assert trainers.arguments(own, whole, SFTConfig)["run_name"] == "mine"


class CapturedError(Exception):
    """Carries the trainer that a stage has built, in place of training."""


def built_trainer(mapping, monkeypatch, module="sft"):
    """Return the trainer of the last stage of a pipeline, before its first step."""
    found = importlib.import_module(f"polyarena.harness.stages.training.{module}")

    def capture(trainer, *_):
        raise CapturedError(trainer)

    monkeypatch.setattr(found, "train_to_end", capture)
    with pytest.raises(CapturedError) as stopped:
        train(load_pipeline(mapping))
    return stopped.value.args[0]


TEMPLATES = {
    "chatml": None,
    "text after the end token": (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "a system text": (
        "<|im_start|>system\nBe brief.<|im_end|>{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}<|im_end|>"
        "{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
    ),
}


@pytest.mark.parametrize("packing", [False, True], ids=["padded", "packed"])
@pytest.mark.parametrize("template", list(TEMPLATES))
def test_exactly_the_tokens_after_the_prompt_are_trained(pipeline_data, monkeypatch, tmp_path, template, packing):
    text = TEMPLATES[template]
    if text is not None:
        (tmp_path / "own.jinja").write_text(text)
    base = {"chat_template": "chatml" if text is None else str(tmp_path / "own.jinja")}
    mapping = pipeline_data("base", "mix", "sft", base=base, sft={"packing": packing, "batch_size": 3})
    trainer = built_trainer(mapping, monkeypatch)
    tokenizer = trainer.processing_class
    masked, trained = set(), set()
    for place in range(9):
        row = trainer.train_dataset[place]
        batch = trainer.data_collator([row])
        ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
        assert all(label in (-100, token) for token, label in zip(ids, labels, strict=True))
        # Runs of masked and of trained tokens take turns: a prompt, its answer, the next prompt, ...
        runs, at = [], 0
        while at < len(ids):
            end = at
            while end < len(ids) and (labels[end] == -100) == (labels[at] == -100):
                end += 1
            runs.append(((labels[at] == -100), tokenizer.decode(ids[at:end])))
            at = end
        assert [is_masked for is_masked, _ in runs] == [True, False] * (len(runs) // 2)
        assert packing or len(runs) == 2
        masked |= {said for is_masked, said in runs if is_masked}
        trained |= {said for is_masked, said in runs if not is_masked}
    models = importlib.import_module("polyarena.harness.stages.training.models")
    rows = [(f"{code} {number}?", f"{number} yes") for code in ("eng", "deu", "swh") for number in range(24)]
    pairs = [
        (tokenizer.decode(one), tokenizer.decode(both[len(one) :]))
        for one, both in models.encode_pairs(tokenizer, rows)
    ]
    assert masked <= {prompt for prompt, _ in pairs}
    assert trained <= {answer for _, answer in pairs}


def test_packed_rows_do_not_see_one_another(pipeline_data, monkeypatch):
    import torch

    trainer = built_trainer(pipeline_data("base", "mix", "sft", sft={"packing": True, "batch_size": 1}), monkeypatch)
    batch = trainer.data_collator([trainer.train_dataset[0]])
    ids, positions = batch["input_ids"][0], batch["position_ids"][0]
    starts = [*torch.where(positions == 0)[0].tolist(), len(ids)]
    assert len(starts) > 2
    model = trainer.model.eval()
    inputs = {name: value for name, value in batch.items() if name in ("input_ids", "position_ids", "attention_mask")}
    with torch.no_grad():
        packed = model(**inputs).logits[0]
        for start, end in itertools.pairwise(starts):
            alone = model(input_ids=ids[None, start:end]).logits[0]
            torch.testing.assert_close(packed[start:end], alone, rtol=0, atol=1e-4)


TRAINERS = {
    "online dpo": ("DPOTrainer", ("base", "mix", "pairs", "rm", "online"), {"model": "base", "rounds": 1}),
    "sft": ("SFTTrainer", ("base", "mix", "sft"), {}),
    "dpo": ("DPOTrainer", ("base", "pairs", "dpo"), {"model": "base"}),
    "rm": ("RewardTrainer", ("base", "pairs", "rm"), {}),
    "rloo": ("RLOOTrainer", ("base", "mix", "online"), {"algorithm": "rloo"}),
    "grpo": ("GRPOTrainer", ("base", "mix", "online"), {"algorithm": "grpo"}),
}


@pytest.mark.parametrize("bad", [math.nan, -math.inf, 1e6, -1e6], ids=["nan", "inf", "large", "low"])
@pytest.mark.parametrize("kind", list(TRAINERS))
def test_a_loss_that_is_no_number_or_too_large_stops_every_trainer_with_step_and_batch(
    pipeline_data, monkeypatch, kind, bad
):
    import trl

    name, stages, changes = TRAINERS[kind]
    if kind in ("rloo", "grpo"):
        changes = {**changes, "model": "base", "rounds": 1, "batch_size": 2, "arbiters": [{"judge": "rules"}]}
    trainer = getattr(trl, name)
    original, calls = trainer.compute_loss, []

    def compute_loss(self, model, inputs, return_outputs=False, **options):
        calls.append(1)
        found = original(self, model, inputs, return_outputs, **options)
        return found + bad if len(calls) == 2 else found

    monkeypatch.setattr(trainer, "compute_loss", compute_loss)
    mapping = pipeline_data(*stages, **{stages[-1]: {"steps": 3, "save_steps": 1, **changes}})
    with pytest.raises(ModelError, match="training diverged at step 2: the loss is") as stopped:
        train(load_pipeline(mapping))
    assert "rows: '" in stopped.value.why
    # The gradient of that batch was not used.
    newest = max(load_pipeline(mapping).folder.rglob("checkpoint-*/trainer_state.json"))
    assert json.loads(newest.read_text())["global_step"] == 1


@pytest.mark.parametrize("lora", [None, {"rank": 4}], ids=["full", "lora"])
@pytest.mark.parametrize("reference", ["sft", "base"])
def test_the_first_margin_is_that_of_the_reference_that_was_named(pipeline_data, lora, reference):
    files = importlib.import_module("polyarena.harness.stages.files")
    models = importlib.import_module("polyarena.harness.stages.training.models")
    logprobs = importlib.import_module("polyarena.harness.stages.training.logprobs")
    dpo = {"reference": reference, "lora": lora, "steps": 1, "batch_size": 24, "held_out": 0, "beta": 0.3}
    done = {each.name: each.folder for each in train(load_pipeline(pipeline_data(
        "base", "mix", "pairs", "sft", "dpo", sft={"learning_rate": 1e-2}, dpo=dpo)))}  # fmt: skip
    (first,) = json.loads((done["dpo"] / "training_log.json").read_text())
    policy, other = (models.load_model(done[name], "cpu") for name in ("sft", reference))
    pairs = files.read_pairs(done["pairs"])
    margins = logprobs.margins(policy, other, models.load_tokenizer(done["sft"]), pairs, 0.3, 96)
    assert first["rewards/margins"] == pytest.approx(sum(margins) / len(margins), abs=1e-5)
    assert (abs(first["loss"] - math.log(2)) < 1e-4) is (reference == "sft")


@pytest.mark.parametrize(("margin", "same", "refused"), [
    (0.2, True, True), (0.0, True, False), (0.0, False, True), (0.2, False, False), (-0.2, False, False),
])  # fmt: skip
def test_a_first_margin_that_does_not_fit_the_reference_is_refused(margin, same, refused):
    training = importlib.import_module("polyarena.harness.stages.training.preference_training")
    log = [{"loss": 0.6, "rewards/margins": margin}, {"loss": 0.5, "rewards/margins": 1.0}]
    if refused:
        with pytest.raises(ModelError, match="the reference of this training is not"):
            training.refuse_wrong_reference(log, same, "dpo")
    else:
        training.refuse_wrong_reference(log, same, "dpo")


def test_a_reference_that_the_trainer_takes_by_itself_stops_the_stage(pipeline_data, monkeypatch):
    """Without a reference the trainer takes the start of the round, in silence."""
    training = importlib.import_module("polyarena.harness.stages.training.preference_training")
    original = training.DPOTrainer
    monkeypatch.setattr(training, "DPOTrainer", lambda **given: original(**{**given, "ref_model": None}))
    mapping = pipeline_data("base", "mix", "pairs", "sft", "dpo", dpo={"reference": "base"})
    with pytest.raises(ModelError, match="is not another model than the policy"):
        train(load_pipeline(mapping))
