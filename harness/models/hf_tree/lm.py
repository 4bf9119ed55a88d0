"""lm-eval's ``hf`` with its log-likelihoods computed by the engine; also the lm-eval model ``hf-tree``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM

from polyarena.harness.models.hf_tree.encoder_decoder import EncoderDecoder
from polyarena.harness.models.hf_tree.engine import Engine
from polyarena.harness.models.hf_tree.forward import Decoder
from polyarena.harness.models.hf_tree.self_test import find_disagreement
from polyarena.harness.models.hf_tree.token_budget import token_budget
from polyarena.harness.models.hf_tree.tokenization import encode_pairs
from polyarena.harness.models.hf_tree.tree import Request
from polyarena.harness.models.lm_eval.backends import ENGINE_VERSION, ENGINES

NAME = "hf-tree"
_LOG = logging.getLogger(__name__)


@register_model(NAME)
class TreeLM(HFLM):  # type: ignore[misc]
    """A model of ``transformers`` whose continuations are scored by the engine where it can, else as lm-eval does.

    Args:
        token_budget: Tokens of a batch; found from the memory of the device if left out.
        engine: ``auto`` scores by the engine if the model passes its self-test; ``hf-tree`` refuses a model that does
            not; ``lm-eval`` leaves the engine out.
        args: Of lm-eval's ``hf``.
        kwargs: Of lm-eval's ``hf``.

    Attributes:
        unfit: Why the engine is not used; empty if it is.
        truncated: Requests that were longer than the model and lost tokens on the left, so far.

    Raises:
        ValueError: ``engine: hf-tree`` for a model that the engine cannot score.
    """

    def __init__(self, *args: Any, token_budget: int | None = None, engine: str = "auto", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if engine not in ENGINES:
            raise ValueError(f"unknown engine {engine!r}: choose one of {', '.join(ENGINES)}")
        self.truncated = 0
        self._scorer: Engine | EncoderDecoder | None = None
        self.unfit = "switched off by `engine: lm-eval`" if engine == "lm-eval" else self._obstacle()
        if self.unfit and engine == NAME:
            raise ValueError(f"the engine {NAME!r} cannot score this model: {self.unfit}")
        if not self.unfit:
            self._scorer = self._build(token_budget)
        elif engine != "lm-eval":
            _LOG.warning("scoring as lm-eval does, without the engine %s: %s", NAME, self.unfit)

    @property
    def version(self) -> str:
        """Name and version of the engine."""
        return ENGINE_VERSION

    @property
    def scorer(self) -> Engine | EncoderDecoder | None:
        """What scores; ``None`` where lm-eval's own code does."""
        return self._scorer

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Score continuations; the same log-likelihoods, greedy flags and errors as lm-eval's ``hf``.

        Args:
            requests: lm-eval's instances; ``args`` are context and continuation.
            disable_tqdm: As in lm-eval. The engine shows no bar.
        """
        if self._scorer is None or self.enable_thinking:  # lm-eval refuses the latter, and says so
            scores: list[tuple[float, bool]] = super().loglikelihood(requests, disable_tqdm=disable_tqdm)
            return scores
        pairs = [request.args for request in requests]
        scores = self._scorer.score(self._fit(encode_pairs(self, pairs)))
        for pair, score in zip(pairs, scores, strict=True):
            self.cache_hook.add_partial("loglikelihood", pair, score)
        return scores

    def _obstacle(self) -> str:
        if type(self) is not TreeLM:
            return f"{type(self).__name__} extends it"
        if self.world_size > 1:
            return "several processes of accelerate share the requests"
        if self.mixed_precision_dtype is not None:
            return "`mixed_precision_dtype` is set"
        if self.softmax_dtype not in (None, torch.float32):
            return "`softmax_dtype` is set"
        if getattr(getattr(self.model, "active_peft_config", None), "is_prompt_learning", False):
            return "the adapter adds virtual tokens"
        return find_disagreement(self) if self.backend == "causal" else ""

    def _build(self, budget: int | None) -> Engine | EncoderDecoder:
        tokens = int(budget) if budget else token_budget(self.model, torch.device(self.device))
        if self.backend == "causal":
            return Engine(Decoder(self.model), tokens)
        return EncoderDecoder(self.model, torch.device(self.device), tokens)

    def _fit(self, encoded: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[Request]:
        """Cut contexts from the left to what the model takes, as lm-eval does.

        Raises:
            ValueError: A continuation alone is longer than the model.
        """
        requests = []
        for context, continuation in encoded:
            if len(continuation) > self.max_length:
                raise ValueError(
                    f"a choice of {len(continuation)} tokens is longer than the model's maximum sequence length, "
                    f"{self.max_length}"
                )
            if self.backend != "causal":
                self.truncated += len(context) > self.max_length
                requests.append(Request(context[-self.max_length :], continuation))
                continue
            whole = (*context, *continuation)[-(self.max_length + 1) :]
            self.truncated += len(whole) < len(context) + len(continuation)
            requests.append(Request(whole[:-1], continuation))
        return requests
