"""The stage ``base``: a model from a folder, a package or the hub, as float32 safetensors with a chat template."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import torch
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
            why=str(error).splitlines()[0],
            fix="name a folder, a package (package://NAME) or a model on the hub",
        ) from error
    if stage.chat_template == "chatml":
        tokenizer.chat_template = CHATML
    elif stage.chat_template != "own":
        path = context.base / stage.chat_template
        if not path.is_file():
            raise DataError("the chat template does not exist", where=path, fix="use own, chatml or a Jinja file")
        tokenizer.chat_template = path.read_text("utf-8")
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
