"""The value of an expression at a point: exact where it is rational and small enough, else a complex float."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from hashlib import sha256

from polyarena.tasks.metrics.expressions.tree import Call, Collection, Name, Node, Number, Relation

Value = Fraction | complex

MOST_BITS = 20_000
"""Size of an exact number; a power or factorial beyond it has no value."""
TOLERANCE = 1e-9
"""Relative difference of equal floats."""

_CONSTANTS: Mapping[str, complex] = {"pi": complex(math.pi), "e": complex(math.e), "i": 1j}


class UndefinedError(ArithmeticError):
    """The expression has no finite value at this point, or one that is too large."""


def names(node: Node) -> frozenset[str]:
    """Return the variables of an expression; constants are none."""
    if isinstance(node, Name):
        return frozenset() if node.name in _CONSTANTS else frozenset({node.name})
    if isinstance(node, Number):
        return frozenset()
    parts = node.arguments if isinstance(node, Call) else node.items if isinstance(node, Collection) else node.sides
    return frozenset().union(*map(names, parts))


def point(variables: frozenset[str], index: int) -> Mapping[str, Fraction]:
    """Return the values of variables at one of the fixed points: whole numbers first (0 to 3), then fractions."""
    values = {}
    for name in variables:
        seed = sha256(f"{name}:{index}".encode()).digest()
        whole = 2 + seed[0] % 11
        values[name] = Fraction(whole) if index < 4 else Fraction(whole * 7 + seed[1] % 7, 7)
    return values


def evaluate(node: Node, values: Mapping[str, Fraction]) -> Value:
    """Return the value of an expression.

    Args:
        node: Without collections and relations.
        values: Of its variables.

    Raises:
        UndefinedError: It has no finite value here.
    """
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        if node.name in values:
            return values[node.name]
        if node.name in _CONSTANTS:
            return _CONSTANTS[node.name]
        raise UndefinedError(node.name)
    if isinstance(node, Collection | Relation):
        raise UndefinedError("several values")
    operation = _OPERATIONS.get(node.operator)
    if operation is None:
        raise UndefinedError(node.operator)
    arguments = [evaluate(argument, values) for argument in node.arguments]
    try:
        return _checked(operation(*arguments))
    except (ArithmeticError, ValueError, TypeError) as error:
        raise UndefinedError(node.operator) from error


def same_value(one: Value, other: Value) -> bool:
    """Return whether two values are equal: exactly if both are exact, else up to :data:`TOLERANCE`."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    try:
        return cmath.isclose(complex(one), complex(other), rel_tol=TOLERANCE, abs_tol=1e-12)
    except OverflowError:
        return False


def _checked(value: Value) -> Value:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
            raise UndefinedError("too large")
        return value
    if not cmath.isfinite(value):
        raise UndefinedError("infinite")
    return value


def _exact(value: Value) -> Fraction | None:
    return value if isinstance(value, Fraction) else None


def _real(value: Value) -> float:
    if isinstance(value, Fraction):
        return float(value)
    if abs(value.imag) > 1e-12 * max(1.0, abs(value.real)):
        raise UndefinedError("not real")
    return value.real


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if bits * abs(exponent.numerator) > MOST_BITS:
                raise UndefinedError("too large")
            return base**exponent.numerator
        if exponent.denominator == 2 and base >= 0:
            root = Fraction(math.isqrt(base.numerator), math.isqrt(base.denominator))
            if root * root == base:
                return _power(root, Fraction(exponent.numerator))
    return complex(base) ** complex(exponent)


def _root(value: Value, index: Value) -> Value:
    degree = _exact(index)
    if degree is None or degree.denominator != 1 or degree == 0:
        raise UndefinedError("root")
    if isinstance(value, Fraction) and value < 0 and degree % 2:
        return -_power(-value, 1 / degree)
    return _power(value, 1 / degree)


def _factorial(value: Value) -> Value:
    exact = _exact(value)
    if exact is not None and exact.denominator == 1:
        if not 0 <= exact <= 2_000:
            raise UndefinedError("factorial")
        return Fraction(math.factorial(int(exact)))
    return complex(math.gamma(_real(value) + 1))


def _binomial(above: Value, below: Value) -> Value:
    first, second = _exact(above), _exact(below)
    if first is None or second is None or first.denominator != 1 or not 0 <= second <= 2_000 or second.denominator != 1:
        return _factorial(above) / (_factorial(below) * _factorial(above - below))
    if abs(first) > 2_000:
        raise UndefinedError("binomial")
    return Fraction(math.comb(int(first), int(second))) if first >= 0 else Fraction(0)


def _log(value: Value, base: Value | None = None) -> Value:
    if value == 0:
        raise UndefinedError("log of 0")
    if base is None:
        return cmath.log(complex(value))
    result = cmath.log(complex(value)) / cmath.log(complex(base))
    nearest = round(result.real)
    exact, exact_base = _exact(value), _exact(base)
    # A power of the base has a whole logarithm, which floor() must see.
    if exact is not None and exact_base is not None and abs(nearest) < 2_000:
        power = Fraction(nearest)
        return power if _power(exact_base, power) == exact else result
    return result


def _floor(value: Value) -> Value:
    return Fraction(math.floor(value if isinstance(value, Fraction) else _real(value)))


def _float(function: Callable[[complex], complex]) -> Callable[[Value], Value]:
    return lambda value: function(complex(value))


def _divide(above: Value, below: Value) -> Value:
    if below == 0:
        raise UndefinedError("division by 0")
    return above / below


def _absolute(value: Value) -> Value:
    return abs(value) if isinstance(value, Fraction) else complex(abs(value))


_OPERATIONS: Mapping[str, Callable[..., Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "frac": _divide,
    "neg": lambda a: -a,
    "^": _power,
    "!": _factorial,
    "binom": _binomial,
    "root": _root,
    "abs": _absolute,
    "floor": _floor,
    "ceil": lambda a: -_floor(-a),
    "percent": lambda a: a / 100,
    "degree": lambda a: a,
    "ln": _log,
    "log": _log,
    "lg": lambda a: _log(a, Fraction(10)),
    "exp": _float(cmath.exp),
    "sin": _float(cmath.sin),
    "cos": _float(cmath.cos),
    "tan": _float(cmath.tan),
    "cot": lambda a: 1 / cmath.tan(complex(a)),
    "sec": lambda a: 1 / cmath.cos(complex(a)),
    "csc": lambda a: 1 / cmath.sin(complex(a)),
    "sinh": _float(cmath.sinh),
    "cosh": _float(cmath.cosh),
    "tanh": _float(cmath.tanh),
    "arcsin": _float(cmath.asin),
    "arccos": _float(cmath.acos),
    "arctan": _float(cmath.atan),
}
