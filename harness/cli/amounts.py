"""Numbers of tokens and prices as tables show them: short, and ranges from low to high."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyarena.harness.planning.cost import Range


def short(number: float) -> str:
    """Return a number with its thousands as k, M or G."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f}{suffix}"
    return f"{number:.0f}"


def span(tokens: Range) -> str:
    """Return a range of tokens; a dash for none."""
    return "–" if not tokens.high else f"{short(tokens.low)} to {short(tokens.high)}"


def money(price: Range) -> str:
    """Return a range of prices; ``nothing`` for 0."""
    return "nothing" if not price.high else f"{price.low:.2f} to {price.high:.2f}"
