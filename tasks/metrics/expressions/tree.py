"""The tree of a parsed expression."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """An integer or decimal number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    r"""A variable or constant, such as ``x``, ``x_1``, ``\alpha`` (written ``alpha``) or ``pi``."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function and its arguments: ``+ - * / ^ neg ! root log sin floor abs binom union ...``."""

    operator: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """Several expressions: a set, a list without brackets, or a tuple or interval.

    Attributes:
        opening: ``(``, ``[``, ``{`` for a set, or empty for a list without brackets.
        items: What it contains, in order.
        closing: As ``opening``, mirrored.
    """

    opening: str
    items: tuple[Node, ...]
    closing: str

    @property
    def ordered(self) -> bool:
        """Whether the order of the items matters."""
        return self.opening not in ("", "{")


@dataclass(frozen=True, slots=True)
class Relation:
    """A chain such as ``a < b <= c``: the sides, and the operators between them (``= != < <= > >= in``)."""

    sides: tuple[Node, ...]
    operators: tuple[str, ...]


Node = Number | Name | Call | Collection | Relation
