"""What requests are made for: the rows of the ledger of a run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CostLabel:
    """What a request is made for, and so what its cost is attributed to.

    Attributes:
        who: ``candidates`` or ``judges``; empty where nobody said.
        name: Of the system or the judge.
        task: Task name.
        language: ``lang_Script``.
    """

    who: str = ""
    name: str = ""
    task: str = ""
    language: str = ""


CostLabelLookup = Callable[[str], CostLabel]
"""What a call is made for, by the key of its match, where a stream holds calls of several purposes."""

_current: ContextVar[CostLabel | CostLabelLookup] = ContextVar(
    "polyarena_purpose",
    default=CostLabel(),  # noqa: B039 - it is frozen
)


def current_cost_label(match: str = "") -> CostLabel:
    """Return what requests of this thread are made for.

    Args:
        match: Key of the match that the request is made for, if it is for one.
    """
    purpose = _current.get()
    return purpose if isinstance(purpose, CostLabel) else purpose(match)


@contextmanager
def attribute_costs(purpose: CostLabel | CostLabelLookup) -> Iterator[None]:
    """Book the calls that are taken up within the block on ``purpose``; those in flight keep theirs."""
    token = _current.set(purpose)
    try:
        yield
    finally:
        _current.reset(token)
