"""Cost estimates: ranges of tokens and prices."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from polyarena.harness.endpoints import EndpointSettings, Prices
from polyarena.judges.protocol import Call, Reply, message_text
from polyarena.tasks.errors import ExperimentError

BYTES_PER_TOKEN = (1.5, 5.0)
"""UTF-8 bytes per token, fewest and most.

Today's tokenizers take 4 to 5 bytes of English a token; scripts that they saw little of come near one token for each
character of two or three bytes.
"""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of tokens or money; ranges are added end by end."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: Range) -> Range:
        """Add both ends."""
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: float) -> Range:
        """Scale both ends."""
        return Range(self.low * factor, self.high * factor)


def text_tokens(text: str) -> Range:
    """Return the range of tokens that a text may have under an unknown tokenizer."""
    return size_tokens(len(text.encode("utf-8", "replace")))


def size_tokens(size: int) -> Range:
    """Return the range of tokens that a text of this many UTF-8 bytes may have."""
    return Range(size / BYTES_PER_TOKEN[1], size / BYTES_PER_TOKEN[0])


def price(prompt: Range, completion: Range, prices: Prices | None) -> Range | None:
    """Return the price range of tokens; ``None`` if the prices are unknown, never a silent zero."""
    if prices is None:
        return None
    return prompt * (float(prices.input) / 1e6) + completion * (float(prices.output) / 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """The cost of one part of a plan.

    Attributes:
        items: Number of items.
        requests: Texts to generate, choices to score, or games to judge.
        cached: Of the requests, those that the call cache can answer.
        prompt_tokens: Estimated range, cached requests apart.
        completion_tokens: Likewise.
        price: Likewise; ``None`` where nothing is billed or no price is known.
        billed: Whether an endpoint is asked.
        stored: Whether the outcome is in the run folder already.
    """

    items: int
    requests: int
    cached: int
    prompt_tokens: Range
    completion_tokens: Range
    price: Range | None
    billed: bool
    stored: bool


def cost_fields(
    items: int,
    requests: int,
    cached: int,
    prompt: Range,
    completion: Range,
    endpoint: EndpointSettings | None,
) -> dict[str, Any]:
    """Return the fields of :class:`CostEstimate` except ``stored``, given the tokens of all requests.

    Args:
        items: As there.
        requests: As there.
        cached: As there; their share of the tokens costs nothing.
        prompt: Of all requests.
        completion: Likewise.
        endpoint: The endpoint that bills the requests; ``None`` if none does.
    """
    share = 1 - cached / requests if requests else 0.0
    return {
        "items": items,
        "requests": requests,
        "cached": cached,
        "prompt_tokens": prompt * share,
        "completion_tokens": completion * share,
        "price": _price(prompt * share, completion * share, endpoint) if endpoint else None,
        "billed": endpoint is not None,
    }


def _price(prompt: Range, completion: Range, endpoint: EndpointSettings) -> Range | None:
    total = price(prompt, completion, endpoint.prices)
    if total is None or endpoint.prices is None or endpoint.mode != "batch":
        return total
    return total * float(endpoint.prices.batch_share)


MIN_REPLIES = 20
"""Replies of one judge, task and language that are needed before the endpoint's own counts are used."""


MAX_SAMPLED_CALLS = 200
"""Most questions of each pair of systems, sampled from all of them, whose replies are looked up in the cache."""


WIDTH = 4.0
"""Standard deviations on each side; wide, because items that were asked first may differ from the rest."""


@dataclass(frozen=True, slots=True)
class TokenRates:
    """Average tokens of the questions and replies that are still to come.

    Attributes:
        per_byte: Tokens for each UTF-8 byte of a question's messages, all questions together.
        reply: Tokens of an answer.
        answers: How many answers this rests on.
    """

    per_byte: Range
    reply: Range
    answers: int


def sample_calls(calls: Sequence[Call], most: int) -> Sequence[Call]:
    """Return the questions, or as many as ``most`` sampled from them at random; the same ones each time."""
    return calls if len(calls) <= most else random.Random(0).sample(calls, most)


def call_size(call: Call) -> int:
    """Return the UTF-8 bytes of a question's messages, its images left out."""
    return sum(len(message_text(turn).encode("utf-8", "replace")) for turn in call.messages)


def token_rates(answered: Iterable[tuple[Call, Reply]], left: int) -> TokenRates | None:
    """Return what the endpoint's own counts say of the questions to come.

    The ranges are prediction intervals for the mean of the questions to come, mean ± w · s · √(1/k + 1/n) with k
    answers and n questions to come (Hahn and Meeker 1991, *Statistical Intervals*), never beyond what was seen.

    Args:
        answered: Questions of one judge, task and language, each with its answer.
        left: How many like them are to come.

    Returns:
        ``None`` if fewer than :data:`MIN_REPLIES` answers have counts.
    """
    tokens, sizes, lengths = [], [], []
    for call, reply in answered:
        size = call_size(call)
        if reply.prompt_tokens and reply.completion_tokens is not None and size:
            tokens.append(reply.prompt_tokens)
            sizes.append(size)
            lengths.append(reply.completion_tokens)
    if len(tokens) < MIN_REPLIES:
        return None
    spread = 1 / len(tokens) + 1 / max(left, 1)
    return TokenRates(
        ratio_of_sums(tokens, sizes, spread), ratio_of_sums(lengths, [1] * len(lengths), spread), len(tokens)
    )


def ratio_of_sums(tokens: Sequence[int], sizes: Sequence[int], spread: float) -> Range:
    """Return the range of the ratio between two sums, estimated from a sample of their terms.

    It is r ± w · s(tokens - r · sizes) · √spread / mean(sizes), where r is the ratio of the sums that were seen
    (Cochran 1977, *Sampling Techniques*, section 6.3), never beyond the ratios of single pairs.

    Args:
        tokens: Of each question, or of each answer.
        sizes: Of each question, above 0; or ones, for a mean.
        spread: 1/k - 1/N for k pairs drawn from N; 1/k + 1/n for n that are still to come.
    """
    ratio = sum(tokens) / sum(sizes)
    if len(tokens) < 2:
        return Range(ratio, ratio)
    half = WIDTH * stdev(t - ratio * size for t, size in zip(tokens, sizes, strict=True)) * math.sqrt(spread)
    half /= fmean(sizes)
    single = [t / size for t, size in zip(tokens, sizes, strict=True)]
    # A ratio is rounded, and may by that lie outside of equal values.
    return Range(min(ratio, max(min(single), ratio - half)), max(ratio, min(max(single), ratio + half)))


Count = Callable[[Sequence[str]], list[int]]
"""Takes texts and returns how many tokens each has."""


SAMPLE = 50
"""Questions of a cell or pair whose tokens are counted, sampled from all of them."""


FRAME = (3, 12)
"""Tokens that a chat template adds to each message, fewest and most: its role, and where it begins and ends."""


def open_counter(settings: EndpointSettings | None, base: str | Path) -> Count | None:
    """Return the tokenizer of an endpoint as a function that counts tokens; ``None`` if none is named.

    Args:
        settings: The endpoint's. ``tokenizer`` is a ``tokenizer.json`` or the folder that holds one, seen from the
            experiment's folder; or the name of a repository on the hub.
        base: The experiment's folder.

    Raises:
        ExperimentError: There is no such tokenizer, or the package that reads it is not installed.
    """
    if settings is None or settings.tokenizer is None:
        return None
    return _opened(settings.tokenizer, str(base))


def tokens_per_byte(calls: Sequence[Call], count: Count) -> Range:
    """Return the tokens for each UTF-8 byte of some questions, with what a chat template may add.

    Where only some of the questions are counted, the range is four standard errors wide on each side, for a sample
    without replacement; see :func:`ratio_of_sums`.

    Args:
        calls: At least one question.
        count: The tokenizer.
    """
    some = sample_calls(calls, SAMPLE)
    sizes = [max(call_size(call), 1) for call in some]
    texts = [message_text(turn) for call in some for turn in call.messages]
    counted = iter(count(texts))
    tokens = [sum(next(counted) for _ in call.messages) for call in some]
    spread = 1 / len(some) - 1 / len(calls)
    low, high = (
        ratio_of_sums([n + extra * len(call.messages) for n, call in zip(tokens, some, strict=True)], sizes, spread)
        for extra in FRAME
    )
    return Range(low.low, high.high)


@lru_cache(maxsize=8)
def _opened(name: str, base: str) -> Count:
    where = f"tokenizer: {name}"
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ExperimentError(
            "the package that counts tokens is not installed",
            where=where,
            fix="pip install tokenizers, or leave `tokenizer` out",
        ) from error
    path = Path(base) / name
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        tokenizer = Tokenizer.from_file(str(file)) if path.exists() else Tokenizer.from_pretrained(name)
    # The package raises plain exceptions of its own.
    except Exception as error:
        raise ExperimentError(
            "the tokenizer of an endpoint cannot be read",
            where=str(file) if path.exists() else where,
            why=f"it is not a file, and the hub does not have it or cannot be reached: {error}"
            if not path.exists()
            else str(error),
            fix="name a tokenizer.json, a folder that holds one, or a repository on the hub; or leave `tokenizer` out",
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        return [len(each.ids) for each in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    return count
