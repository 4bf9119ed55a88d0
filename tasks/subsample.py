"""Selects the items of a limit: spread over the data, and the same in every language.

The first items of a data set are not a sample of it: the first three of SIB-200's test split share one topic. Therefore
each item is ranked by the SHA-256 of its ``source_id``, and the items with the smallest ranks are taken (bottom-k
sampling; Broder 1997, On the resemblance and containment of documents). Nothing else influences the choice: the
translations of a source item are taken in all languages or in none, a larger limit keeps the items of a smaller one,
and a language that lacks some source items still shares the others.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator

from polyarena.tasks.item import Item


def subsample(items: Iterable[Item], limit: int | None) -> Iterator[Item]:
    """Yield ``limit`` of the items, spread over all of them, in the order in which they came.

    All items are read, and ``limit`` of them are held at a time.

    Args:
        items: Of one task and language.
        limit: Number of items; ``None``, or a number that is too large, yields all.

    Raises:
        ValueError: The limit is negative.
    """
    if limit is None:
        return iter(items)
    if limit < 0:
        raise ValueError(f"a limit cannot be negative: {limit}")
    # heapq keeps its smallest entry on top; with places negated that is the item to drop next.
    kept: list[tuple[int, int, Item]] = []
    for position, item in enumerate(items):
        entry = (-hash_rank(item.source_id), -position, item)
        if len(kept) < limit:
            heapq.heappush(kept, entry)
        elif kept and entry[:2] > kept[0][:2]:
            heapq.heapreplace(kept, entry)
    return (item for _, _, item in sorted(kept, key=lambda entry: -entry[1]))


def hash_rank(source_id: str) -> int:
    """Return the place of a source item among all: the first 8 bytes of the SHA-256 of its id, as a number."""
    return int.from_bytes(hashlib.sha256(source_id.encode("utf-8", "backslashreplace")).digest()[:8], "big")
