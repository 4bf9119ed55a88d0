"""Whether two expressions have the same value."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from polyarena.tasks.metrics.expressions.evaluation import UndefinedError, Value, evaluate, names, point, same_value
from polyarena.tasks.metrics.expressions.tree import Call, Collection, Name, Node, Relation

POINTS = 8
"""At how many points expressions with variables are compared."""
FEWEST = 3
"""At how many of them both must have a value."""
LARGEST = 40
"""Items of a set."""

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_INFINITE = Name("infty")


def equivalent(one: Node, other: Node) -> bool:
    r"""Return whether two expressions are the same answer.

    * Numbers and formulas by value; with variables, at :data:`POINTS` points.
    * Sets and lists without brackets in any order; tuples and intervals in order, with their brackets; unions in any
      order.
    * Equations if one is a multiple of the other; inequalities also turned round, or as the interval that
      they describe.
    * ``x = 3``, ``f(x) = 3`` and ``x \\in A`` are what stands on the right, if the other has no such left side.
    * ``a \\pm b`` is the set of both, and a set of one element is that element.
    """
    one, other = _expanded(one), _expanded(other)
    if isinstance(one, Relation) and isinstance(other, Relation) and _same_relation(one, other):
        return True
    if isinstance(one, Relation) != isinstance(other, Relation) or (
        isinstance(one, Relation) and isinstance(other, Relation) and "=" not in one.operators + other.operators
    ):
        first, second = _as_interval(one), _as_interval(other)
        if (first, second) != (one, other) and equivalent(first, second):
            return True
    if isinstance(one, Relation) or isinstance(other, Relation):
        first, second = _right_side(one), _right_side(other)
        both = isinstance(one, Relation) and isinstance(other, Relation)
        return not both and (first, second) != (one, other) and equivalent(first, second)
    if isinstance(one, Collection) or isinstance(other, Collection):
        return _same_collections(one, other)
    if _is_union(one) or _is_union(other):
        return _same_unordered(_union_parts(one), _union_parts(other))
    return _same_values(one, other)


def _same_values(one: Node, other: Node) -> bool:
    infinite = [_sign_of_infinity(node) for node in (one, other)]
    if any(infinite):
        return infinite[0] == infinite[1]
    variables = names(one) | names(other)
    if names(one) != names(other) and not (names(one) & names(other)) and variables:
        # A value and a formula of variables, or formulas of other variables: equal only if all are constant.
        return one == other
    pairs = _pairs(one, other, variables)
    return len(pairs) >= (FEWEST if variables else 1) and all(
        a is not None and b is not None and same_value(a, b) for a, b in pairs
    )


def _pairs(one: Node, other: Node, variables: frozenset[str]) -> list[tuple[Value | None, Value | None]]:
    """Return the values of both at the points where either has one."""
    found = []
    for index in range(POINTS if variables else 1):
        values = point(variables, index)
        pair = (_value(one, values), _value(other, values))
        if pair != (None, None):
            found.append(pair)
    return found


def _value(node: Node, values: dict[str, Fraction] | object) -> Value | None:
    try:
        return evaluate(node, values)  # type: ignore[arg-type]
    except (UndefinedError, RecursionError):
        return None


def _sign_of_infinity(node: Node) -> int:
    if isinstance(node, Call) and node.operator == "neg":
        return -_sign_of_infinity(node.arguments[0])
    return int(node == _INFINITE)


def _same_relation(one: Relation, other: Relation) -> bool:
    if len(one.sides) != len(other.sides):
        return False
    for candidate in (one, _turned(one)):
        if candidate.operators == other.operators and all(
            equivalent(a, b) for a, b in zip(candidate.sides, other.sides, strict=True)
        ):
            return True
    return one.operators == other.operators == ("=",) and _proportional(_difference(one), _difference(other))


def _turned(relation: Relation) -> Relation:
    operators = tuple(_MIRRORED.get(operator, operator) for operator in reversed(relation.operators))
    return Relation(relation.sides[::-1], operators)


def _difference(relation: Relation) -> Node:
    return Call("-", relation.sides)


def _proportional(one: Node, other: Node) -> bool:
    variables = names(one) | names(other)
    if names(one) != names(other):
        return False
    ratios: list[Value] = []
    for a, b in _pairs(one, other, variables):
        if a is None or b is None or (a == 0) != (b == 0):
            return False
        if b != 0:
            ratios.append(a / b)
    return len(ratios) >= FEWEST and all(same_value(ratio, ratios[0]) for ratio in ratios)


def _right_side(node: Node) -> Node:
    """Return what a name equals or is an element of; anything else as it is."""
    if isinstance(node, Relation) and node.operators in (("=",), ("in",)) and _is_name(node.sides[0]):
        return node.sides[1]
    if isinstance(node, Collection) and not node.ordered:
        return Collection(node.opening, tuple(_right_side(item) for item in node.items), node.closing)
    return node


def _is_name(node: Node) -> bool:
    """Whether it is a name, or a function of names, as ``f(x)`` is read as a product."""
    if isinstance(node, Call):
        return node.operator == "*" and all(_is_name(argument) for argument in node.arguments)
    return (isinstance(node, Name) and node.name not in ("pi", "e", "infty")) or (
        isinstance(node, Collection) and node.ordered and all(_is_name(item) for item in node.items)
    )


def _as_interval(node: Node) -> Node:
    """Return the interval of an inequality of one name, such as ``x < 2`` or ``1 <= x < 2``; else the node as it is."""
    if not isinstance(node, Relation):
        return node
    minus = Call("neg", (_INFINITE,))
    for relation in (node, _turned(node)):
        bounds = [side for side in relation.sides if not _is_name(side)]
        if any(map(names, bounds)):
            return node
        match len(relation.sides), relation.operators:
            case 2, (("<" | "<=") as operator,) if _is_name(relation.sides[0]) and bounds:
                return Collection("(", (minus, bounds[0]), "]" if operator == "<=" else ")")
            case 2, ((">" | ">=") as operator,) if _is_name(relation.sides[0]) and bounds:
                return Collection("[" if operator == ">=" else "(", (bounds[0], _INFINITE), ")")
            case 3, (("<" | "<=") as first, ("<" | "<=") as second) if _is_name(relation.sides[1]) and len(bounds) == 2:
                opening, closing = "[" if first == "<=" else "(", "]" if second == "<=" else ")"
                return Collection(opening, (bounds[0], bounds[1]), closing)
    return node


def _same_collections(one: Node, other: Node) -> bool:
    if not isinstance(one, Collection) or not isinstance(other, Collection):
        collection, single = (one, other) if isinstance(one, Collection) else (other, one)
        assert isinstance(collection, Collection)
        return not collection.ordered and len(collection.items) == 1 and equivalent(collection.items[0], single)
    if len(one.items) != len(other.items) or len(one.items) > LARGEST:
        return False
    if not one.ordered and not other.ordered:
        return _same_unordered([_right_side(item) for item in one.items], [_right_side(item) for item in other.items])
    if "{" in (one.opening, other.opening):
        return False
    brackets = {(side.opening, side.closing) for side in (one, other)} - {("", "")}
    ordered = zip(one.items, other.items, strict=True)
    return len(brackets) == 1 and all(equivalent(a, b) for a, b in ordered)


def _same_unordered(one: Sequence[Node], other: Sequence[Node]) -> bool:
    left = list(other)
    for item in one:
        match = next((index for index, candidate in enumerate(left) if equivalent(item, candidate)), None)
        if match is None:
            return False
        del left[match]
    return not left


def _is_union(node: Node) -> bool:
    return isinstance(node, Call) and node.operator == "union"


def _union_parts(node: Node) -> list[Node]:
    if isinstance(node, Call) and node.operator == "union":
        return [part for argument in node.arguments for part in _union_parts(argument)]
    return [node]


class _Signed(NamedTuple):
    plus: Node
    minus: Node


def _expanded(node: Node) -> Node:
    """Return a formula with ``±`` as the list of both values; anything else as it is."""
    if isinstance(node, Relation) and len(node.sides) == 2 and node.operators == ("=",):
        right = _expanded(node.sides[1])
        return Relation((node.sides[0], right), node.operators)
    if isinstance(node, Collection) and not node.ordered:
        items: list[Node] = []
        for item in node.items:
            found = _expanded(item)
            items += found.items if isinstance(found, Collection) and not found.opening else [found]
        return Collection(node.opening, tuple(items), node.closing)
    signed = _signed(node)
    return node if signed.plus == signed.minus else Collection("", (signed.plus, signed.minus), "")


def _signed(node: Node) -> _Signed:
    if not isinstance(node, Call):
        return _Signed(node, node)
    parts = [_signed(argument) for argument in node.arguments]
    plus, minus = tuple(part.plus for part in parts), tuple(part.minus for part in parts)
    if node.operator == "pm":
        return _Signed(Call("+", plus), Call("-", minus))
    return _Signed(Call(node.operator, plus), Call(node.operator, minus))
