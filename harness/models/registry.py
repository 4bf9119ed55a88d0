"""Model types by name: entry points of the group ``polyarena.models`` first, then every model type of lm-eval."""

from __future__ import annotations

from polyarena.harness.models.lm_eval.model_type import LmEvalType
from polyarena.harness.models.protocol import ModelType
from polyarena.tasks.errors import PolyarenaError, UnknownNameError
from polyarena.tasks.plugins import Plugins, plugins
from polyarena.tasks.suggest import unknown

LISTING = "polyarena doctor"


def model_plugins() -> Plugins:
    """Return the entry points of all installed model types."""
    return plugins("polyarena.models", "model")


def lm_eval_names() -> list[str]:
    """Return the names in lm-eval's own registry, sorted; imports no backend."""
    import lm_eval.models  # fills the registry with names
    from lm_eval.api.registry import model_registry

    return sorted({*lm_eval.models.MODEL_MAPPING, *model_registry})


def model_names() -> dict[str, str]:
    """Return every model type and where it comes from.

    Returns:
        Name to origin: the distribution that provides the entry point, or ``lm-eval``. Sorted by name.
    """
    names = dict.fromkeys(lm_eval_names(), "lm-eval")
    for name, point in model_plugins().points.items():
        names[name] = point.dist.name if point.dist else point.module
    return dict(sorted(names.items()))


_ENDPOINT = "'endpoint', with `args: {base_url: ..., model: ...}`"
_STORED = "'completions', with `args: {path: FOLDER}`"
OFTEN_MEANT = {
    **dict.fromkeys(
        ("openai", "openai-compatible", "openai_chat", "azure", "anthropic", "openrouter", "together", "litellm", "api",
         "chat", "server", "url", "ollama", "llama.cpp", "llama-server", "tgi", "vllm-server"), _ENDPOINT
    ),
    **dict.fromkeys(("stored", "answers", "outputs", "file", "files", "jsonl", "generations"), _STORED),
    **dict.fromkeys(("transformers", "local"), "'hf', with `args: {pretrained: ...}`"),
}  # fmt: skip
"""Names that people write for a model type, in lower case, with what they mean by them."""


def find_model_type(name: str, *, where: str = "") -> ModelType:
    """Return the model type of this name.

    Args:
        name: ``endpoint``, ``completions``, a plugin's name, or what lm-eval calls it: ``hf``, ``vllm``, ...
        where: The place of the name in the user's file, for messages.

    Raises:
        UnknownNameError: Neither a plugin nor lm-eval has this name; the message has a did-you-mean over both.
        PolyarenaError: The plugin cannot be imported or is no model type.
    """
    found = model_plugins()
    if name in found.points:
        return _checked(name, found.load(name, where=where), where)
    known = model_names()
    if name not in known and name.casefold() in OFTEN_MEANT:
        raise UnknownNameError(
            f"unknown model {name!r}", where=where, fix=f"did you mean {OFTEN_MEANT[name.casefold()]}?"
        )
    if name not in known:
        raise unknown("model", name, known, where=where, listing=LISTING)
    return LmEvalType(name)


def _checked(name: str, loaded: object, where: str) -> ModelType:
    if isinstance(loaded, type) or not isinstance(loaded, ModelType):
        raise PolyarenaError(
            f"the plugin {name!r} is no model type",
            where=where,
            why=f"it is {type(loaded).__name__} and lacks check, supports, endpoint, identity or load",
            fix="point the entry point at an object with the members of polyarena.harness.models.protocol.ModelType",
        )
    return loaded
