"""Small checkpoints: a config and a few tensors, no model."""

import json

import pytest

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 32,
    "hidden_size": 8,
    "intermediate_size": 12,
    "num_hidden_layers": 11,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 4,
    "rms_norm_eps": 1e-05,
    "tie_word_embeddings": True,
}
SHAPES = {
    "input_layernorm.weight": (8,),
    "mlp.down_proj.weight": (8, 12),
    "mlp.gate_proj.weight": (12, 8),
    "mlp.up_proj.weight": (12, 8),
    "post_attention_layernorm.weight": (8,),
    "self_attn.k_proj.weight": (4, 8),
    "self_attn.o_proj.weight": (8, 8),
    "self_attn.q_proj.weight": (8, 8),
    "self_attn.v_proj.weight": (4, 8),
}


@pytest.fixture
def random_tensors():
    """Draw the tensors of a Llama from a normal distribution: no two checkpoints are near each other."""
    torch = pytest.importorskip("torch")

    def random_tensors(seed, size=1.0):
        generator = torch.Generator().manual_seed(seed)
        names = {"model.embed_tokens.weight": (32, 8), "model.norm.weight": (8,)}
        layers = range(CONFIG["num_hidden_layers"])
        names |= {f"model.layers.{layer}.{name}": shape for layer in layers for name, shape in SHAPES.items()}
        return {name: size * torch.randn(shape, generator=generator) for name, shape in sorted(names.items())}

    return random_tensors


@pytest.fixture
def checkpoint(tmp_path):
    """Write a checkpoint and return its folder."""
    safetensors_torch = pytest.importorskip("safetensors.torch")

    def checkpoint(name, tensors, **config):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({**CONFIG, **config}), "utf-8")
        safetensors_torch.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return folder

    return checkpoint


@pytest.fixture
def load():
    """Read the tensors of a checkpoint by the library of the format."""
    safetensors_torch = pytest.importorskip("safetensors.torch")

    def load(folder):
        found = {}
        for path in sorted(folder.glob("*.safetensors")):
            found |= safetensors_torch.load_file(path)
        return found

    return load
