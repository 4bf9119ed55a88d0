"""A tiny random model with a byte tokenizer, and pipelines over it that train in seconds."""

from __future__ import annotations

import json

import pytest

LANGUAGES = ("eng_Latn", "deu_Latn", "swh_Latn")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """The folder of a random Llama of two layers, whose tokens are bytes."""
    torch = pytest.importorskip("torch")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocabulary = {token: number for number, token in enumerate([*specials, *alphabet])}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512,
            bos_token_id=1, eos_token_id=2, pad_token_id=2, tie_word_embeddings=True,
        )
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tiny") / "model"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_rows(path, count=24, languages=LANGUAGES):
    rows = [
        {"inputs": f"{language[:3]} {number}?", "targets": f"{number} yes", "language_code": language}
        for number in range(count)
        for language in languages
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def write_pairs(path, count=24):
    rows = [{"prompt": f"q{number}?", "chosen": f"good {number}", "rejected": "bad"} for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


TRAINING = {"learning_rate": 1e-3, "batch_size": 4, "max_length": 96, "bf16": False}
"""Settings of the training stages of tiny pipelines."""


@pytest.fixture
def pipeline_data(tmp_path, tiny_model):
    """Returns the mapping of a pipeline over the tiny model, with the named stages and what they read."""
    write_rows(tmp_path / "rows.jsonl")
    write_pairs(tmp_path / "pairs.jsonl")
    sampling = {"max_tokens": 6, "temperature": 1.0, "batch_size": 8}
    rules = [{"judge": "rules"}]
    stages = {
        "base": {"type": "base", "pretrained": str(tiny_model), "chat_template": "chatml", "licence": "MIT"},
        "mix": {
            "type": "mixture",
            "sources": [{"name": "own", "path": str(tmp_path / "rows.jsonl"), "licence": "CC0-1.0"}],
            "held_out": 2,
        },
        "pairs": {"type": "pairs", "path": str(tmp_path / "pairs.jsonl"), "language": "eng", "licence": "CC-BY-NC-4.0"},
        "sft": {"type": "sft", "model": "base", "data": ["mix"], "measure_on": "mix", "steps": 6, "save_steps": 2},
        "dpo": {"type": "dpo", "model": "sft", "data": "pairs", "steps": 3, "lora": {}},
        "rm": {"type": "reward", "model": "base", "data": "pairs", "steps": 3},
        "online": {
            "type": "online", "model": "dpo", "prompts": "mix", "arbiters": [{"judge": "reward", "stage": "rm"}],
            "rounds": 2, "patience": 0, "prompts_per_round": 8, "held_out_prompts": 4, "samples": 2, "steps": 2,
            "sampling": sampling,
        },
        "pool": {
            "type": "pool", "prompts": "mix", "limit": 4, "arbiters": rules,
            "teachers": [
                {"name": "people", "people": True},
                {"name": "tiny", "stage": "base", "sampling": sampling, "system_prompt": "Answer in {language}."},
            ],
        },
        "routed": {"type": "arbitrage", "pool": "pool"},
        "chosen": {"type": "preferences", "pool": "pool"},
        "merged": {"type": "merge", "models": ["base", "sft"], "weights": {"base": 0.25, "sft": 0.75}},
    }  # fmt: skip

    def pipeline_data(*names, **changes):
        chosen = [
            {
                "name": name,
                **stages[name],
                **(TRAINING if stages[name]["type"] in ("sft", "dpo", "reward", "online") else {}),
                **changes.get(name, {}),
            }
            for name in names
        ]
        hardware = {"device": "cpu", "threads": 1}
        return {"name": "tiny", "output": str(tmp_path / "out"), "hardware": hardware, "stages": chosen}

    return pipeline_data
