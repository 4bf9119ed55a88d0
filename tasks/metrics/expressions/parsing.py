r"""Parses LaTeX as answers contain it, and the plain notation that models mix with it (``sqrt(2)``, ``π/3``, ``x²``).

Digits must be ASCII. Text (``\text{cm}``), spacing and sizes (``\left``, ``\,``, ``\displaystyle``) are left out. An
integer before a fraction of integers is a mixed number. ``{2, 3}`` is a set with or without backslashes, because golds
of data sets lose them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from polyarena.tasks.metrics.expressions.tree import Call, Collection, Name, Node, Number, Relation

LONGEST = 1_000
"""Characters of an expression; longer ones are no answers."""
DEEPEST = 40
"""Nesting of an expression."""

_REPLACED = (
    ("\\dfrac", "\\frac"),
    ("\\tfrac", "\\frac"),
    ("\\cfrac", "\\frac"),
    ("{,}", ","),
    ("^{\\circ}", "\\circ "),
    ("^\\circ", "\\circ "),
    ("−", "-"),
    ("–", "-"),
    ("·", "*"),
    ("×", "*"),
    ("÷", "/"),
    ("≤", "\\le "),
    ("≥", "\\ge "),
    ("≠", "\\ne "),
    ("∞", "\\infty "),
    ("π", "\\pi "),
    ("√", "\\sqrt "),
    ("∪", "\\cup "),
    ("∈", "\\in "),
    ("±", "\\pm "),
    ("²", "^2 "),
    ("³", "^3 "),
    ("°", "\\circ "),
    ("**", "^"),
    ("，", ","),
    ("、", ","),
    ("；", ";"),
    ("（", "("),
    ("）", ")"),
    ("＝", "="),
    ("％", "%"),
)
_TEXT = re.compile(r"\\(?:text|textbf|textrm|mbox|mathrm|operatorname|mathbf|mathit|rm)\s*\{([^{}]*)\}")
_CONJUNCTION = re.compile(r"\b(?:or|and|ou|oder|und|или|或|和)\b", re.IGNORECASE)
_NOTHING = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|quad|qquad|mathord)(?![A-Za-z])\.?|\\[,;:!\s$]|[$~]"
)
_MATRIX = re.compile(r"\\begin\{[pbvB]?matrix\}(.*?)\\end\{[pbvB]?matrix\}", re.DOTALL)
_WORDS = "arcsin|arccos|arctan|sqrt|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|log|ln|lg|exp|pi|infty|infinity|inf"
_TOKEN = re.compile(
    rf"\s*(?:(?P<grouped>\d{{1,3}}(?:,\d{{3}})+(?![\d]))|(?P<number>\d+(?:\.\d+)?|\.\d+)|\\(?P<command>[A-Za-z]+|\S)"
    rf"|(?P<word>{_WORDS})(?![A-Za-z])|(?P<letter>[^\W\d_])|(?P<sign><=|>=|!=|\S))"
)
_FUNCTIONS = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "exp", "ln", "log",
    "lg",
})  # fmt: skip
_RELATIONS = {
    "=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!=", "le": "<=", "leq": "<=", "leqslant": "<=",
    "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<", "gt": ">", "ne": "!=", "neq": "!=", "in": "in",
}  # fmt: skip
_TIMES = {"*": "*", "cdot": "*", "times": "*", "ast": "*", "/": "/", "div": "/"}
_ENCLOSING = {
    "lfloor": ("floor", "rfloor"),
    "lceil": ("ceil", "rceil"),
    **dict.fromkeys(("|", "vert", "lvert"), ("abs", "|", "vert", "rvert")),
}
_UNION = {"cup": "union", "cap": "intersection", "setminus": "minus", "backslash": "minus"}

Token = tuple[str, str]


class ExpressionError(ValueError):
    """The text is no expression that is understood here."""


def parse(text: str, *, grouped: bool = True) -> Node:
    """Parse an expression.

    Args:
        text: LaTeX or plain notation, with or without dollar signs.
        grouped: Whether ``1,234`` is one number; else it is two.

    Raises:
        ExpressionError: It cannot be parsed, is too long or nested too deeply.
    """
    if len(text) > LONGEST:
        raise ExpressionError("too long")
    for old, new in _REPLACED:
        text = text.replace(old, new)
    text = _TEXT.sub(
        lambda match: f" {match[1]} " if _CONJUNCTION.fullmatch(_NOTHING.sub(" ", match[1]).strip()) else " ", text
    )
    text = _MATRIX.sub(lambda match: f"([{match[1].replace('&', ',').replace(chr(92) * 2, '],[')}])", text)
    text = _NOTHING.sub(" ", text).strip().rstrip(".。।")
    parts = [part for each in _CONJUNCTION.split(text) if (part := each.strip().strip(" ,;"))]
    found = tuple(_Parser(_tokens(part, grouped)).whole() for part in parts)
    if not found:
        raise ExpressionError("empty")
    return found[0] if len(found) == 1 else Collection("", found, "")


def _tokens(text: str, grouped: bool) -> list[Token]:
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            break
        kind, value = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "grouped" and not grouped:
            kind, value = "number", value.partition(",")[0]
            match_end = match.start("grouped") + len(value)
        else:
            match_end = match.end()
        if kind == "grouped":
            kind, value = "number", value.replace(",", "")
        if kind == "command" and value in ("{", "}", "|", "%"):
            kind, value = "sign", {"{": "lbrace", "}": "rbrace"}.get(value, value)
        elif kind in ("command", "word", "sign"):
            kind = "sign"
        found.append((kind, value))
        position = match_end
    return found


class _Parser:
    """A recursive descent over the tokens of one expression."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        found = self.items()
        if self.at < len(self.tokens):
            raise ExpressionError(f"unexpected {self.tokens[self.at][1]!r}")
        return found[0] if len(found) == 1 else Collection("", found, "")

    def peek(self) -> str:
        """Return the sign that comes next; empty for numbers, letters and the end."""
        kind, value = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        return value if kind == "sign" else ""

    def take(self, *signs: str) -> bool:
        if self.peek() in signs and self.peek():
            self.at += 1
            return True
        return False

    def need(self, *signs: str) -> str:
        sign = self.peek()
        if not self.take(*signs):
            raise ExpressionError(f"{signs[0]!r} is missing")
        return sign

    def items(self) -> tuple[Node, ...]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError("nested too deeply")
        found = [self.relation()]
        while self.take(",", ";"):
            found.append(self.relation())
        self.depth -= 1
        return tuple(found)

    def relation(self) -> Node:
        sides, operators = [self.union()], []
        while (operator := _RELATIONS.get(self.peek())) is not None:
            self.at += 1
            operators.append(operator)
            sides.append(self.union())
        return Relation(tuple(sides), tuple(operators)) if operators else sides[0]

    def union(self) -> Node:
        return self._chain(self.sum, _UNION)

    def sum(self) -> Node:
        return self._chain(self.term, {"+": "+", "-": "-", "pm": "pm", "mp": "pm"})

    def _chain(self, part: Callable[[], Node], operators: dict[str, str]) -> Node:
        found = part()
        while (operator := operators.get(self.peek())) is not None:
            self.at += 1
            found = Call(operator, (found, part()))
        return found

    def term(self) -> Node:
        if self.take("-"):
            return Call("neg", (self.term(),))
        if self.take("+"):
            return self.term()
        if self.take("pm"):
            return Call("pm", (Number(Fraction(0)), self.term()))
        found = self.power()
        while True:
            operator = _TIMES.get(self.peek())
            if operator is not None:
                self.at += 1
                negative = self.take("-")
                right = self.power()
                found = Call(operator, (found, Call("neg", (right,)) if negative else right))
            elif self._starts():
                found = self._mixed(found, self.power())
            else:
                return found

    @staticmethod
    def _mixed(left: Node, right: Node) -> Node:
        whole = isinstance(left, Number) and left.value.denominator == 1
        if whole and isinstance(right, Call) and right.operator == "frac":
            above, below = right.arguments
            if isinstance(above, Number) and isinstance(below, Number):
                return Call("+", (left, right))
        if isinstance(left, Number) and isinstance(right, Number):
            raise ExpressionError("two numbers side by side")
        return Call("*", (left, right))

    def _starts(self) -> bool:
        """Whether another factor follows without a sign."""
        if self.at >= len(self.tokens):
            return False
        kind, value = self.tokens[self.at]
        if kind != "sign":
            return True
        opening = value in ("(", "{", "lfloor", "lceil", "frac", "sqrt", "binom", "pi", "infty")
        return opening or value in _FUNCTIONS or value in _GREEK

    def power(self) -> Node:
        found = self.postfix(self.atom())
        if self.take("^"):
            found = Call("^", (found, self.exponent()))
            return self.postfix(found)
        return found

    def exponent(self) -> Node:
        if self.take("-"):
            return Call("neg", (self.exponent(),))
        return self.atom()

    def postfix(self, found: Node) -> Node:
        while True:
            if self.take("!"):
                found = Call("!", (found,))
            elif self.take("%"):
                found = Call("percent", (found,))
            elif self.take("circ"):
                found = Call("degree", (found,))
            elif self.take("_"):
                below = self.argument()
                if isinstance(found, Name):
                    found = Name(f"{found.name}_{below}")
            else:
                return found

    def argument(self) -> Node:
        """Parse what a command takes: a group, or one character."""
        if self.peek() == "{":
            return self.group()
        kind, value = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind == "number" and len(value) > 1 and value.isdigit():
            self.tokens[self.at] = (kind, value[1:])
            return Number(Fraction(value[0]))
        return self.atom()

    def group(self) -> Node:
        self.need("{")
        found = self.items()
        self.need("}")
        return found[0] if len(found) == 1 else Collection("{", found, "}")

    def atom(self) -> Node:
        kind, value = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        if kind == "sign":
            return self.sign(value)
        self.at += 1
        if kind == "number":
            return Number(Fraction(value))
        if kind == "letter":
            return Name(value)
        raise ExpressionError("it ends too early")

    def sign(self, sign: str) -> Node:
        if sign == "{":
            return self.group()
        self.at += 1
        if sign in ("(", "[", "]", "lbrace", "langle"):
            return self.bracketed(sign)
        if sign in _ENCLOSING:
            operator, *closing = _ENCLOSING[sign]
            found = self.relation()
            self.need(*closing)
            return Call(operator, (found,))
        if sign in ("frac", "binom"):
            return Call(sign, (self.argument(), self.argument()))
        if sign == "sqrt":
            return self.root()
        if sign in _FUNCTIONS:
            return self.function(sign)
        return self.symbol(sign)

    def root(self) -> Node:
        index: Node = Number(Fraction(2))
        if self.take("["):
            index = self.relation()
            self.need("]")
        return Call("root", (self.argument(), index))

    def symbol(self, sign: str) -> Node:
        if sign in ("infty", "infinity", "inf"):
            return Name("infty")
        if sign in ("emptyset", "varnothing"):
            return Collection("{", (), "}")
        if sign == "pi" or sign in _GREEK:
            return Name(sign)
        if sign in ("mathbb", "mathcal"):
            return Name(f"{sign} {self.argument()}")
        raise ExpressionError(f"{sign!r} is not understood")

    def function(self, name: str) -> Node:
        base: Node | None = None
        raised: Node | None = None
        if name == "log" and self.take("_"):
            base = self.argument()
        if self.take("^"):
            raised = self.exponent()
        of = self.power() if self.peek() != "-" else self.term()
        found = Call(name, (of,) if base is None else (of, base))
        return found if raised is None else Call("^", (found, raised))

    def bracketed(self, opening: str) -> Node:
        if opening == "lbrace":
            if self.take("rbrace"):
                return Collection("{", (), "}")
            found = self.items()
            self.need("rbrace")
            return Collection("{", found, "}")
        found = self.items()
        closing = self.need(")", "]", "[", "rangle")
        if opening == "(" and closing == ")" and len(found) == 1:
            return found[0]
        # ]a, b[ is the open interval in French and German.
        opening = {"]": "(", "langle": "("}.get(opening, opening)
        closing = {"[": ")", "rangle": ")"}.get(closing, closing)
        if len(found) == 1 and opening == "[" and closing == "]":
            return found[0]
        return Collection(opening, found, closing)


_GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega",
})  # fmt: skip
