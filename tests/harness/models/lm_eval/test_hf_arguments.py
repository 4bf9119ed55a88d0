"""Wrong arguments of ``hf`` are refused before the weights are loaded."""

import ast
import importlib.util
from pathlib import Path

import pytest
from every_case import every_case

from polyarena.harness.models.lm_eval.hf_arguments import CLASS_ARGUMENTS, check_hf_arguments
from polyarena.tasks.errors import ExperimentError, PolyarenaError, UnknownNameError


@every_case(
    ("args", "message"),
    [
        ({"token_budgt": 100}, "did you mean 'token_budget'"),
        ({"tokenbudget": 100}, "did you mean 'token_budget'"),
        ({"batchsize": 8}, "did you mean 'batch_size'"),
        ({"pretrained_": "x"}, "did you mean 'pretrained'"),
        ({"token_budget": "many"}, "`token_budget` must be a number of tokens, 1 or more"),
        ({"token_budget": "100.5"}, "it is '100.5'"),
        ({"max_length": -1}, "`max_length` must be a number of tokens, 1 or more"),
        ({"max_length": True}, "it is True"),
        ({"batch_size": 0}, "`batch_size` must be a number, 1 or more, or auto"),
        ({"batch_size": "big"}, "it is 'big'"),
        ({"batch_size": None}, "it is None"),
        ({"max_batch_size": 0}, "`max_batch_size` must be a number, 1 or more"),
        ({"dtype": "float31"}, "did you mean 'float32'"),
        ({"dtype": "int4"}, "use one of: auto"),
        ({"device": "gpu"}, "use one of: cpu, cuda"),
        ({"device": "cud:0"}, "unknown device 'cud:0'"),
        ({"engine": "lmeval"}, "did you mean 'lm-eval'"),
        ({"engine": "lm-eval", "deterministic": True}, "needs the engine"),
        ({"deterministic": 1}, "must be true or false"),
    ],
)
def test_wrong_arguments_are_refused_while_planning(args, message):
    with pytest.raises(PolyarenaError, match=message) as caught:
        check_hf_arguments({"pretrained": "x", **args}, "e.yaml:3 (systems.0.args)")
    assert isinstance(caught.value, ExperimentError | UnknownNameError)
    assert str(caught.value).startswith("e.yaml:3 (systems.0.args): ")


@every_case(
    "args",
    [
        {},
        {"batch_size": "auto"},
        {"batch_size": "auto:4"},
        {"batch_size": "16"},
        {"device": "cuda:1", "dtype": "torch.bfloat16", "max_length": 2048},
        {"device": None, "dtype": None, "max_length": None},
        {"dtype": "float8_e4m3fn", "attn_implementation": "sdpa", "low_cpu_mem_usage": True, "load_in_8bit": True},
        {"torch_dtype": "float32", "device_map": "auto", "max_memory": {}, "quantization_config": {}, "token": "x"},
        {"code_revision": "x", "variant": "fp16", "use_safetensors": True, "tp_size": 2, "tokenizer_file": "x"},
    ],
)
def test_arguments_of_lm_eval_and_of_from_pretrained_are_passed_on(args):
    check_hf_arguments({"pretrained": "x", **args}, "")


def test_the_arguments_are_those_of_the_class():
    """Read from its text: importing it takes PyTorch."""
    package = importlib.util.find_spec("lm_eval")
    assert package is not None
    assert package.origin is not None
    text = (Path(package.origin).parent / "models" / "huggingface.py").read_text("utf-8")
    (hflm,) = [part for part in ast.parse(text).body if isinstance(part, ast.ClassDef) and part.name == "HFLM"]
    (init,) = [part for part in hflm.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
    names = {each.arg for each in (*init.args.args, *init.args.kwonlyargs)} - {"self"}
    assert names == set(CLASS_ARGUMENTS)
