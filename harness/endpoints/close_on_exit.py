"""A base class for resources that are closed at the end of a ``with`` block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class CloseOnExit(ABC):
    """Holds files, connections or threads until it is closed."""

    @abstractmethod
    def close(self) -> None:
        """Release all held resources."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
