"""Chooses the prompts that are kept for measuring and never trained on."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable

from polyarena.tasks.mixtures.records import TrainingRow


def held_out_prompts(rows: Iterable[TrainingRow], count: int, seed: int) -> frozenset[tuple[str, str]]:
    """Return ``count`` prompts of each language; all rows of such a prompt, in any source, are to be held out.

    The choice depends on the seed and the texts alone. Memory holds the chosen prompts only.

    Args:
        rows: In any order.
        count: Prompts of each language.
        seed: Of the choice.

    Returns:
        Language and prompt of each.
    """
    chosen: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        heap = chosen.setdefault(row.language, [])
        text = f"{seed}\0{row.language}\0{row.prompt}".encode("utf-8", "backslashreplace")
        # The largest rank is on top of the heap, so that it is the next to go.
        entry = (-int.from_bytes(hashlib.sha256(text).digest()[:8], "big"), row.prompt)
        if entry in heap:
            continue
        if len(heap) < count:
            heapq.heappush(heap, entry)
        elif heap and entry > heap[0]:
            heapq.heapreplace(heap, entry)
    return frozenset((language, prompt) for language, heap in chosen.items() for _, prompt in heap)
