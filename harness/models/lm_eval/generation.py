"""Translates :class:`polyarena.tasks.sampling.Sampling` to the arguments of lm-eval's backends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from polyarena.tasks.sampling import Sampling

_SEEDED_BY_ARGUMENT = {"TemplateAPI", "VLLM"}


def has_base(lm: Any, *names: str) -> bool:
    """Whether a model's class, or one that it inherits from, has one of these names (nothing is imported to ask)."""
    return any(each.__name__ in names for each in type(lm).__mro__)


def generation_arguments(lm: Any, sampling: Sampling, sample_index: int, *, thinks: bool = False) -> dict[str, Any]:
    """Return the ``gen_kwargs`` of lm-eval's ``generate_until``.

    The limit is that of thought and answer together. A model that thinks gets no stop texts, which would end its
    thought; its answer is cut at them afterwards. APIs are sent ``reasoning_effort``; local models read it in their
    chat template.

    Stop texts are left out when there are none: backends of local models add the end token by themselves, and OpenAI's
    API refuses an empty list. Where ``transformers`` samples, ``top_k`` is switched off, which it would otherwise take
    from the model's generation settings: the answer is then sampled as the experiment says. Backends that take a seed
    with each request get ``seed + sample_index``.
    """
    sampled = sampling.temperature > 0
    arguments: dict[str, Any] = {
        "max_gen_toks": sampling.total_tokens,
        "do_sample": sampled,
        "temperature": sampling.temperature,
    }
    if sampling.stop and not thinks and not sampling.thinking_budget:
        arguments["until"] = list(sampling.stop)
    if sampling.top_p != 1.0:
        arguments["top_p"] = sampling.top_p
    if sampled and has_base(lm, "HFLM"):
        arguments["top_k"] = 0
    if sampled and has_base(lm, *_SEEDED_BY_ARGUMENT):
        arguments["seed"] = sampling.seed + sample_index
    if sampling.reasoning_effort is not None and has_base(lm, "TemplateAPI"):
        arguments["reasoning_effort"] = sampling.reasoning_effort
    return arguments


@contextmanager
def seed_torch(lm: Any, sampling: Sampling, sample_index: int) -> Iterator[None]:
    """Seed torch's generator for one cell and one sample of it, and leave it afterwards as it was.

    ``transformers`` samples from the global generator and cannot be handed another. The seed is ``seed +
    sample_index``, set anew for each call: the answers of a cell depend on the cell alone, and the third sample is the
    same whether three were asked for or five.
    """
    if sampling.temperature <= 0 or not has_base(lm, "HFLM"):
        yield
        return
    import torch

    device = torch.device(lm.device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(sampling.seed + sample_index)
        yield
