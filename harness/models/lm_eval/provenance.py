"""Facts about a loaded lm-eval model, for the lock file."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from polyarena.harness.models.lm_eval.generation import has_base
from polyarena.harness.models.rendering import choice_separator


def describe(lm: Any, templated: bool) -> dict[str, str]:
    """Return what changes answers and is known only after loading.

    Keys, where known: ``dtype``, ``device``, ``batch_size``, ``parameters``, ``commit`` (of the files that were really
    loaded from the hub), ``generation_config`` (the model's own settings, such as a repetition penalty, which apply
    beside those of the experiment), ``chat_template`` (SHA-256 of the text; ``none``; ``server``), ``separator``
    (between prompt and choice, as JSON), ``max_length`` in tokens. Of a template that opens a thought, the model adds
    ``thought_opened_by``.
    """
    facts: dict[str, Any] = {
        "separator": json.dumps(choice_separator(templated)),
        "chat_template": _template(lm, templated),
    }
    if has_base(lm, "HFLM"):
        facts |= _of_transformers(lm)
    for name in ("batch_size", "max_length"):
        # Model types without such a setting lack the attribute or have lm-eval's abstract one.
        try:
            facts.setdefault(name, getattr(lm, name))
        except (AttributeError, NotImplementedError):
            continue
    return {name: str(value) for name, value in sorted(facts.items()) if value not in (None, "")}


def describe_engine(lm: Any) -> dict[str, str]:
    """Return what scores the continuations of a model of ``transformers``; empty for other models.

    Keys: ``engine`` (``hf-tree@1``, or ``lm-eval`` with the reason), ``token_budget`` (tokens of a batch),
    ``deterministic`` where no score depends on the batch, and, once they have happened, ``batches_split`` (batches that
    were divided because memory was short) and ``truncated_requests`` (that were longer than the model and lost tokens
    on the left).
    """
    unfit = getattr(lm, "unfit", None)
    if unfit is None:
        return {}
    if unfit:
        return {"engine": f"lm-eval ({unfit})"}
    facts = {"engine": lm.version, "token_budget": str(lm.scorer.budget)}
    if lm.deterministic:
        facts["deterministic"] = "true"
    if lm.scorer.counts.splits:
        facts["batches_split"] = str(lm.scorer.counts.splits)
    if lm.truncated:
        facts["truncated_requests"] = str(lm.truncated)
    return facts


def _template(lm: Any, templated: bool) -> str:
    if not templated:
        return "none"
    # Some classes fetch a tokenizer when asked for one, so only those are asked that were built with one.
    tokenizer = lm.tokenizer if has_base(lm, "TemplateLM") else None
    text = getattr(tokenizer, "chat_template", None)
    if isinstance(text, dict):
        text = json.dumps(text, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" if text else "server"


def _of_transformers(lm: Any) -> dict[str, Any]:
    model = lm.model
    settings = model.generation_config.to_diff_dict() if getattr(model, "generation_config", None) else {}
    settings = {name: value for name, value in settings.items() if not name.startswith(("_", "transformers_"))}
    return {
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": str(lm.device),
        "parameters": model.num_parameters(),
        "commit": getattr(model.config, "_commit_hash", None),
        "generation_config": json.dumps(settings, sort_keys=True, default=str),
    }
