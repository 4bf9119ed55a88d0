"""Calls whose replies have not been given yet, in the order in which their replies arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from queue import SimpleQueue

from polyarena.harness.endpoints.pending_call import Ticket


class ReplyWindow:
    """Tickets by the position of their calls, from 0.

    Attributes:
        tickets: Those whose replies have not been given.
    """

    def __init__(self) -> None:
        self.tickets: dict[int, Ticket] = {}
        self._ended: SimpleQueue[int] = SimpleQueue()
        self._added = 0

    def __len__(self) -> int:
        return len(self.tickets)

    @property
    def unanswered(self) -> int:
        """How many calls have no reply yet."""
        return len(self.tickets) - self._ended.qsize()

    def add(self, tickets: Iterable[Ticket]) -> None:
        """Add the tickets of the next calls."""
        for ticket in tickets:
            self.tickets[self._added] = ticket
            ticket.job.future.add_done_callback(self._end(self._added))
            self._added += 1

    def first(self) -> int:
        """Wait for a reply if there is none, and return the position of the call whose reply arrived first."""
        return self._ended.get()

    def _end(self, position: int) -> Callable[[object], None]:
        return lambda _future: self._ended.put(position)
