"""Scores requests: tree, prefixes, batches, and the log-likelihood of each target."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from polyarena.harness.models.hf_tree.forward import Decoder, KeysAndValues, lay_out
from polyarena.harness.models.hf_tree.packing import (
    LEAST_SAVED,
    ROW,
    Batch,
    Group,
    Piece,
    Prefix,
    make_batches,
    split_questions,
    split_tree,
)
from polyarena.harness.models.hf_tree.tree import Node, Request, build_tree

Score = tuple[float, bool]
"""Log-likelihood in nats, and whether each target is the likeliest token of its position."""

OnScored = Callable[[Sequence[tuple[int, Score]]], None]
"""Told which requests have their scores, by position, when the batch that computed the last part of them has ended."""

Wanted = dict[int, list[tuple[int, int, int]]]
"""By the identity of a node: (offset in the node, request, target). What is scored is taken out."""


class OutOfMemoryError(RuntimeError):
    """The device cannot compute a single request."""


@dataclass(slots=True)
class Counts:
    """What was computed so far.

    Attributes:
        requests: Continuations.
        tokens: Their tokens, each request for itself, as a backend computes them that shares nothing.
        computed: Tokens that were computed, padding included.
        batches: Forward passes.
        splits: Batches that were divided because the device lacked memory.
    """

    requests: int = 0
    tokens: int = 0
    computed: int = 0
    batches: int = 0
    splits: int = 0


class PrefixStore:
    """Keys and values of prefixes, the least recently used dropped first.

    Those of one prefix are always computed in the same way, by itself and behind the prefix that it continues, so
    whether they are found here or computed again changes no bit.

    Args:
        limit: Bytes to hold at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[tuple[tuple[int, ...], ...], KeysAndValues] = OrderedDict()
        self._size = 0

    def get(self, key: tuple[tuple[int, ...], ...]) -> KeysAndValues | None:
        """Return what is held of a prefix."""
        if key in self._held:
            self._held.move_to_end(key)
        return self._held.get(key)

    def put(self, key: tuple[tuple[int, ...], ...], past: KeysAndValues) -> None:
        """Hold a prefix, unless it is larger than all that may be held."""
        size = _bytes(past)
        if size > self._limit or key in self._held:
            return
        self._held[key] = past
        self._size += size
        while self._size > self._limit:
            self._size -= _bytes(self._held.popitem(last=False)[1])

    def clear(self) -> None:
        """Drop everything."""
        self._held.clear()
        self._size = 0


class Sums:
    """The scores of requests while their targets are computed.

    Args:
        requests: All of them.
        on_scored: Told those that are complete.
    """

    def __init__(self, requests: Sequence[Request], on_scored: OnScored | None) -> None:
        self._values = np.zeros(len(requests))
        self._greedy = np.ones(len(requests), dtype=bool)
        self._left = np.array([len(request.targets) for request in requests])
        self._on_scored = on_scored
        self._complete: list[int] = []

    def add(self, requests: np.ndarray, values: np.ndarray, best: np.ndarray) -> None:
        """Add what one batch computed.

        Args:
            requests: The request of each target.
            values: Log-probability of each target.
            best: Whether each is the likeliest token of its position.
        """
        np.add.at(self._values, requests, values)
        np.logical_and.at(self._greedy, requests, best)
        np.subtract.at(self._left, requests, 1)
        self._complete += [int(each) for each in np.unique(requests) if not self._left[each]]

    def report(self) -> None:
        """Tell which scores the last batch completed; apart from computing, whose errors divide a batch."""
        complete, self._complete = self._complete, []
        if complete and self._on_scored is not None:
            self._on_scored(list(zip(complete, self.scores(complete), strict=True)))

    def scores(self, requests: Sequence[int]) -> list[Score]:
        """Return the scores of some requests, by position."""
        return [(float(self._values[each]), bool(self._greedy[each])) for each in requests]


class Engine:
    """Scores continuations with one decoder.

    Args:
        decoder: The model.
        budget: Tokens of a batch.
        store_bytes: Memory for prefixes that later calls may share.
        row: Tokens that a row is filled up to.
        least_saved: Tokens that a prefix must save to be computed by itself.
        on_split: Told the new budget when the device lacked memory.
        apart: Whether each question has a row of its own, so that no score depends on what is asked beside it. That
            takes a decoder that pads (:data:`MULTIPLE`).

    Attributes:
        budget: Tokens of a batch, as it is now.
        counts: What was computed.
    """

    def __init__(
        self,
        decoder: Decoder,
        budget: int,
        *,
        store_bytes: int = 1 << 30,
        row: int = ROW,
        least_saved: int = LEAST_SAVED,
        on_split: Callable[[int], None] | None = None,
        apart: bool = False,
    ) -> None:
        self._decoder = decoder
        self._row = 0 if apart else row
        self._apart = apart
        self._least_saved = least_saved
        self._prefixes = PrefixStore(store_bytes)
        self._on_split = on_split
        self.budget = budget
        self.counts = Counts()

    def score(
        self,
        requests: Sequence[Request],
        questions: Sequence[int] | None = None,
        on_scored: OnScored | None = None,
    ) -> list[Score]:
        """Return the score of each request, in order.

        Args:
            requests: Continuations.
            questions: The number of the question that each belongs to, for an engine that keeps questions apart; each
                request is a question of its own if left out.
            on_scored: Told the scores batch by batch.

        Raises:
            OutOfMemoryError: The device cannot compute one request by itself.
            FloatingPointError: The model returned logits that are not numbers.
        """
        if not requests:
            return []
        with torch.inference_mode():
            numbers = range(len(requests)) if questions is None else questions
            return self._score(requests, numbers, Sums(requests, on_scored))

    def clear(self) -> None:
        """Drop the prefixes that are held."""
        self._prefixes.clear()

    def _score(self, requests: Sequence[Request], questions: Sequence[int], sums: Sums) -> list[Score]:
        if self._apart:
            groups, paths = split_questions(requests, questions, self._least_saved)
        else:
            tree = build_tree([request.inputs for request in requests])
            groups, paths = split_tree(tree, self._row, self._least_saved), tree.paths
        wanted = _wanted(paths, requests)
        self.counts.requests += len(requests)
        self.counts.tokens += sum(len(request.inputs) for request in requests)
        pasts: dict[int, KeysAndValues] = {}
        uses = _uses(groups)
        for group in groups:
            if group.prefix is not None:
                pasts[id(group.prefix)] = self._prefix(group.prefix, pasts, wanted, sums)
                _release(group.prefix.parent, uses, pasts)
            for batch in list(make_batches([group], self.budget, self._row)):
                self._batch(batch, pasts.get(id(group.prefix)), wanted, sums)
            _release(group.prefix, uses, pasts)
        return sums.scores(range(len(requests)))

    def _prefix(
        self,
        prefix: Prefix,
        pasts: dict[int, KeysAndValues],
        wanted: Wanted,
        sums: Sums,
    ) -> KeysAndValues:
        scored = any(id(node) in wanted for node in prefix.nodes)
        key = _key(prefix)
        held = None if scored else self._prefixes.get(key)
        if held is not None:
            return held
        past = pasts[id(prefix.parent)] if prefix.parent else None
        try:
            computed = self._compute([(prefix.piece,)], past, wanted, sums, keep=True)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise OutOfMemoryError(_too_long(prefix.length, self._decoder)) from error
        self._prefixes.put(key, computed)
        sums.report()
        return computed

    def _batch(self, batch: Batch, past: KeysAndValues | None, wanted: Wanted, sums: Sums) -> None:
        """Compute a batch, in halves if the device lacks the memory."""
        waiting = [batch]
        while waiting:
            part = waiting.pop()
            try:
                self._compute(part.rows, past, wanted, sums, keep=False)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            else:
                sums.report()
                continue
            self._prefixes.clear()
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            halves = part.halves()
            if halves is None:
                raise OutOfMemoryError(_too_long(part.shape[1] + (past[0][0].shape[-2] if past else 0), self._decoder))
            rows, length = part.shape
            self.budget = max(1, rows * length // 2)
            self.counts.splits += 1
            if self._on_split is not None:
                self._on_split(self.budget)
            waiting.extend(reversed(halves))

    def _compute(
        self,
        rows: Sequence[Sequence[Piece]],
        past: KeysAndValues | None,
        wanted: Wanted,
        sums: Sums,
        *,
        keep: bool,
    ) -> KeysAndValues:
        layout, places = lay_out(rows, self._decoder.multiple)
        output, kept = self._decoder.hidden(layout, past, keep)
        if keep and self._decoder.multiple > 1:
            length = sum(piece.size for piece in rows[0]) + (past[0][0].shape[-2] if past else 0)
            kept = [(keys[..., :length, :], values[..., :length, :]) for keys, values in kept]
        positions: dict[tuple[int, int], int] = {}
        targets: list[tuple[int, int, int]] = []
        for node, (row, first) in places.items():
            for offset, request, target in wanted.get(node, ()):
                position = positions.setdefault((row, first + offset), len(positions))
                targets.append((position, request, target))
        found = self._targets(output, list(positions), targets) if targets else None
        # A node that stands in front of several pieces is scored once.
        for node in places:
            wanted.pop(node, None)
        self.counts.batches += 1
        self.counts.computed += layout.tokens.size
        if found is not None:
            sums.add(np.array([request for _, request, _ in targets]), *found)
        return kept

    def _targets(
        self, output: object, positions: list[tuple[int, int]], targets: list[tuple[int, int, int]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-probability of each target, and whether it is the likeliest token of its position."""
        order = sorted(range(len(targets)), key=lambda place: targets[place][0])
        at = np.array([targets[place][0] for place in order])
        token = torch.tensor([targets[place][2] for place in order])
        places = torch.tensor(positions)
        values, best = np.empty(len(targets)), np.empty(len(targets), dtype=bool)
        start = 0
        for logits in self._decoder.logits(output, places[:, 0], places[:, 1]):
            low, high = np.searchsorted(at, [start, start + len(logits)])
            inside = torch.from_numpy(at[low:high] - start).to(logits.device)
            wanted = token[low:high].to(logits.device)
            exact = logits.float()
            found = exact[inside, wanted] - exact.logsumexp(dim=-1)[inside]
            if bool(found.isnan().any()):
                raise FloatingPointError("the model returned logits that are not numbers")
            values[order[low:high]] = found.double().cpu().numpy()
            best[order[low:high]] = (exact.argmax(dim=-1)[inside] == wanted).cpu().numpy()
            start += len(logits)
        return values, best


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that a device or the machine lacks memory."""
    said = str(error).casefold()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        sign in said for sign in ("out of memory", "can't allocate memory", "not enough memory")
    )


def _wanted(paths: Sequence[tuple[Node, ...]], requests: Sequence[Request]) -> Wanted:
    """Return, for each node, which of its positions predict a target of which request."""
    wanted: Wanted = {}
    for index, (request, path) in enumerate(zip(requests, paths, strict=True)):
        first = request.first_scored
        for node in reversed(path):
            for depth in range(max(first, node.start), node.end):
                found = (depth - node.start, index, request.targets[depth - first])
                wanted.setdefault(id(node), []).append(found)
            if node.start <= first:
                break
    return wanted


def _key(prefix: Prefix) -> tuple[tuple[int, ...], ...]:
    own = tuple(token for node in prefix.nodes for token in node.tokens)
    return (*_key(prefix.parent), own) if prefix.parent else (own,)


def _uses(groups: Sequence[Group]) -> dict[int, int]:
    """Count what still needs each prefix: its own pieces, and the prefixes that continue it."""
    uses: dict[int, int] = {}
    for group in groups:
        if group.prefix is not None:
            uses[id(group.prefix)] = 1
            if group.prefix.parent is not None:
                uses[id(group.prefix.parent)] += 1
    return uses


def _release(prefix: Prefix | None, uses: dict[int, int], pasts: dict[int, KeysAndValues]) -> None:
    if prefix is None:
        return
    uses[id(prefix)] -= 1
    if not uses[id(prefix)]:
        pasts.pop(id(prefix), None)


def _bytes(past: KeysAndValues) -> int:
    return sum(keys.nbytes + values.nbytes for keys, values in past)


def _too_long(tokens: int, decoder: Decoder) -> str:
    return f"no memory for a single text of {tokens:,} tokens on {decoder.device}; {_memory(decoder.device)}"


def _memory(device: torch.device) -> str:
    if device.type != "cuda":
        return "the machine has no more"
    free, total = torch.cuda.mem_get_info(device)
    return f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB are free"
