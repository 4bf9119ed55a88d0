"""The pairs of cells that a judge can decide by now: both cells are stored."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Sequence

from polyarena.harness.planning import PlannedGames

Cell = tuple[str, str, str]
"""System, task and language."""


class ReadyPairs:
    """Hands out pairs in order as soon as both of their cells are stored; threads may share it.

    Args:
        pairs: The pairs to judge, in order.
        coming: Cells that are not stored yet. Pairs of other cells are ready at once.

    Attributes:
        closed: Whether no further pair is handed out.
    """

    def __init__(self, pairs: Sequence[PlannedGames], coming: Iterable[Cell] = ()) -> None:
        self._changed = threading.Condition()
        self._pairs = pairs
        self._ready: list[int] = []
        self._lacking: dict[int, int] = {}
        self._waiting: dict[Cell, list[int]] = {}
        coming = frozenset(coming)
        for place, pair in enumerate(pairs):
            lacking = coming.intersection(
                (system, pair.task, pair.language) for system in (pair.candidate, pair.baseline)
            )
            if not lacking:
                self._ready.append(place)
                continue
            self._lacking[place] = len(lacking)
            for cell in lacking:
                self._waiting.setdefault(cell, []).append(place)
        self._complete = not self._lacking
        self.closed = False

    def stored(self, cell: Cell) -> None:
        """Record that a cell is stored."""
        with self._changed:
            for place in self._waiting.pop(cell, ()):
                self._lacking[place] -= 1
                if not self._lacking[place]:
                    del self._lacking[place]
                    heapq.heappush(self._ready, place)
            self._complete = self._complete or not self._lacking
            self._changed.notify_all()

    def finish(self) -> None:
        """Record that no further cell will be stored; pairs that lack one never become ready."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    def close(self) -> None:
        """Hand out no further pair, because the run is ending."""
        with self._changed:
            self.closed = self._complete = True
            self._ready = []
            self._waiting = {}
            self._changed.notify_all()

    def draw(self) -> PlannedGames | None:
        """Return the next pair that is ready, without waiting; ``None`` if there is none now."""
        with self._changed:
            return self._pairs[heapq.heappop(self._ready)] if self._ready else None

    def draw_all(self) -> list[PlannedGames]:
        """Return all pairs that are ready now."""
        with self._changed:
            ready, self._ready = sorted(self._ready), []
            return [self._pairs[place] for place in ready]

    def wait(self) -> bool:
        """Wait until a pair is ready; ``False`` if none will be."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._complete)
            return bool(self._ready)
