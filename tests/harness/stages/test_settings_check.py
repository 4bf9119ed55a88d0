"""What only the training libraries know to be wrong: refused before the first stage runs, never with a traceback."""

import ast
import inspect
import re

import pytest

from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import train
from polyarena.harness.stages.pipeline.training_stages import DPO_LOSSES
from polyarena.tasks.errors import DataError, ExperimentError, PolyarenaError

pytestmark = pytest.mark.training


@pytest.mark.parametrize(
    ("changes", "message", "key"),
    [
        ({"optimizer": "adamw_torchfused"}, "unknown optimizer 'adamw_torchfused'\n.*adamw_torch_fused", "optimizer"),
        ({"report_to": ["tensorbord"]}, "cannot report to 'tensorbord'\n.*tensorboard", "report_to"),
        ({"report_to": ["neptune"]}, "'neptune' is not installed\n.*pip install neptune", "report_to"),
    ],
)
def test_names_of_the_libraries_are_checked_before_the_first_stage(pipeline_data, tmp_path, changes, message, key):
    mapping = pipeline_data("base", "mix", "sft", sft=changes)
    with pytest.raises(PolyarenaError, match=message) as error:
        train(load_pipeline(mapping))
    assert error.value.where == f"sft.{key}"
    assert not list((tmp_path / "out").glob("base/*"))


def test_all_stages_are_checked_at_once(pipeline_data):
    wrong = {"optimizer": "none_such"}
    with pytest.raises(PolyarenaError) as error:
        train(load_pipeline(pipeline_data("base", "mix", "pairs", "sft", "rm", sft=wrong, rm=wrong)))
    assert [error.value.where, *(other.where for other in error.value.also)] == ["sft.optimizer", "rm.optimizer"]


def test_a_gpu_that_is_not_there_is_missed_before_the_first_stage(pipeline_data, tmp_path):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    mapping = pipeline_data("base", "mix", "sft") | {"hardware": {"device": "cuda"}}
    with pytest.raises(PolyarenaError, match="there is no GPU"):
        train(load_pipeline(mapping))
    assert not list((tmp_path / "out").glob("base/*"))


@pytest.mark.parametrize("changes", [{"lora": {"targets": ["none_such"]}}, {"trainer": {"logging_strategy": "never"}}])
def test_what_a_trainer_refuses_is_an_error_with_its_reason(pipeline_data, changes):
    with pytest.raises(ExperimentError, match=r"the trainer refuses the settings of this stage\n  why: .+\n  fix: "):
        train(load_pipeline(pipeline_data("base", "mix", "sft", sft=changes)))


def test_the_losses_are_those_of_the_trainer():
    trl = pytest.importorskip("trl")
    source = inspect.getsource(trl.DPOTrainer)
    listed = re.search(r"Unknown loss type: .*?Should be one of (.*?)\"\s*\)", source, re.DOTALL)
    names = re.findall(r"'([a-z_]+)'", listed[1])
    assert set(names) == set(DPO_LOSSES)
    assert {ast.literal_eval(name) for name in re.findall(r'loss_type == (".*?")', source)} <= set(DPO_LOSSES)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{% for x in %}", "Expected an expression"),
        (b"\xff\xfe", "not UTF-8"),
        (b"hello", "it leaves out what user and assistant said"),
        (b"{{ messages[0].content }}", "it leaves out what assistant said"),
        (None, "No such file"),
    ],
)
def test_a_chat_template_that_cannot_be_used_is_refused_where_it_is_named(pipeline_data, tmp_path, content, why):
    path = tmp_path / "chat.jinja"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="the chat template cannot be") as error:
        train(load_pipeline(pipeline_data("base", base={"chat_template": str(path)})))
    assert why in error.value.why
    assert "chatml" in error.value.fix


def test_a_teacher_without_prompts_in_its_languages_is_refused(pipeline_data):
    teachers = [
        {"name": "people", "people": True},
        {"name": "tiny", "stage": "base", "languages": "fra", "sampling": {"max_tokens": 2}},
    ]
    with pytest.raises(DataError, match=r"the teacher 'tiny' has no prompts\n.*fra"):
        train(load_pipeline(pipeline_data("base", "mix", "pool", pool={"teachers": teachers})))
