"""Scores continuations with an encoder-decoder: each context goes through the encoder once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers.modeling_outputs import BaseModelOutput

from polyarena.harness.models.hf_tree.engine import Counts, OnScored, OutOfMemoryError, Score, Sums, is_out_of_memory
from polyarena.harness.models.hf_tree.tree import Request

Context = tuple[tuple[int, ...], list[int]]
"""Tokens of a context, and the requests that share it."""


class EncoderDecoder:
    """Scores continuations with one encoder-decoder (mT0, Aya-101).

    Args:
        model: Of ``transformers``.
        device: Where token ids go.
        budget: Tokens of a batch of contexts.
        apart: Whether each question is computed by itself, so that no score depends on what is asked beside it.

    Attributes:
        budget: As it is now.
        counts: What was computed.
    """

    def __init__(self, model: Any, device: torch.device, budget: int, *, apart: bool = False) -> None:
        self._apart = apart
        self._model = model
        self._device = device
        self.budget = budget
        self.counts = Counts()

    def score(
        self,
        requests: Sequence[Request],
        questions: Sequence[int] | None = None,
        on_scored: OnScored | None = None,
    ) -> list[Score]:
        """Return the score of each request, in order; ``inputs`` are the context, ``targets`` the continuation.

        Args:
            requests: Continuations.
            questions: The number of the question of each, where questions are computed by themselves.
            on_scored: Told the scores batch by batch.

        Raises:
            OutOfMemoryError: The device cannot compute one context by itself.
            FloatingPointError: The model returned logits that are not numbers.
        """
        sums = Sums(requests, on_scored)
        members: dict[int, list[int]] = {}
        numbers = range(len(requests)) if questions is None else questions
        for place, question in enumerate(numbers if self._apart else [0] * len(requests)):
            members.setdefault(question, []).append(place)
        for places in members.values():
            with torch.inference_mode():
                self._score(requests, places, sums)
        return sums.scores(range(len(requests)))

    def clear(self) -> None:
        """Nothing is held between calls."""

    def _score(self, requests: Sequence[Request], chosen: Sequence[int], sums: Sums) -> None:
        by_context: dict[tuple[int, ...], list[int]] = {}
        for place in chosen:
            by_context.setdefault(requests[place].inputs, []).append(place)
        self.counts.requests += len(chosen)
        self.counts.tokens += sum(len(requests[place].inputs) + len(requests[place].targets) for place in chosen)
        waiting = list(reversed(self._batches(sorted(by_context.items(), key=lambda each: (-len(each[0]), each[0])))))
        while waiting:
            batch = waiting.pop()
            try:
                self._batch(batch, requests, sums)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(batch) == 1:
                    tokens = len(batch[0][0])
                    raise OutOfMemoryError(
                        f"no memory for a single text of {tokens:,} tokens on {self._device}"
                    ) from error
            else:
                sums.report()
                continue
            middle = len(batch) // 2
            self.counts.splits += 1
            self.budget = max(1, len(batch) * len(batch[0][0]) // 2)
            waiting += [batch[middle:], batch[:middle]]

    def _batches(self, contexts: Sequence[Context]) -> list[list[Context]]:
        batches: list[list[Context]] = []
        for context in contexts:
            if not batches or (len(batches[-1]) + 1) * len(batches[-1][0][0]) > self.budget:
                batches.append([])
            batches[-1].append(context)
        return batches

    def _batch(self, batch: Sequence[Context], requests: Sequence[Request], sums: Sums) -> None:
        tokens = np.zeros((len(batch), len(batch[0][0])), np.int64)
        mask = np.zeros_like(tokens)
        for row, (context, _) in enumerate(batch):
            tokens[row, : len(context)] = context
            mask[row, : len(context)] = 1
        given = torch.from_numpy(mask).to(self._device)
        states = self._model.get_encoder()(
            input_ids=torch.from_numpy(tokens).to(self._device), attention_mask=given
        ).last_hidden_state
        self.counts.batches += 1
        self.counts.computed += tokens.size
        places = [(row, place) for row, (_, members) in enumerate(batch) for place in members]
        places.sort(key=lambda each: -len(requests[each[1]].targets))
        found = []
        while places:
            rows = max(1, self.budget // len(requests[places[0][1]].targets))
            found.append(self._decode(places[:rows], states, given, requests))
            places = places[rows:]
        # All at once, because a batch that is divided begins anew.
        sums.add(*(np.concatenate(each) for each in zip(*found, strict=True)))

    def _decode(
        self,
        places: Sequence[tuple[int, int]],
        states: torch.Tensor,
        mask: torch.Tensor,
        requests: Sequence[Request],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Score some continuations against the encoder's states of their contexts.

        Returns:
            For each target, its request, its log-probability, and whether it is the likeliest token.
        """
        targets = [requests[place].targets for _, place in places]
        labels = np.zeros((len(targets), len(targets[0])), np.int64)
        for row, target in enumerate(targets):
            labels[row, : len(target)] = target
        wanted = torch.from_numpy(labels).to(self._device)
        rows = torch.tensor([row for row, _ in places], device=self._device)
        logits = self._model(
            encoder_outputs=BaseModelOutput(last_hidden_state=states[rows]),
            attention_mask=mask[rows],
            decoder_input_ids=self._shifted(wanted),
        ).logits.float()
        self.counts.computed += labels.size
        logs = (logits.gather(-1, wanted[..., None])[..., 0] - logits.logsumexp(-1)).double().cpu().numpy()
        best = (logits.argmax(-1) == wanted).cpu().numpy()
        lengths = np.array([len(target) for target in targets])
        inside = np.arange(labels.shape[1]) < lengths[:, None]
        if np.isnan(logs[inside]).any():
            raise FloatingPointError("the model returned logits that are not numbers")
        return np.repeat([place for _, place in places], lengths), logs[inside], best[inside]

    def _shifted(self, labels: torch.Tensor) -> torch.Tensor:
        """Return what the decoder reads: its start token, then all labels but the last."""
        start = self._model.config.decoder_start_token_id
        first = torch.full_like(labels[:, :1], start)
        return torch.cat([first, labels[:, :-1]], dim=1)
