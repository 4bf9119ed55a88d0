"""A sequence-classification checkpoint of random weights as a reward model."""

import math

import pytest
from every_case import every_case

from polyarena.harness.models.reward import RewardModel, RewardSettings, batches, build
from polyarena.judges import Answer, Match
from polyarena.tasks.errors import ExperimentError, ModelError, UnknownNameError

PAIRS = [
    ("Wer bist du?", "Ich bin ein Haus."),
    ("Wer?", "Niemand."),
    ("Was?", "Ein langer Satz, der nicht endet, nie."),
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, tiny_llama):
    """A one-output head on a one-layer model with the tiny tokenizer, as ``save_pretrained`` writes it."""
    torch = pytest.importorskip("torch", reason="the [hf] extra is not installed")
    from transformers import AutoTokenizer, LlamaConfig, LlamaForSequenceClassification

    def make(outputs):
        folder = tmp_path_factory.mktemp("reward") / f"outputs-{outputs}"
        tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
        tokenizer.save_pretrained(folder)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            config = LlamaConfig(
                vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
                num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.5,
                num_labels=outputs, pad_token_id=tokenizer.pad_token_id, bos_token_id=0, eos_token_id=1,
            )  # fmt: skip
            LlamaForSequenceClassification(config).save_pretrained(folder)
        return str(folder)

    return {outputs: make(outputs) for outputs in (1, 2)}


def test_scores_do_not_depend_on_the_batch(checkpoint):
    alone = RewardModel(RewardSettings(model=checkpoint[1], batch_size=1, device="cpu"))(PAIRS)
    together = RewardModel(RewardSettings(model=checkpoint[1], batch_size=3, device="cpu"))(PAIRS)
    assert together == pytest.approx(alone, abs=1e-4)
    assert len({round(score, 3) for score in alone}) == 3
    assert all(math.isfinite(score) for score in alone)


@every_case(
    ("lengths", "size", "divided"),
    [
        ([], 2, []),
        # Short texts are filled up: another batch costs more.
        ([5, 100, 50, 7], 4, [[1, 2, 3, 0]]),
        ([5, 100, 50, 7], 3, [[1, 2, 3], [0]]),
        # Long ones are not, once a batch is large enough.
        ([100, 600, 600, 590, 100], 8, [[1, 2, 3], [0, 4]]),
        ([3000, 100, 2900, 3000], 8, [[0, 3, 2], [1]]),
    ],
)
def test_batches_are_of_similar_lengths(lengths, size, divided):
    assert batches(lengths, size) == divided


def test_the_judge_prefers_the_higher_score_in_both_orders(checkpoint):
    judge = build({"model": checkpoint[1], "device": "cpu"}, None)
    a, b = Answer(PAIRS[0][1]), Answer(PAIRS[2][1])
    one, other = judge.decide([Match("deu_Latn", "?", a, b), Match("deu_Latn", "?", b, a)])
    assert {one.label.value, other.label.value} == {"A>B", "B>A"}
    assert one.error is None


def test_the_signature_follows_the_weights_and_not_the_batch(checkpoint):
    def signature(**args):
        return build({"model": checkpoint[1], **args}, None).signature

    assert signature() == signature(batch_size=2)
    assert signature() != signature(max_length=7)
    assert signature() != build({"model": checkpoint[2]}, None).signature
    assert "model:sha256:" in str(signature())


def test_a_checkpoint_with_two_outputs_is_no_reward_model(checkpoint):
    with pytest.raises(ModelError, match="2 outputs"):
        RewardModel(RewardSettings(model=checkpoint[2], device="cpu"))(PAIRS)


def test_a_checkpoint_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="cannot be loaded"):
        RewardModel(RewardSettings(model=str(tmp_path / "none"), device="cpu"))(PAIRS)


@every_case(
    ("args", "error", "complaint"),
    [
        ({}, ExperimentError, "needs a model"),
        ({"model": "m", "modell": 1}, UnknownNameError, "did you mean 'model'"),
        ({"model": "m", "tie_band": -1}, ExperimentError, "tie_band"),
    ],
)
def test_arguments_are_checked_without_loading(args, error, complaint):
    with pytest.raises(error, match=complaint):
        build(args, None)
    with pytest.raises(ExperimentError, match="endpoint"):
        build({"model": "m"}, lambda calls: iter(()))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"device": "nowhere"}, "cannot run on 'nowhere'"), ({"dtype": "load"}, "'load' is no type of weights")],
)
def test_a_device_or_type_that_is_none_is_told(checkpoint, settings, complaint):
    with pytest.raises(ModelError, match=complaint) as caught:
        RewardModel(RewardSettings(model=checkpoint[1], **settings))(PAIRS)
    assert caught.value.fix.startswith("use ")


@every_case("name", ["./nowhere", "../nowhere", "/nowhere/at/all", "~/nowhere"])
def test_a_folder_that_is_not_there_is_refused_before_anything_is_loaded(name):
    with pytest.raises(ExperimentError, match="there is no folder"):
        build({"model": name}, None)
    assert build({"model": "somebody/on-the-hub"}, None).signature
