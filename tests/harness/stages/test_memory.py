"""A lack of memory in any part of a stage names settings that exist, and the next start goes on."""

import errno
import importlib
import re

import pytest

from polyarena.harness.stages.memory import is_out_of_memory, memory_errors
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import train
from polyarena.harness.stages.pipeline.schema import STAGE_TYPES
from polyarena.harness.stages.pipeline.settings import ArbiterSettings, SamplingSettings
from polyarena.tasks.errors import ModelError, StoreError

CPU = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried 9 bytes."


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"), True),
        (RuntimeError(CPU), True),
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("size mismatch"), False),
        (ValueError("out of memory"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
    ],
)
def test_a_lack_of_memory_is_told_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected
    with pytest.raises(ModelError if expected else type(error)), memory_errors("the stage", "the fix"):
        raise error


def test_what_is_said_already_stays():
    with pytest.raises(StoreError, match="out of memory"), memory_errors("the stage", "the fix"):
        raise StoreError("out of memory")


def errors():
    torch = pytest.importorskip("torch")
    return {"gpu": torch.OutOfMemoryError("CUDA out of memory.\nmore"), "processor": RuntimeError(CPU)}


TRAINING = "polyarena.harness.stages.training."
RULES = {"arbiters": [{"judge": "rules"}]}
REWARD = {"arbiters": [{"judge": "reward", "stage": "rm"}]}
BEFORE = ("base", "mix", "pairs", "rm")
ONE = {"model": "base", "rounds": 1}
PLACES = {
    # What is patched, how many calls of it pass, the stages, and the settings that the fix must name.
    "pool, sampling": (f"{TRAINING}sampling._generate", 1, (*BEFORE, "pool"), REWARD, "sampling.batch_size"),
    "pool, loading": (f"{TRAINING}models.AutoModelForCausalLM.from_pretrained", 0, (*BEFORE, "pool"), REWARD,
                      "sampling.batch_size"),
    "pool, scoring": ("polyarena.harness.models.reward.RewardModel.__call__", 1, (*BEFORE, "pool"), REWARD, "bf16"),
    "online, sampling": (f"{TRAINING}sampling._generate", 3, (*BEFORE, "online"), ONE, "sampling.batch_size"),
    "online, scoring": ("polyarena.harness.models.reward.RewardModel.__call__", 1, (*BEFORE, "online"), ONE, "bf16"),
    "rloo, scoring": ("polyarena.harness.models.reward.RewardModel.__call__", 2, (*BEFORE, "online"),
                      {**ONE, "algorithm": "rloo", "batch_size": 2}, "bf16"),
    "rloo, training": ("trl.RLOOTrainer.compute_loss", 1, (*BEFORE, "online"),
                       {**ONE, "algorithm": "rloo", "batch_size": 2}, "samples"),
    "sft, training": ("trl.SFTTrainer.compute_loss", 1, ("base", "mix", "sft"), {}, "gradient_accumulation"),
    "sft, measuring": (f"{TRAINING}logprobs.completion_logprobs", 1, ("base", "mix", "sft"), {}, "max_length"),
    "dpo, measuring": (f"{TRAINING}logprobs.completion_logprobs", 1, ("base", "pairs", "dpo"), {"model": "base"},
                       "max_length"),
}  # fmt: skip


@pytest.mark.training
@pytest.mark.parametrize("device", ["gpu", "processor"])
@pytest.mark.parametrize("place", list(PLACES))
def test_a_lack_of_memory_names_settings_that_exist_and_the_next_start_goes_on(pipeline_data, place, device):
    target, passing, stages, changes, wanted = PLACES[place]
    often = {} if stages[-1] == "pool" else {"save_steps": 1}
    mapping = pipeline_data(*stages, **{stages[-1]: {**often, **changes}})
    train(load_pipeline({**mapping, "stages": mapping["stages"][:-1]}))
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        owner, name = _owner(target)
        original = getattr(owner, name)

        def scarce(*given, **options):
            calls.append(1)
            if len(calls) > passing:
                raise errors()[device]
            return original(*given, **options)

        patch.setattr(owner, name, scarce)
        with pytest.raises(ModelError, match="the memory of the device does not suffice") as refused:
            train(load_pipeline(mapping))
    assert refused.value.why == str(errors()[device]).splitlines()[0]
    assert wanted in refused.value.fix
    _refuse_unknown_settings(refused.value.fix, mapping["stages"][-1]["type"])
    assert train(load_pipeline(mapping))[-1].manifest is not None


def _owner(target):
    parts = target.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            owner = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:-1]:
            owner = getattr(owner, name)
        return owner, parts[-1]
    raise AssertionError(target)


def _refuse_unknown_settings(fix, type_name):
    """Each setting in backticks must be one of the stage, of its sampling or of its arbiters."""
    known = {"sampling", *STAGE_TYPES[type_name].model_fields, *ArbiterSettings.model_fields}
    known |= {f"sampling.{name}" for name in SamplingSettings.model_fields}
    names = {name.partition(":")[0] for name in re.findall(r"`([^`]+)`", fix)}
    assert names
    assert names <= known
