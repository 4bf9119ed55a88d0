"""Stores items that arrive one by one in few writes: the answers of one turn of the event loop in one transaction.

Waiting longer for more saves no measurable processor time and costs throughput: a waiting answer keeps its place among
the requests in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class WriteBatcher(Generic[Item]):
    """Collects the items of one turn of an event loop and stores them together; used on the thread of the loop only.

    Args:
        keep: Stores items, in order. Raises nothing.
        most: Number of items that are stored without waiting for more.
        after: Called once whoever added items that are stored now has gone on to what is next.
    """

    def __init__(
        self, keep: Callable[[Sequence[Item]], None], most: int, after: Callable[[], None] = lambda: None
    ) -> None:
        self._keep = keep
        self._most = most
        self._after = after
        self._waiting: list[Item] = []
        self._due: asyncio.Handle | None = None
        self._kept: asyncio.Event | None = None

    async def add(self, item: Item) -> None:
        """Add an item and return once it is stored; it is stored after a cancellation too."""
        self._waiting.append(item)
        if len(self._waiting) >= self._most:
            self.flush()
            return
        if self._kept is None:
            self._kept = asyncio.Event()
            self._due = asyncio.get_running_loop().call_soon(self.flush)
        await self._kept.wait()

    def flush(self) -> None:
        """Store what is waiting; does nothing if nothing is."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        kept, self._kept = self._kept, None
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._keep(waiting)
        if kept is not None:
            kept.set()
        if waiting:
            # Behind the tasks that were woken just now, which the loop runs first.
            asyncio.get_running_loop().call_soon(self._after)
