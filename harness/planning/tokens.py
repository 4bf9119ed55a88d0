"""How many tokens and how much money, as honest ranges, before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass

from polyarena.harness.endpoints import Prices

BYTES_PER_TOKEN = (1.5, 5.0)
"""UTF-8 bytes per token, fewest and most.

Today's tokenizers take 4 to 5 bytes of English a token; scripts that they saw little of come near one token for each
character of two or three bytes.
"""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of tokens or money; adds up end by end."""

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
