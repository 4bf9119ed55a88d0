"""Labels of the purpose of requests: the rows of the cost table of a run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CostLabel:
    """The purpose of a request, to which its cost is attributed.

    Attributes:
        who: ``candidates`` or ``judges``; empty if unknown.
        name: Name of the system or the judge.
        task: Task name.
        language: ``lang_Script``.
    """

    who: str = ""
    name: str = ""
    task: str = ""
    language: str = ""


CostLabelLookup = Callable[[str], CostLabel]
"""The label of a call by the key of its match, if a stream has calls of several labels."""

_current: ContextVar[CostLabel | CostLabelLookup] = ContextVar(
    "polyarena_cost_label",
    default=CostLabel(),  # noqa: B039 - it is frozen
)


def current_cost_label(match: str = "") -> CostLabel:
    """Return the label of this thread's requests.

    Args:
        match: Key of the match that the request is made for, if it is for one.
    """
    label = _current.get()
    return label if isinstance(label, CostLabel) else label(match)


@contextmanager
def attribute_costs(label: CostLabel | CostLabelLookup) -> Iterator[None]:
    """Attribute the calls that begin within the block to ``label``; those in flight keep theirs."""
    token = _current.set(label)
    try:
        yield
    finally:
        _current.reset(token)
