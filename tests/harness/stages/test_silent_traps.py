"""What a training stage must say or do in silence: lost rows, lengths beside rewards, references, seeds, and NaN."""

import importlib
import json
from collections import Counter
from statistics import mean

import pytest

from polyarena.harness.stages.files import read_pairs, read_rows
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import Silence, train
from polyarena.harness.stages.protocol import StageContext
from polyarena.tasks.errors import DataError, ModelError, StoreError

pytestmark = pytest.mark.training
BEFORE = ("base", "mix", "pairs", "rm")


def trained(mapping, **options):
    return {each.name: each.folder for each in train(load_pipeline(mapping), **options)}


def results(folder):
    return json.loads((folder / "results.json").read_text())


def module(name):
    return importlib.import_module(f"polyarena.harness.stages.training.{name}")


# Rows and pairs of German and Swahili: the first three of each kind lose their prompt, or a completion, to the limit.
LONG = "x" * 120


def write_uneven(tmp_path):
    rows = [
        {"inputs": f"{code} {at} {LONG if long and at < 3 else ''}?", "targets": f"{at} yes", "language_code": code}
        for code, long in (("deu", False), ("swh", True))
        for at in range(16)
    ]
    pairs = [
        {
            "prompt": f"{code} {at} {LONG if code == 'swh' and at < 3 else ''}?",
            "chosen": f"good {at}",
            "rejected": f"bad {LONG if code == 'swh' and 3 <= at < 5 else ''}",
            "language": code,
        }
        for code in ("deu", "swh")
        for at in range(16)
    ]
    for name, found in (("rows", rows), ("pairs", pairs)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in found), "utf-8")


STAGES = {
    "sft": (("base", "mix", "sft"), {"measure_on": None}),
    "dpo": (("base", "pairs", "dpo"), {"model": "base"}),
    "rm": (("base", "pairs", "rm"), {}),
    "online": (("base", "mix", "online"), {"model": "base", "rounds": 1, "arbiters": [{"judge": "rules"}]}),
    "rloo": (
        ("base", "mix", "online"),
        {"model": "base", "rounds": 1, "arbiters": [{"judge": "rules"}], "algorithm": "rloo", "batch_size": 2},
    ),
}


def uneven(pipeline_data, kind, **more):
    stages, changes = STAGES[kind]
    own = {"mix": {"held_out": 0}, "pairs": {"language": None}, stages[-1]: {"steps": 1, **changes, **more}}
    if stages[-1] == "online":
        own["online"]["sampling"] = {"max_tokens": 40, "temperature": 1.0, "batch_size": 8}
    return pipeline_data(*stages, **{name: own[name] for name in stages if name in own})


@pytest.mark.parametrize("kind", list(STAGES))
def test_rows_lost_to_the_limit_are_counted_by_language(pipeline_data, tmp_path, kind):
    write_uneven(tmp_path)
    done = trained(uneven(pipeline_data, kind))
    found = {each["language"]: each for each in results(list(done.values())[-1])["lengths"]}
    # A reward model is trained on whole texts; elsewhere a completion that is too long is cut.
    lost, cut = (5, 0) if kind == "rm" else (3, 2 if kind == "dpo" else 0)
    assert {code: (each["rows"], each["left_out"], each["cut"]) for code, each in found.items()} == {
        "deu_Latn": (16, 0, 0),
        "swh_Latn": (16, lost, cut),
    }


@pytest.mark.parametrize("kind", list(STAGES))
def test_a_language_that_the_limit_removes_stops_every_stage_by_name(pipeline_data, tmp_path, kind):
    write_uneven(tmp_path)
    for name in ("rows", "pairs"):
        lines = (tmp_path / f"{name}.jsonl").read_text().splitlines(keepends=True)
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(each for each in lines if '"deu"' in each or f"{LONG}?" in each)
        )
    with pytest.raises(DataError, match="max_length 96 leaves nothing of swh_Latn") as refused:
        train(load_pipeline(uneven(pipeline_data, kind, languages="deu, swh")))
    assert refused.value.where == STAGES[kind][0][-1]


@pytest.mark.parametrize("kind", ["sft", "dpo", "rm", "online"])
def test_rows_that_the_trainer_leaves_out_by_itself_stop_the_stage(pipeline_data, tmp_path, monkeypatch, kind):
    """The limit as the stage counts it must be that of the trainer, or rows go missing in silence."""
    write_uneven(tmp_path)
    place, name = {"sft": ("sft", "rows_within"), "dpo": ("dpo", "pairs_within"), "rm": ("reward", "pairs_within"),
                   "online": ("online", "pairs_within")}[kind]  # fmt: skip
    found = module(place)
    original = getattr(found, name)

    def all_of(rows, *given, **options):
        kept, table = original(rows, *given, **options)
        if kind == "online":
            first = rows[0]
            return [*kept, type(first)(**{**_fields(first), "prompt": LONG, "row_id": "long"})], table
        return list(rows), table

    monkeypatch.setattr(found, name, all_of)
    with pytest.raises(DataError, match=r"the trainer left out \d+ (row|pair)s?"):
        train(load_pipeline(uneven(pipeline_data, kind)))


def _fields(record):
    return {name: getattr(record, name) for name in type(record).__dataclass_fields__}


RATED = ("reward", "margin", "accurac", "positive")
MEASURED = ("characters", "tokens", "longer")


def rated_without_length(value, beside=()):
    """Return the keys of rewards beside which, or above which, no length stands."""
    if isinstance(value, list):
        return [found for each in value for found in rated_without_length(each, beside)]
    if not isinstance(value, dict):
        return []
    names = (*beside, *value)
    measured = any(sign in name for name in names for sign in MEASURED)
    found = [name for name in value if any(sign in name for sign in RATED) and not measured]
    return found + [bad for each in value.values() for bad in rated_without_length(each, names)]


def test_the_check_for_lengths_finds_what_has_none():
    assert rated_without_length({"a": [{"reward": 1.0}], "b": {"margin": 1, "tokens": 2}}) == ["reward"]
    assert rated_without_length({"tokens": 3, "held_out": {"all": {"accuracy": 1.0}}}) == []


def test_lengths_stand_beside_every_reward(pipeline_data, tmp_path):
    pairs = [
        {"prompt": f"{code} {at}?", "chosen": "a longer text" if code == "deu" else "short", "rejected": "bad text",
         "language": code}
        for code in ("deu", "swh") for at in range(12)
    ]  # fmt: skip
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(each) + "\n" for each in pairs), "utf-8")
    few = {"steps": 1, "rounds": 1}
    mapping = pipeline_data(
        *BEFORE, "dpo", "online", "pool", "routed", "chosen", pairs={"language": None}, rm={"held_out": 0.5},
        dpo={"model": "base", "steps": 1}, online={"model": "base", **few},
    )  # fmt: skip
    (rloo,) = pipeline_data("online", online={"model": "base", "algorithm": "rloo", "batch_size": 2, **few})["stages"]
    mapping["stages"].append({**rloo, "name": "rloo"})
    done = trained(mapping)
    found = {name: results(folder) for name, folder in done.items() if (folder / "results.json").is_file()}
    assert set(found) >= {"rm", "dpo", "online", "rloo", "pool", "routed", "chosen"}
    assert {name: bad for name, each in found.items() if (bad := rated_without_length(each))} == {}
    held_out = {code: each["longer_is_chosen"] for code, each in found["rm"]["held_out"].items()}
    assert (held_out["deu_Latn"], held_out["swh_Latn"]) == (1.0, 0.0)
    split = module("preference_data").split_by_prompt
    for name, share in (("rm", 0.5), ("dpo", 0.1)):
        train_on, _ = split(read_pairs(done["pairs"]), share, 0)
        assert lengths(found[name]) == lengths_of(train_on)
    assert lengths(found["online"]["rounds"][0]) == lengths_of(read_pairs(done["online"] / "round-1"))
    pool = [json.loads(line) for line in (done["pool"] / "pool.jsonl").read_text().splitlines()]
    for teacher in found["pool"]["teachers"]:
        texts = [each["completion"] for each in pool if each["teacher"] == teacher["teacher"]]
        assert teacher["mean_characters"] == pytest.approx(mean(map(len, texts)))
    for each in ("online", "rloo"):
        for policy in (found[each]["first_policy"], *found[each]["rounds"]):
            assert 0 < policy["tokens"] <= 6


def lengths(record):
    return tuple(record[name] for name in ("chosen_characters", "rejected_characters", "chosen_is_longer"))


def lengths_of(pairs):
    sizes = [(len(pair.chosen), len(pair.rejected)) for pair in pairs]
    longer = mean((one > two) + (one == two) / 2 for one, two in sizes)
    return pytest.approx((mean(one for one, _ in sizes), mean(two for _, two in sizes), longer))


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "trainer_state.json", "rng_state.pth"])
@pytest.mark.parametrize("kind", ["dpo", "rm", "online", "rloo"])
def test_a_checkpoint_without_a_part_stops_every_kind_of_stage(pipeline_data, tmp_path, kind, name):
    pipeline = interrupted(pipeline_data, tmp_path, kind)
    (newest,) = sorted(pipeline.folder.glob(f"**/trainer/checkpoint-*/{name}"))[-1:]
    newest.unlink()
    with pytest.raises(StoreError, match=f"{name} is missing"):
        train(pipeline)


@pytest.mark.parametrize("kind", list(STAGES))
def test_training_goes_on_at_the_step_after_the_newest_checkpoint(pipeline_data, tmp_path, kind):
    pipeline = interrupted(pipeline_data, tmp_path, kind)
    newest = max(int(path.name.rpartition("-")[2]) for path in pipeline.folder.glob("**/trainer/checkpoint-*"))
    again = Steps()
    train(pipeline, listener=again)
    assert again.steps == list(range(newest + 1, 5))
    assert newest >= 2


class Steps(Silence):
    """Notes the steps of training, and interrupts at one of them."""

    def __init__(self, stop=None):
        self.stop = stop
        self.steps = []

    def report(self, activity, done, total, numbers):
        if "loss" in numbers:
            self.steps.append(done)
            if done == self.stop:
                raise KeyboardInterrupt


def interrupted(pipeline_data, tmp_path, kind):
    """Return a pipeline whose last stage was interrupted at the third of four steps."""
    write_uneven(tmp_path)
    pipeline = load_pipeline(uneven(pipeline_data, kind, steps=4, save_steps=1, max_length=200))
    with pytest.raises(KeyboardInterrupt):
        train(pipeline, listener=Steps(stop=3))
    return pipeline


def test_every_round_is_held_to_the_reference_that_is_named(pipeline_data):
    online = {"model": "sft", "reference": "base", "rounds": 1, "arbiters": [{"judge": "rules"}], "steps": 1}
    online |= {"samples": 4, "batch_size": 99, "sampling": {"max_tokens": 40, "temperature": 1.0, "batch_size": 8}}
    done = trained(pipeline_data("base", "mix", "sft", "online", sft={"learning_rate": 1e-2}, online=online))
    assert_margin(
        results(done["online"])["rounds"][0]["first_margin"], done["sft"], done["base"], done["online"] / "round-1"
    )


@pytest.mark.parametrize("reference", ["sft", "base"])
def test_margins_on_held_out_pairs_are_those_of_the_reference_that_is_named(pipeline_data, reference):
    dpo = {"reference": reference, "steps": 2, "held_out": 0.5}
    done = trained(pipeline_data("base", "mix", "pairs", "sft", "dpo", sft={"learning_rate": 1e-2}, dpo=dpo))
    _, held_out = module("preference_data").split_by_prompt(read_pairs(done["pairs"]), 0.5, 0)
    found = results(done["dpo"])["held_out_margin"]
    for when, policy in (("before", "sft"), ("after", "dpo")):
        assert_margin(found[when]["mean"], done[policy], done[reference], held_out)


def assert_margin(found, policy, reference, pairs):
    models = module("models")
    pairs = read_pairs(pairs) if not isinstance(pairs, list) else pairs
    both = (models.load_model(folder, "cpu") for folder in (policy, reference))
    wanted = mean(module("logprobs").margins(*both, models.load_tokenizer(policy), pairs, 0.1, 96))
    assert found == pytest.approx(wanted, abs=1e-4)
    assert (abs(wanted) > 1e-2) is (policy != reference)


@pytest.mark.parametrize("lora", [None, {}], ids=["full", "lora"])
@pytest.mark.parametrize("algorithm", ["rloo", "grpo"])
def test_the_controls_are_held_to_the_start_of_their_stage(pipeline_data, algorithm, lora):
    online = {"model": "sft", "algorithm": algorithm, "rounds": 1, "batch_size": 2, "steps": 3, "lora": lora,
              "learning_rate": 1e-2, "arbiters": [{"judge": "rules"}]}  # fmt: skip
    done = trained(pipeline_data("base", "mix", "sft", "online", sft={"learning_rate": 1e-2}, online=online))
    log = json.loads((done["online"] / "round-1" / "training_log.json").read_text())
    assert abs(log[0]["kl"]) < 1e-5 < abs(log[-1]["kl"])


@pytest.mark.parametrize(("kind", "loss"), [("sft", 5.5), ("dpo", 0.693), ("rm", 0.693)])
def test_divergence_is_judged_by_the_loss_of_a_batch_however_many_make_a_step(pipeline_data, kind, loss):
    stages, changes = STAGES[kind]
    several = {**changes, "gradient_accumulation": 3, "steps": 1, "learning_rate": 1e-6}
    with pytest.raises(ModelError, match="diverged at step 1"):
        train(load_pipeline(pipeline_data(*stages, **{stages[-1]: {**several, "diverged_above": 0.6 * loss}})))
    train(load_pipeline(pipeline_data(*stages, **{stages[-1]: {**several, "diverged_above": 2 * loss}})))


NAN = {
    "pool": ((*BEFORE, "pool"), {"arbiters": [{"judge": "reward", "stage": "rm"}]}),
    "online": ((*BEFORE, "online"), {"model": "base"}),
    "rloo": ((*BEFORE, "online"), {"model": "base", "algorithm": "rloo", "rounds": 1, "batch_size": 2}),
    "grpo": ((*BEFORE, "online"), {"model": "base", "algorithm": "grpo", "rounds": 1, "batch_size": 2}),
    "rm": (("base", "pairs", "rm"), {}),
}


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize("kind", list(NAN))
def test_a_reward_that_is_no_number_stops_every_stage(pipeline_data, monkeypatch, kind, after, bad):
    stages, changes = NAN[kind]
    mapping = pipeline_data(*stages, **{stages[-1]: changes})
    if stages[-1] != "rm":
        train(load_pipeline({**mapping, "stages": mapping["stages"][:-1]}))
    reward_model = importlib.import_module("polyarena.harness.models.reward").RewardModel
    original, calls = reward_model.__call__, []

    def diverged(self, asked):
        found = original(self, asked)
        calls.append(1)
        # The scores of the held-out prompts come first, and a stage has few batches.
        return [*found[:-1], bad] if len(calls) > (after if "online" in stages else 0) else found

    monkeypatch.setattr(reward_model, "__call__", diverged)
    with pytest.raises(ModelError, match=r"1 of \d+ rewards are no finite numbers"):
        train(load_pipeline(mapping))


@pytest.mark.parametrize("first_round", [1, 2])
def test_rounds_draw_anew_from_fresh_prompts_and_pair_the_best_with_the_worst(pipeline_data, monkeypatch, first_round):
    online = module("online")
    sampled, scored, seeds = [], [], []

    def note(name, keep):
        original = getattr(online, name)

        def noted(*given, **options):
            found = original(*given, **options)
            keep(given, found)
            return found

        monkeypatch.setattr(online, name, noted)

    note("sample", lambda given, found: sampled.append((given[2], given[5], found)))
    note("reward", lambda given, found: scored.append((given[0], found)))
    note("train_on_pairs", lambda given, found: seeds.append(given[1].seed))
    changes = {"model": "base", "first_round": first_round, "samples": 3, "prompts_per_round": 6}
    mapping = pipeline_data(*BEFORE, "online", online=changes)
    # A prompt that recurs in another language's rows is no fresh one.
    done = trained({**mapping, "seed": 7})
    overall = [first_round, first_round + 1]
    before, first, after_first, second, after_second = sampled
    assert [texts for texts, *_ in (before, after_first, after_second)] == [before[0]] * 3
    assert len({seed for _, seed, _ in (before, after_first, after_second)}) == 1
    assert len({seed for _, seed, _ in (before, first, second)}) == 3
    assert [seed for _, seed, _ in (first, second)] == [7 + 1000 * number for number in overall]
    assert seeds == [7 + number for number in overall]
    used = Counter(prompt for texts, *_ in (before, first, second) for prompt in texts)
    assert len(used) == 4 + 6 + 6
    assert set(used.values()) == {1}
    assert all(len(texts) == 3 for _, _, found in sampled for texts in found)
    for number, (candidates, rewards) in ((1, scored[1]), (2, scored[3])):
        pairs = read_pairs(done["online"] / f"round-{number}")
        assert pairs
        for pair in pairs:
            own = {each.completion: score for each, score in zip(candidates, rewards, strict=True)
                   if each.prompt == pair.prompt}  # fmt: skip
            assert own[pair.chosen] == pair.chosen_reward == max(own.values())
            assert own[pair.rejected] == pair.rejected_reward == min(own.values())


def test_a_prompt_that_recurs_is_in_one_round_at_most(pipeline_data, tmp_path):
    with (tmp_path / "rows.jsonl").open("a") as stream:
        for at in range(12):
            row = {"inputs": f"eng {at}?", "targets": f"another answer {at}", "language_code": "eng"}
            stream.write(json.dumps(row) + "\n")
    mapping = pipeline_data(
        "base", "mix", "online", mix={"held_out": 0, "pruning": {"near_duplicates": False}},
        online={"model": "base", "arbiters": [{"judge": "rules"}], "rounds": 1, "prompts_per_round": 73,
                "held_out_prompts": 2},
    )  # fmt: skip
    assert len({row.prompt for row in read_rows(trained({**mapping, "stages": mapping["stages"][:2]})["mix"])}) == 72
    with pytest.raises(DataError, match="72 prompts are too few"):
        train(load_pipeline(mapping))


def test_every_global_generator_and_the_trainer_start_from_the_seed(pipeline_data, tmp_path):
    torch = importlib.import_module("torch")
    random, numpy = importlib.import_module("random"), importlib.import_module("numpy")
    trainers = module("trainers")

    def drawn(seed):
        trainers.prepare(StageContext(folder=tmp_path, inputs={}, base=tmp_path, seed=seed))
        return random.random(), float(numpy.random.rand()), float(torch.rand(1))

    one, again, other = (drawn(seed) for seed in (3, 3, 4))
    assert one == again
    assert all(a != b for a, b in zip(one, other, strict=True))
    stage = load_pipeline(pipeline_data("base", "mix", "sft")).stages[-1]
    context = StageContext(folder=tmp_path, inputs={}, base=tmp_path, seed=7)
    found = trainers.arguments(stage, context, importlib.import_module("trl").SFTConfig)
    assert (found["seed"], found["data_seed"]) == (7, 7)
