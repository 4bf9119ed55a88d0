"""Collects the errors of one experiment, so that a user sees all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from polyarena.tasks.errors import PolyarenaError

Given = ParamSpec("Given")
Result = TypeVar("Result")


@dataclass
class Problems:
    """Errors found so far.

    Attributes:
        errors: In the order in which they were found.
    """

    errors: list[PolyarenaError] = field(default_factory=list)

    def attempt(self, function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result | None:
        """Return what a function returns, or ``None`` if it raises a :class:`PolyarenaError`, which is recorded."""
        try:
            return function(*args, **kwargs)
        except PolyarenaError as error:
            self.errors.append(error)
            return None

    def raise_all(self) -> None:
        """Raise the first error, with all others attached; one that was found several times is one.

        Raises:
            PolyarenaError: There was at least one error.
        """
        if not self.errors:
            return
        distinct: dict[tuple[str, ...], PolyarenaError] = {}
        for error in self.errors:
            distinct.setdefault((error.what, str(error.where), error.why, error.fix), error)
        first, *rest = distinct.values()
        if not rest:
            raise first
        also = [*first.also, *(each for error in rest for each in (error, *error.also))]
        flat = [type(each)(each.what, where=each.where, why=each.why, fix=each.fix) for each in also]
        raise type(first)(first.what, where=first.where, why=first.why, fix=first.fix, also=flat) from first
