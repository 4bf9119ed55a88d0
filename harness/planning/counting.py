"""What a tokenizer counts in the questions of a plan, where the experiment names one for its endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from polyarena.harness.endpoints import EndpointSettings
from polyarena.harness.planning.measured import call_size, drawn, ratio_of_sums
from polyarena.harness.planning.tokens import Range
from polyarena.judges.protocol import Call, message_text
from polyarena.tasks.errors import ExperimentError

Count = Callable[[Sequence[str]], list[int]]
"""Takes texts and returns how many tokens each has."""

SAMPLE = 50
"""Questions of a cell or pair that are counted, drawn from all of them."""
FRAME = (3, 12)
"""Tokens that a chat template adds to each message, fewest and most: its role, and where it begins and ends."""


def open_counter(settings: EndpointSettings | None, base: str | Path) -> Count | None:
    """Return what counts tokens for an endpoint; ``None`` if none is named.

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
    without replacement; see :func:`polyarena.harness.planning.measured.ratio_of_sums`.

    Args:
        calls: At least one question.
        count: The tokenizer.
    """
    some = drawn(calls, SAMPLE)
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
