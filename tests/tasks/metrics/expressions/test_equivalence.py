"""Expressions with the same value are one answer, and others are not."""

from fractions import Fraction

import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.metrics.expressions.equivalence import equivalent
from polyarena.tasks.metrics.expressions.evaluation import UndefinedError, evaluate
from polyarena.tasks.metrics.expressions.parsing import DEEPEST, LONGEST, ExpressionError, parse

SAME = [
    (r"\frac{1}{2}", "0.5"),
    (r"\dfrac12", "1/2"),
    (r"\frac{3\sqrt{5}}{5}", r"\frac{3}{\sqrt{5}}"),
    (r"-\frac{\sqrt5}{5}", r"-1/\sqrt{5}"),
    (r"1+3\sqrt{2}", r"3\sqrt2+1"),
    (r"\frac{\pi}{3}", "π/3"),
    (r"\frac{\pi}{3}", "pi/3"),
    (r"2^{2024} - 1", r"2 \cdot 2^{2023} - 1"),
    (r"\frac{100!}{2^{50}}", r"100! \div 4^{25}"),
    (r"\frac{2016}{2017^2}", r"\frac{2016}{4068289}"),
    (r"2n^2 - 2n + 1", r"n^2 + (n-1)^2"),
    (r"\frac{n(n+1)}{4}", r"\frac{n^2+n}{4}"),
    (r"\lfloor \log_{2} n  \rfloor + 1", r"1 + \left\lfloor \log_2 n \right\rfloor"),
    (r"\lceil \frac{n}{2} \rceil + 1", r"\lceil n/2 \rceil+1"),
    ("n!", "n (n-1)!"),
    ("k + 4", "4+k"),
    (r"{-2,0,2}", r"\{2, 0, -2\}"),
    (r"{2, -2, \frac{1}{2}, -\frac{1}{2}}", r"\pm 2, \pm\frac12"),
    (r"x = 1 \text{ or } x = -1", r"x = \pm 1"),
    (r"\{1\}", "1"),
    ("1, 2", "2, 1"),
    (r"[2,3)", r"\left[2, 3\right)"),
    (r"2 \le x < 3", "[2,3)"),
    (r"3 > x \geq 2", "[2,3)"),
    ("x>2", r"(2,+\infty)"),
    ("2 < x", r"(2,\infty)"),
    ("]2,3[", "(2,3)"),
    (r"(-\infty, 0)\cup(0,1)\cup(1,+\infty)", r"(0,1) \cup (1, \infty) \cup (-\infty, 0)"),
    (r"c < a < b", "b > a > c"),
    (r"b \geq $-\frac{2}{3}$", r"b \ge -\frac23"),
    (r"b \geq $-\frac{2}{3}$", r"[-2/3, \infty)"),
    (r"\frac{x^{2}}{2} - \frac{y^{2}}{4}=1", r"2x^2 - y^2 = 4"),
    ("y = 2x + 1", "2x - y + 1 = 0"),
    ("f(x) = x + 1", "f(x)=1+x"),
    ("f(x) = x + 1", "x+1"),
    ("x = 3", "3"),
    (r"x \in [1,2]", "[1,2]"),
    (r"(x, y) = (1, 2)", "(1,2)"),
    ("50\\%", "0.5"),
    (r"30^\circ", r"30^{\circ}"),
    ("1\\frac{1}{2}", "3/2"),
    ("3\\text{ cm}", "3"),
    ("1{,}234", "1234"),
    ("1,234", "1234"),
    (r"\sqrt[3]{-8}", "-2"),
    (r"|{-3}|", "3"),
    (r"\binom{5}{2}", "10"),
    (r"\sin 30 x", r"\sin(30) x"),
    (r"\sin^2 x + \cos^2 x", "1 + x - x"),
    (r"\log_2 8", "3"),
    ("e^{i\\pi}", "-1"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}"),
    (r"\emptyset", r"\{\}"),
    ("2^10", "1024"),
    ("x_1 + x_2", "x_2 + x_{1}"),
]

DIFFERENT = [
    (r"\frac{1}{2}", "0.51"),
    (r"2^{2024} - 1", r"2^{2024}"),
    ("n^2", "n^3"),
    ("n", "m"),
    ("2n", "4"),
    ("1, 2", "1, 2, 3"),
    ("[2,3)", "(2,3)"),
    ("[2,3)", "[2,3]"),
    ("(1,2)", "(2,1)"),
    (r"\{1,2\}", "(1,2)"),
    ("x > 2", r"x \geq 2"),
    ("x > 2", "x < 2"),
    ("c < a < b", "a < c < b"),
    ("x = 3", "x = 4"),
    ("y = 2x + 1", "y = 2x - 1"),
    ("2x", "y = 2x + 1"),
    (r"\infty", r"-\infty"),
    (r"\infty", "1"),
    (r"\pm 1", "1"),
    (r"\frac{1}{0}", "0"),
    (r"\lfloor n/2 \rfloor", "n/2"),
    ("n!", "n^2"),
    (r"(0,1) \cup (2,3)", "(0,1)"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}2\\1\end{pmatrix}"),
]


@every_case(("one", "other"), SAME)
def test_equal_values(one, other):
    assert equivalent(parse(one), parse(other))
    assert equivalent(parse(other), parse(one))


@every_case(("one", "other"), DIFFERENT)
def test_other_values(one, other):
    assert not equivalent(parse(one), parse(other))
    assert not equivalent(parse(other), parse(one))


@every_case(
    "text",
    [
        "",
        "   ",
        "the end",
        "1 +",
        "(1",
        "1 2",
        r"\frac{1}",
        r"\unknown",
        "{",
        "?",
        "x" * (LONGEST + 1),
        "(" * (DEEPEST + 1),
    ],
)
def test_what_is_no_expression(text):
    if text == "the end":  # letters side by side are a product, which equals no number
        assert not equivalent(parse(text), parse("1"))
        return
    with pytest.raises(ExpressionError):
        parse(text)


@every_case(
    "text",
    ["9!!!!", "10^{10^{10}}", "2^{100000}", "(9^9)^{9^9}", "1/0", r"\log 0", "3000!", r"\binom{10^9}{10^8}", "0^{-1}"],
)
def test_hostile_sizes_have_no_value_and_take_no_time(text):
    with pytest.raises(UndefinedError):
        evaluate(parse(text), {})
    assert not equivalent(parse(text), parse("1"))


@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_fractions_are_exact(one, other):
    def written(value):
        return rf"{'-' if value < 0 else ''}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"

    assert evaluate(parse(written(one)), {}) == one
    assert equivalent(parse(written(one)), parse(written(other))) == (one == other)
    assert equivalent(parse(f"{written(one)} + ({written(other)})"), parse(written(one + other)))


@given(st.text(alphabet=r"\{}()[]frac sqrt,.0123456789xyn^_+-*/=<>|!$&%", max_size=40))
def test_any_text_is_parsed_or_refused(text):
    try:
        node = parse(text)
    except ExpressionError:
        return
    equivalent(node, parse("1"))


def test_points_are_the_same_in_each_process():
    from polyarena.tasks.metrics.expressions.evaluation import point

    assert point(frozenset("n"), 0) == point(frozenset("n"), 0)
    assert point(frozenset("n"), 0)["n"].denominator == 1
    assert isinstance(point(frozenset("n"), 7)["n"], Fraction)
