"""Model families, by name: a judge may prefer answers of its own family (self-preference).

A heuristic over names, by maker: it knows the makers below and the families that are named in a model's name (a model
called ``deepseek-r1-distill-qwen-32b`` belongs to two). A renamed model, or one whose name says nothing of its base,
has no family here; no warning is no proof.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

MAKERS: Mapping[str, str] = MappingProxyType(
    {
        "AI21": "jamba|jurassic",
        "Alibaba": "qwen|qwq|qvq",
        "Allen Institute": "olmo|tulu|molmo",
        "Amazon": "nova-|titan",
        "Anthropic": "claude",
        "BigScience": "bloom|mt0",
        "Cohere": "command-|c4ai|aya-|aya_|tiny-aya",
        "DeepSeek": "deepseek",
        "Google": "gemini|gemma|palm-?2|bard",
        "Hugging Face": "smollm|zephyr",
        "LG": "exaone",
        "Meta": "llama|opt-iml",
        "Microsoft": "phi-|phi[0-9]|wizardlm",
        "MiniMax": "minimax",
        "Mistral": "mistral|mixtral|ministral|magistral|codestral|pixtral",
        "Moonshot": "kimi",
        "NVIDIA": "nemotron",
        "OpenAI": "gpt-?[0-9]|gpt-oss|chatgpt|davinci|o[134](?![a-z0-9])",
        "Swiss AI": "apertus",
        "TII": "falcon",
        "Upstage": "solar-",
        "Zhipu": "glm-|chatglm",
        "xAI": "grok",
        "01.AI": "yi-",
    }
)
"""Expressions of the names of each maker's models, in lower case; they begin where a word begins."""
_PATTERNS = {maker: re.compile(rf"(?<![a-z0-9])(?:{names})") for maker, names in MAKERS.items()}


def families(model: str) -> frozenset[str]:
    """Return the makers whose models the name speaks of; empty if it says nothing."""
    name = model.casefold()
    return frozenset(maker for maker, pattern in _PATTERNS.items() if pattern.search(name))


def self_preference_risk(judge: str, systems: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the systems that share a family with a judge.

    Args:
        judge: The judge's model.
        systems: The model of each system by the system's name.

    Returns:
        The shared makers by the system's name, sorted.
    """
    own = families(judge)
    found = {name: tuple(sorted(own & families(model))) for name, model in sorted(systems.items())}
    return {name: shared for name, shared in found.items() if shared}
