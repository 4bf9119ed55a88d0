"""Hostile names in the files that people open."""

from __future__ import annotations

import csv
import io

import pandas as pd
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.reports.escaping import csv_bytes, csv_text, markdown_text, without_controls
from polyarena.reports.tables import latex, markdown


@every_case(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1)",
        "\t=1",
        "  =1",
        "\r=1",
        "\n@x",
        "\ufeff=1",
        "＝1",
        '=HYPERLINK("http://x","y")',
    ],
)
def test_formulas_are_texts(text: str) -> None:
    assert csv_text(text) == f"'{text}"


@every_case(
    "text", ["-1.5", "+0.3", "-0.5 [-1.2, 0.3]", "-1.2 [-3.4, 0.2] ‡", "61.2 [57.0, 65.3]", "gpt-4=x", "", "–", "a@b"]
)
def test_numbers_and_names_stay(text: str) -> None:
    assert csv_text(text) == text


def test_a_table_as_csv() -> None:
    table = pd.DataFrame({"=a": ["=b", None, "c\x00d"], "n": [-1.5, 2.0, float("nan")], "k": [1, -2, 3]})
    rows = list(csv.reader(io.StringIO(csv_bytes(table).decode())))
    assert rows == [["'=a", "n", "k"], ["'=b", "-1.5", "1"], ["", "2.0", "-2"], ["c\ufffdd", "", "3"]]
    assert table.loc[0, "=a"] == "=b"


def test_an_ordinary_table_has_the_bytes_that_pandas_writes() -> None:
    table = pd.DataFrame({"a": ["x", None], "b": pd.array([1, None], dtype="Int64"), "c": [True, False]})
    assert csv_bytes(table) == table.to_csv(index=False).encode()


@given(st.text())
def test_no_cell_begins_with_a_formula_or_holds_a_control_character(text: str) -> None:
    found = csv_text(text)
    assert not found.lstrip().startswith(("=", "@"))
    assert without_controls(found) == found


@every_case(
    ("text", "shown"),
    [
        ("[x](javascript:alert(1))", "[x]\\(javascript&#58;alert(1))"),
        ("![x](data:text/html,1)", "![x]\\(data&#58;text/html,1)"),
        ("<a href='JavaScript :x'>", "&lt;a href='JavaScript &#58;x'&gt;"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a|b\\c\nd", "a\\|b\\\\c d"),
        ("61.2 [57.0, 65.3]", "61.2 [57.0, 65.3]"),
    ],
)
def test_markdown_has_no_links_of_others(text: str, shown: str) -> None:
    assert markdown_text(text) == shown
    assert shown in markdown(pd.DataFrame({"system": [text]}))


def test_latex_has_no_control_characters() -> None:
    assert "ab \\& c" in "".join(latex(pd.DataFrame({"system": ["a\x00b & \x1bc"]})))
