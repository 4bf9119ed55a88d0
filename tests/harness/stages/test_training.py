"""Every stage that trains, on a tiny random model: what it learns, what it leaves, and how it goes on after a kill."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

import pytest
import yaml

from polyarena.harness import plan, run
from polyarena.harness.cli import main
from polyarena.harness.models.protocol import ModelContext
from polyarena.harness.models.registry import find_model_type
from polyarena.harness.models.reward import build
from polyarena.harness.stages.folders import NOTES
from polyarena.harness.stages.outputs import stage_output
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import Silence, train
from polyarena.judges.protocol import Answer, Match
from polyarena.tasks.errors import DataError, ModelError, StoreError

pytestmark = pytest.mark.training


def results(done, name):
    return json.loads((next(each for each in done if each.name == name).folder / "results.json").read_text())


def files(done):
    """The digest of every file that is part of the content."""
    return {
        f"{each.name}/{name}": entry.sha256
        for each in done
        for name, entry in each.manifest.files.items()
        if Path(name).name not in NOTES
    }


def test_a_pipeline_trains_every_stage_and_does_nothing_the_second_time(pipeline_data, capsys):
    mapping = pipeline_data("base", "mix", "pairs", "sft", "dpo", "rm", "online", "pool", "routed", "chosen", "merged")
    pipeline = load_pipeline(mapping)
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
    online = results(first, "online")
    # The start of the stage is the reference of every round: the first margin is 0 in the first round only.
    assert abs(online["rounds"][0]["first_margin"]) < 1e-4 < abs(online["rounds"][1]["first_margin"])
    assert {"chosen_is_longer", "chosen_characters", "tokens", "repetition", "judge"} <= set(online["rounds"][0])
    folder = next(each.folder for each in first if each.name == "online")
    scores = [json.loads(line) for line in (folder / "held_out_scores.jsonl").read_text().splitlines()]
    assert len(scores) == online["prompts"]["held_out"]
    for at, policy in enumerate([online["first_policy"], *online["rounds"]]):
        assert mean(each["rewards"][at] for each in scores) == pytest.approx(policy["reward"])
        assert mean(each["judge"][at] for each in scores) == pytest.approx(policy["judge"])
    reward = results(first, "rm")
    assert {"accuracy", "longer_is_chosen", "pairs"} == set(reward["held_out"]["all"])
    routed = results(first, "routed")
    assert sum(each["chosen"] for each in routed["teachers"]) == routed["rows"]
    card = next(each for each in first if each.name == "dpo").folder.joinpath("README.md").read_text()
    assert "`dpo` (dpo)" in card
    assert "CC-BY-NC-4.0: pairs.jsonl" in card
    assert "**Restricted:**" in card
    # The data of the checkpoints that it was made from, too.
    assert "| `mix` | mixture | 66 rows (own 66 of 66) | deu_Latn 22, eng_Latn 22, swh_Latn 22 |  |" in card
    assert "| `pairs` | pairs | 24 pairs | eng_Latn 24 |  |" in card
    online_card = next(each for each in first if each.name == "online").folder.joinpath("README.md").read_text()
    assert "| `mix` | mixture | 66 rows" in online_card
    assert (
        "## Data\n" not in next(each for each in first if each.name == "mix").folder.joinpath("README.md").read_text()
    )
    for each in first:
        assert not list(each.folder.rglob("checkpoint-*"))
        assert not list(each.folder.rglob("training_args.bin"))
        assert str(pipeline.folder) not in "".join(path.read_text() for path in each.folder.rglob("*.json"))


class StopAt(Silence):
    """Interrupts at the given number of progress reports."""

    def __init__(self, count):
        self.left = count

    def report(self, activity, done, total, numbers):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["sft", "online"])
@pytest.mark.parametrize("lora", [None, {"dropout": 0.1}], ids=["full", "lora"])
def test_an_interrupted_stage_ends_with_the_same_bytes(pipeline_data, name, lora):
    names = ("base", "mix", "sft") if name == "sft" else ("base", "mix", "pairs", "rm", "online")
    changes = {name: {"lora": lora, "save_steps": 1, **({} if name == "sft" else {"model": "base"})}}
    reference = load_pipeline(pipeline_data(*names, **changes))
    whole = train(reference)
    other = load_pipeline({**pipeline_data(*names, **changes), "output": str(reference.folder) + "-killed"})
    generator = random.Random(5)
    for _ in range(6):
        try:
            train(other, listener=StopAt(generator.randint(1, 7)))
        except KeyboardInterrupt:
            continue
    again = train(other)
    assert files(again) == files(whole)
    assert [each.manifest.content for each in again] == [each.manifest.content for each in whole]


def test_a_killed_process_ends_with_the_same_bytes(pipeline_data, tmp_path):
    mapping = pipeline_data("base", "mix", "sft", sft={"save_steps": 1, "steps": 8})
    whole = train(load_pipeline(mapping))
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump({**mapping, "output": str(tmp_path / "killed")}))
    code = "from polyarena.harness.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-c", code, "train", str(path), "--quiet"]
    for wanted in (1, 3, 5):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while process.poll() is None and _newest(tmp_path / "killed") < wanted:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert files(train(load_pipeline(path))) == files(whole)


def _newest(folder):
    found = [int(path.name.removeprefix("checkpoint-")) for path in folder.glob("sft/*/trainer/checkpoint-*")]
    return max(found, default=0)


@pytest.mark.parametrize("name", ["optimizer.pt", "rng_state.pth"])
def test_a_checkpoint_without_a_part_stops_the_stage(pipeline_data, name):
    pipeline = load_pipeline(pipeline_data("base", "mix", "sft", sft={"save_steps": 1}))
    with pytest.raises(KeyboardInterrupt):
        train(pipeline, listener=StopAt(5))
    (newest,) = sorted(pipeline.folder.glob(f"sft/*/trainer/checkpoint-*/{name}"))[-1:]
    newest.unlink()
    with pytest.raises(StoreError, match=f"{name} is missing"):
        train(pipeline)


def test_a_language_without_short_prompts_stops_the_stage_by_name(pipeline_data, tmp_path):
    row = {"inputs": "x" * 200, "targets": "y", "language_code": "amh"}
    mapping = pipeline_data("base", "mix", "sft")
    with (tmp_path / "rows.jsonl").open("a") as stream:
        stream.write("".join(json.dumps({**row, "inputs": f"{number}{row['inputs']}"}) + "\n" for number in range(5)))
    with pytest.raises(DataError, match=r"max_length 96 leaves nothing of amh_Ethi"):
        train(load_pipeline(mapping))
    mapping["stages"][2]["languages"] = "eng, deu"
    assert results(train(load_pipeline(mapping)), "sft")["rows"] > 0


def test_prompts_that_a_stage_is_measured_on_are_not_trained_on(pipeline_data):
    mapping = pipeline_data("base", "mix", "sft")
    whole = {**mapping["stages"][1], "name": "whole", "held_out": 0}
    mapping["stages"] = [*mapping["stages"][:2], whole, {**mapping["stages"][2], "data": ["whole"], "steps": 1}]
    done = train(load_pipeline(mapping))
    # Two prompts of each of three languages are held out by the mixture that the stage is measured on.
    assert results(done, "sft")["left_out_as_held_out"] == 6
    assert results(done, "sft")["rows"] == results(done, "whole")["rows"] - 6


def test_diverging_training_stops_with_step_and_batch(pipeline_data):
    mapping = pipeline_data("base", "mix", "sft", sft={"diverged_above": 0.5})
    with pytest.raises(ModelError, match="diverged at step 1: the loss is") as refused:
        train(load_pipeline(mapping))
    assert "4 rows: " in refused.value.why


def test_the_end_of_an_answer_is_trained_though_padding_is_the_same_token(tiny_model, tmp_path):
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from polyarena.harness.stages.training.models import CHATML, load_model

    tokenizer = _tokenizer(tiny_model, CHATML)
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    texts = [("a", "b"), ("a", "bcdef")]
    rows = [
        {"prompt": [{"role": "user", "content": one}], "completion": [{"role": "assistant", "content": two}]}
        for one, two in texts
    ]
    config = SFTConfig(
        str(tmp_path), use_cpu=True, bf16=False, activation_checkpointing=False, report_to="none", max_length=64,
        completion_only_loss=True, dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=load_model(tiny_model, "cpu"),
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    batch = trainer.data_collator([trainer.train_dataset[0], trainer.train_dataset[1]])
    for labels, (_, completion) in zip(batch["labels"].tolist(), texts, strict=True):
        trained = [label for label in labels if label != -100]
        assert tokenizer.decode(trained) == completion + tokenizer.eos_token


def _tokenizer(folder, template):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    return tokenizer


def test_a_tokenizer_without_a_chat_template_is_refused(pipeline_data):
    mapping = pipeline_data("base", "mix", "sft", base={"chat_template": "own"})
    with pytest.raises(ModelError, match="no chat template"):
        train(load_pipeline(mapping))


def test_a_template_that_writes_prompts_differently_before_an_answer_is_refused(tiny_model):
    from polyarena.harness.stages.training.models import encode_pairs

    template = (
        "{% if add_generation_prompt %}A{% else %}B{% endif %}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    )
    with pytest.raises(DataError, match="differently when an answer follows"):
        encode_pairs(_tokenizer(tiny_model, template), [("a", "b")])


def test_samples_depend_on_the_seed_alone_and_end_at_the_end_token(tiny_model):
    from polyarena.harness.stages.pipeline.settings import SamplingSettings
    from polyarena.harness.stages.training.models import CHATML, load_model
    from polyarena.harness.stages.training.sampling import sample

    model, tokenizer = load_model(tiny_model, "cpu"), _tokenizer(tiny_model, CHATML)
    settings = SamplingSettings(max_tokens=12, temperature=5.0, top_k=259, batch_size=16)
    prompts = ["a", "bb", "a longer prompt"] * 4
    one, two = (sample(model, tokenizer, prompts, 4, settings, 3) for _ in range(2))
    assert one == two
    assert one != sample(model, tokenizer, prompts, 4, settings, 4)
    assert all(len(texts) == 4 and all(1 <= each.tokens <= 12 for each in texts) for texts in one)
    flat = [each for texts in one for each in texts]
    assert all(each.ended == (each.tokens < 12) or each.tokens == 12 for each in flat)


def test_greedy_samples_are_those_of_generate(tiny_model):
    import torch

    from polyarena.harness.stages.pipeline.settings import SamplingSettings
    from polyarena.harness.stages.training.models import CHATML, chat_text, load_model
    from polyarena.harness.stages.training.sampling import sample

    model, tokenizer = load_model(tiny_model, "cpu").eval(), _tokenizer(tiny_model, CHATML)
    prompts = ["a", "something longer than that"]
    found = sample(model, tokenizer, prompts, 1, SamplingSettings(max_tokens=8, temperature=0), 0)
    for prompt, (own,) in zip(prompts, found, strict=True):
        ids = torch.tensor([tokenizer(chat_text(tokenizer, prompt), add_special_tokens=False)["input_ids"]])
        whole = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False)
        assert own.text == tokenizer.decode(whole[0, ids.shape[1] :], skip_special_tokens=True).strip()


def test_log_probabilities_are_the_sums_over_the_completion(tiny_model):
    import torch

    from polyarena.harness.stages.training.logprobs import completion_logprobs
    from polyarena.harness.stages.training.models import CHATML, encode_pairs, load_model

    model, tokenizer = load_model(tiny_model, "cpu").eval(), _tokenizer(tiny_model, CHATML)
    pairs = [("a", "bc"), ("a longer prompt", "and a longer answer"), ("x" * 90, "cut away")]
    found = completion_logprobs(model, tokenizer, pairs, 64)
    assert found[2] == (0.0, 0)
    for (prompt, whole), (total, count) in zip(encode_pairs(tokenizer, pairs)[:2], found[:2], strict=True):
        logits = model(torch.tensor([whole[:64]])).logits[0].log_softmax(-1).detach()
        wanted = sum(float(logits[at - 1, whole[at]]) for at in range(len(prompt), min(len(whole), 64)))
        assert total == pytest.approx(wanted, abs=1e-3)
        assert count == len(whole[:64]) - len(prompt)


def test_a_checkpoint_is_a_system_and_a_reward_model_a_judge(pipeline_data, tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump(pipeline_data("base", "pairs", "rm")))
    train(load_pipeline(path))
    judge = build({"pipeline": str(path), "stage": "rm"}, None)
    (verdict,) = judge.decide([Match("eng_Latn", "q?", Answer("good"), Answer("good"))])
    assert verdict.label == "A=B"
    assert "reward" in str(judge.signature)
    stage = find_model_type("stage")
    args = {"pipeline": "pipeline.yaml", "stage": "base", "dtype": "float32", "device": "cpu"}
    around = ModelContext(base=str(tmp_path))
    stage.check(args, around, "")
    identity = stage.identity(args, around, "eng_Latn")
    assert identity["content"] == f"sha256:{stage_output(path, 'base', '').content}"
    assert str(tmp_path) not in json.dumps(identity)


def test_an_experiment_compares_stages_and_draws_the_steps(pipeline_data, tmp_path, monkeypatch):
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump(pipeline_data("base", "mix", "pairs", "sft", "rm")))
    train(load_pipeline(path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    args = {"pipeline": "pipeline.yaml", "dtype": "float32", "device": "cpu", "batch_size": 4}
    experiment = tmp_path / "experiment.yaml"
    experiment.write_text(
        yaml.safe_dump(
            {
                "name": "stages",
                "systems": [
                    {"name": name, "model": "stage", "args": {**args, "stage": name}, "sampling": {"max_tokens": 4}}
                    for name in ("base", "sft")
                ],
                "baseline": "base",
                "tasks": [{"task": "polyarena_mini", "limit": 2}],
                "languages": "eng, deu",
                "judges": [
                    "rules",
                    {"name": "rm", "judge": "reward", "args": {"pipeline": "pipeline.yaml", "stage": "rm"}},
                ],
            }
        )
    )
    finished = run(plan(experiment, output=tmp_path / "run"), report=False)
    assert not finished.failures
    assert set(finished.battles()["judge"]) == {"rules", "rm"}
    assert (
        main(
            [
                "figure",
                "steps",
                str(tmp_path / "run"),
                "--judge",
                "rules",
                "--systems",
                "base,sft",
                "-o",
                str(tmp_path / "steps.svg"),
            ]
        )
        == 0
    )
    assert (tmp_path / "steps.svg").stat().st_size > 1000
