"""Estimates the time left."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class EtaEstimator:
    """Counts work and the seconds it took, for each kind of work (system and task, or judge).

    Kinds differ in speed, so each has its own; a kind whose seconds are not known is expected to go at the mean of the
    others. Amounts of work are in any unit that is the same for all kinds.
    """

    _left: dict[str, float] = field(default_factory=dict)
    _done: dict[str, float] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)

    def expect(self, kind: str, work: float) -> None:
        """Add work to come."""
        self._left[kind] = self._left.get(kind, 0.0) + work

    def advance(self, kind: str, work: float, seconds: float | None) -> None:
        """Move work from what is left to what is done.

        Args:
            kind: Of the work.
            work: How much.
            seconds: That it took; 0 where they were counted with other work, as of cells that share batches. ``None``
                for work that failed or was given up, which tells nothing of the pace.
        """
        self._left[kind] = max(0.0, self._left.get(kind, 0.0) - work)
        if seconds is not None:
            self._done[kind] = self._done.get(kind, 0.0) + work
            self._seconds[kind] = self._seconds.get(kind, 0.0) + seconds

    def seconds_left(self, elapsed: float | None = None, workers: int = 0) -> float | None:
        """Return the expected seconds for what is left; ``None`` before anything is done.

        Args:
            elapsed: Seconds since the beginning. If more seconds of work were done in them, several kinds are done at
                once, and the rest is expected to be as well.
            workers: Of an executor, each of which is at work: what they have not finished yet counts nowhere.
        """
        done, spent = sum(self._done.values()), sum(self._seconds.values())
        if not done or not spent:
            return None
        left = 0.0
        for kind, work in self._left.items():
            own_done, own_spent = self._done.get(kind), self._seconds.get(kind)
            left += work * (own_spent / own_done if own_done and own_spent else spent / done)
        return left / max(1.0, spent / elapsed, workers) if elapsed else left


def describe_time_left(seconds: float | None) -> str:
    """Return the expected seconds in words, such as ``about 0:41 left``."""
    return "time left not known yet" if seconds is None else f"about {format_duration(seconds)} left"


def format_duration(seconds: float | None) -> str:
    """Return seconds as ``m:ss`` or ``h:mm:ss``; a dash when unknown."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
