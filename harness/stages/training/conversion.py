"""The stage ``base``: a model from a folder, a package or the hub, as float32 safetensors with a chat template."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer

from polyarena.harness.models.locations import locate
from polyarena.harness.stages.files import LICENCES, RESULTS, write_json
from polyarena.harness.stages.pipeline.training_stages import BaseStage
from polyarena.harness.stages.protocol import StageContext
from polyarena.harness.stages.training.models import CHATML, save_model
from polyarena.tasks.errors import DataError, ModelError


def run(stage: BaseStage, context: StageContext) -> None:
    """Copy the model into the stage's folder."""
    context.report("converting", 0, 1, {})
    found = locate(stage.pretrained, str(context.base), stage.name)
    source: str | Path = found.path if found else stage.pretrained
    options: dict[str, Any] = {} if found or not stage.revision else {"revision": stage.revision}
    if stage.gguf_file:
        options["gguf_file"] = stage.gguf_file
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
        model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, **options)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            "the base model cannot be loaded",
            where=stage.pretrained,
            why=" ".join(str(error).split())[:300],
            fix="name a folder, a package (package://NAME) or a model on the hub",
        ) from error
    if stage.chat_template == "chatml":
        tokenizer.chat_template = CHATML
    elif stage.chat_template != "own":
        tokenizer.chat_template = _template(context.base / stage.chat_template)
    _refuse_unusable_template(tokenizer, stage)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = _without_quantization(model) if stage.gguf_file else model
    save_model(model, tokenizer, context.folder)
    label = found.label if found else f"{stage.pretrained}@{stage.revision or 'main'}"
    write_json(context.folder / LICENCES, {stage.licence: [label]})
    config = model.config
    shape = {
        "parameters": model.num_parameters(),
        "layers": config.num_hidden_layers,
        "hidden": config.hidden_size,
        "vocabulary": config.vocab_size,
    }
    write_json(context.folder / RESULTS, {"source": label, "shape": shape})


def _template(path: Path) -> str:
    """Return the text of a chat template.

    Raises:
        DataError: There is no such file, or it is not UTF-8.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or str(error)
        raise DataError(
            "the chat template cannot be read", where=path, why=why, fix="use own, chatml or a Jinja file"
        ) from error


def _refuse_unusable_template(tokenizer: Any, stage: BaseStage) -> None:
    """Refuse a chat template that cannot be rendered, or that leaves out what was said.

    A tokenizer without any is good for a stage that no other trains from or samples.

    Raises:
        DataError: Says why.
    """
    if not tokenizer.chat_template:
        return
    said = {"user": "zqx-prompt", "assistant": "zqx-completion"}
    turns = [{"role": role, "content": text} for role, text in said.items()]
    why = ""
    try:
        text = str(tokenizer.apply_chat_template(turns, tokenize=False))
        lost = [role for role, content in said.items() if content not in text]
        if lost:
            why = f"it leaves out what {' and '.join(lost)} said"
    except (TemplateError, TypeError, ValueError) as error:
        why = str(error).splitlines()[0]
    if why:
        raise DataError(
            "the chat template cannot be used",
            where=f"{stage.name}.chat_template",
            why=why,
            fix="correct the template, or set `chat_template: chatml`",
        )


def _without_quantization(model: Any) -> Any:
    """Return the model with its weights in a plain one: transformers refuses to save what it read from a GGUF file."""
    config = model.config
    for name in ("quantization_config", "hf_quantizer", "is_quantized"):
        with contextlib.suppress(AttributeError):
            delattr(config, name)
    plain = type(model)(config).to(torch.float32)
    plain.load_state_dict(model.state_dict())
    plain.tie_weights()
    plain.generation_config = model.generation_config
    return plain
