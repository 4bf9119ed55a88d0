"""Facts about lm-eval's model types, known without importing them: what they need and what they cannot do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SPEED_ARGUMENTS = frozenset(
    {
        "batch_size",
        "max_batch_size",
        "token_budget",
        "device",
        "device_map",
        "parallelize",
        "max_memory_per_gpu",
        "max_cpu_memory",
        "offload_folder",
        "logits_cache",
        "tensor_parallel_size",
        "pipeline_parallel_size",
        "data_parallel_size",
        "tp_size",
        "dp_size",
        "tp_plan",
        "gpu_memory_utilization",
        "mem_fraction_static",
        "swap_space",
        "num_concurrent",
        "max_retries",
        "timeout",
        "verify_certificate",
        "ca_cert_path",
    }
)
"""Arguments that only change how fast an answer comes, and are no part of a cell's key.

Batch size and device do move the last bits of a floating-point sum, as another machine does; they are recorded when
the model is loaded, and a cell is not computed anew for them.
"""

TREE_SCORED = frozenset({"hf", "hf-auto", "huggingface"})
"""Types whose continuations the engine scores (:mod:`polyarena.harness.models.hf_tree`) where it can."""

COMPLETIONS = "local-completions"
"""Type of servers that score given texts; it may take ``logprob_token_ids``."""

ENGINES = ("auto", "hf-tree", "lm-eval")
"""What ``engine`` among the arguments of such a type may be."""

ENGINE_VERSION = "hf-tree@1"
"""Name and version of the engine; raised by every change that may move a log-likelihood by more than rounding does."""

SECRET_ARGUMENTS = frozenset({"api_key", "auth_token", "token", "hf_token", "header", "headers", "password", "secret"})
"""Arguments that may hold credentials: never part of a key, a lock or a message."""

LOCAL_ARGUMENTS = ("pretrained", "tokenizer", "peft", "delta", "lora_local_path", "steer_path")
"""Arguments that may name a file or folder on this machine instead of a model on the hub."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Facts about a family of lm-eval model types.

    Attributes:
        modules: Modules that must be importable.
        install: The command that installs them.
        required: Arguments without which a model cannot be built; alternatives are joined by ``|``.
        environment: Variables that must be set.
        versions: Distributions that change an answer with their version (those installed are recorded).
        local: Whether the weights are on this machine, so that arguments may name files.
        messages: Whether chat messages go out as they are, and the chat template is the server's.
        loglikelihood: Whether continuations can be scored.
    """

    modules: tuple[str, ...] = ()
    install: str = ""
    required: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    local: bool = False
    messages: bool = False
    loglikelihood: bool = True


_TORCH = ("torch", "transformers", "accelerate")
_TORCH_VERSIONS = ("torch", "transformers", "tokenizers", "gguf", "peft")
_HTTP = ("aiohttp", "requests", "tenacity", "tqdm")
_HF = Backend(_TORCH, "pip install 'polyarena[hf]'", ("pretrained",), versions=_TORCH_VERSIONS, local=True)
_HF_MULTIMODAL = Backend(
    _TORCH, "pip install 'polyarena[hf]'", ("pretrained",), versions=_TORCH_VERSIONS, local=True, loglikelihood=False
)
_OPTIMUM = Backend(
    (*_TORCH, "optimum"),
    "pip install 'lm-eval[optimum]'",
    ("pretrained",),
    versions=("optimum", *_TORCH_VERSIONS),
    local=True,
)
_VLLM = ("vllm", "torch", "transformers", "tokenizers")
_CHAT = Backend(
    _HTTP, "pip install 'lm-eval[api]'", ("base_url", "model|pretrained"), messages=True, loglikelihood=False
)
_OPENAI_CHAT = Backend(
    _HTTP, "pip install 'lm-eval[api]'", ("model|pretrained",), ("OPENAI_API_KEY",), messages=True, loglikelihood=False
)
_ANTHROPIC_CHAT = Backend(
    ("anthropic", *_HTTP),
    "pip install anthropic 'lm-eval[api]'",
    ("model",),
    ("ANTHROPIC_API_KEY",),
    messages=True,
    loglikelihood=False,
)
_LITELLM = Backend(
    ("litellm", *_HTTP), "pip install 'lm-eval[litellm]'", ("model",), messages=True, loglikelihood=False
)
_GGUF_SERVER = Backend(("requests",), "pip install requests", ("base_url",))

BACKENDS: Mapping[str, Backend] = MappingProxyType(
    {
        "hf": _HF,
        "hf-auto": _HF,
        "huggingface": _HF,
        "hf-mistral3": _HF,
        "steered": _HF,
        "hf-multimodal": _HF_MULTIMODAL,
        "hf-audiolm-qwen": _HF_MULTIMODAL,
        "openvino": _OPTIMUM,
        "ipex": _OPTIMUM,
        "habana": _OPTIMUM,
        "vllm": Backend(("vllm",), "pip install 'polyarena[vllm]'", ("pretrained",), versions=_VLLM, local=True),
        "vllm-vlm": Backend(
            ("vllm",), "pip install 'polyarena[vllm]'", ("pretrained",), (), _VLLM, local=True, loglikelihood=False
        ),
        "sglang": Backend(("sglang",), "pip install sglang", ("pretrained",), (), ("sglang", "torch"), local=True),
        "local-completions": Backend(_HTTP, "pip install 'lm-eval[api]'", ("base_url", "model|pretrained")),
        "sglang-generate": Backend(
            _HTTP, "pip install 'lm-eval[api]'", ("base_url", "model|pretrained"), loglikelihood=False
        ),
        "local-chat-completions": _CHAT,
        "openai-completions": Backend(
            (*_HTTP, "tiktoken"), "pip install 'lm-eval[api]'", ("model|pretrained",), ("OPENAI_API_KEY",)
        ),
        "openai-chat-completions": _OPENAI_CHAT,
        "anthropic-completions": Backend(
            ("anthropic",), "pip install anthropic", (), ("ANTHROPIC_API_KEY",), loglikelihood=False
        ),
        "anthropic-chat": _ANTHROPIC_CHAT,
        "anthropic-chat-completions": _ANTHROPIC_CHAT,
        "litellm": _LITELLM,
        "litellm-chat": _LITELLM,
        "litellm-chat-completions": _LITELLM,
        "gguf": _GGUF_SERVER,
        "ggml": _GGUF_SERVER,
    }
)


def find_backend(name: str) -> Backend:
    """Return the facts about a model type; one that is not listed is judged by its name."""
    if name in BACKENDS:
        return BACKENDS[name]
    chat = "chat" in name
    return Backend(
        versions=_TORCH_VERSIONS, local=not chat, messages=chat, loglikelihood=not (chat or name.endswith("-generate"))
    )
