"""Tables as LaTeX and Markdown whatever the names are, and numbers as texts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pytest
from every_case import every_case
from hypothesis import given
from hypothesis import strategies as st

from polyarena.reports.flags import MARK
from polyarena.reports.rows import Mark
from polyarena.reports.stats import mean_scores, win_rates
from polyarena.reports.tables import Section, format_band, format_mark, language_table, latex, markdown, sections
from polyarena.reports.template_names import is_over_templates, over_templates, plain_metric

Make = Callable[..., pd.DataFrame]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NASTY = st.text(st.sampled_from("&%$#_{}\\~^|<>[]–‡\n\t ab*`"), max_size=20)
SHARES = st.floats(0, 1)


def cells(text: str) -> pd.DataFrame:
    return pd.DataFrame({"language": [text, "z"], "a|b": ["1.0", text]})


@given(st.one_of(NASTY, TEXT))
def test_a_cell_never_becomes_two_in_markdown(text: str) -> None:
    lines = markdown(cells(text)).split("\n")
    assert len(lines) == 5
    for line in lines[:-1]:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3
    assert "<" not in markdown(cells(text))


@given(NASTY)
def test_markdown_can_be_read_back(text: str) -> None:
    first = markdown(cells(text)).split("\n")[2]
    inner = first.removeprefix("| ").removesuffix(" | 1.0 |")
    back = re.sub(r"\\([\\|])", r"\1", inner).replace("&lt;", "<").replace("&gt;", ">")
    assert back == " ".join(text.split())


COMMANDS = re.compile(
    r"\$[^$ ]*\$"  # a sign of maths
    r"|\\parbox\[.\]\{[\d.]+pt\}\{|\\(?:raggedright|strut|allowbreak)(?:\{\}| )?|\}$|\}(?= & )"
    r"|\\[`'^~=.\"urHvdckb]\{[^}]*\}+"  # a letter with an accent
    r"|\\[a-zA-Z]+(?:\{\})?|\\[&%$#_{}]|^\{\}| & \{\}"
)
"""What a text may be written as."""


@given(st.one_of(NASTY, TEXT))
def test_no_special_character_reaches_latex_bare(text: str) -> None:
    lines = latex(cells(text), [text])[0].split("\n")
    assert [line for line in lines if line.startswith("\\") and line.endswith("rule")] == [
        "\\toprule", "\\midrule", "\\bottomrule",
    ]  # fmt: skip
    for line in lines[5:7]:
        assert line.endswith(" \\\\")
        plain = COMMANDS.sub("", line.removesuffix(" \\\\"))
        assert not set(plain.replace(" & ", "")) & set("%$#_{}\\~^&")


@given(NASTY)
def test_braces_of_latex_are_balanced(text: str) -> None:
    bare = re.sub(r"\\[{}\\]", "", latex(cells(text), [text])[0])
    assert bare.count("{") == bare.count("}")


def test_a_bracket_at_the_start_is_no_argument_of_the_line_end() -> None:
    lines = latex(pd.DataFrame({"language": ["[1]"], "x": ["[50.0, 60.0]"]}))[0].splitlines()
    assert lines[5] == "{}[1] & {}[50.0, 60.0] \\\\"


@every_case(
    ("text", "shown"),
    [
        ("a_b&c", "a\\_b\\&c"),
        ("50 % #1 $x$", "50 \\% \\#1 \\$x\\$"),
        ("{x}", "\\{x\\}"),
        ("\\input{x}", "\\textbackslash{}input\\{x\\}"),
        ("~^", "\\textasciitilde{}\\textasciicircum{}"),
        ("–", "--"),
        (f"61.2 {MARK}", "61.2 $^\\ddagger$"),
        ("two\n lines\t", "two lines"),
    ],
)
def test_how_latex_writes_it(text: str, shown: str) -> None:
    assert f"\n{shown} & 1.0 \\\\\n" in latex(cells(text))[0]


def test_a_table_without_rows_has_a_head() -> None:
    empty = pd.DataFrame({"language": [], "n": []})
    assert markdown(empty) == "| language | n |\n| --- | --- |\n"
    head = ["\\begin{tabular}{@{}lr@{}}", "\\toprule", "Language & Items \\\\", "\\midrule"]
    assert latex(empty)[0].splitlines()[1:5] == head


@pytest.mark.parametrize("name", ["n", "language", "code", "tier", "own_name", "no_verdict", "band", "flag"])
def test_a_system_may_have_the_name_of_a_column(make_scores: Make, make_battles: Make, name: str) -> None:
    values = {"deu_Latn": [1, 0, 1, 1] * 5, "swh_Latn": [0, 0, 1, 1] * 5}
    for estimates in (
        mean_scores(make_scores(values, system=name), rounds=50),
        win_rates(make_battles(values, candidate=name), rounds=50),
    ):
        bands = estimates.assign(band_low=estimates["low"], band_high=estimates["high"], flag="doubtful")
        table = language_table(next(sections(bands)))
        assert table.columns.is_unique
        assert set(table["n"]) == {"20", "40"}
        assert table["language"].tolist()[-1] == "Swahili"
        assert table[f"{name} (system)"].str.startswith(("75.0 [", "62.5 [", "50.0 [")).all()
        assert set(table["flag"]) == {"doubtful"}


def mark(**changes: object) -> Mark:
    plain: dict[str, object] = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "n_invalid": 0}
    return Mark(**plain | {"worst": None, "best": None} | changes)  # type: ignore[arg-type]


@given(value=SHARES, low=SHARES, high=SHARES)
def test_numbers_can_be_read_back_from_a_table(value: float, low: float, high: float) -> None:
    found = [float(each) for each in re.findall(r"[\d.]+", format_mark(mark(value=value, low=low, high=high)))]
    assert found == pytest.approx([100 * value, 100 * low, 100 * high], abs=0.0501)


@every_case(
    ("changes", "text"),
    [
        ({"flag": "why"}, "50.0 [40.0, 60.0] ‡"),
        ({"low": None}, "50.0 [–]"),
        ({"high": None, "flag": "why"}, "50.0 [–] ‡"),
        ({"lowest": 0.3, "highest": 0.7, "flag": "why"}, "50.0 [40.0, 60.0] {30.0 to 70.0} ‡"),
        ({"lowest": 0.3}, "50.0 [40.0, 60.0]"),
        ({"value": None, "flag": "why"}, "–"),
        ({"value": 0.0, "low": 0.0, "high": 0.0}, "0.0 [0.0, 0.0]"),
    ],
)
def test_what_stands_beside_a_number(changes: dict[str, object], text: str) -> None:
    assert format_mark(mark(**changes)) == text


def test_bands_need_both_ends() -> None:
    assert format_band(mark(band_low=0.25, band_high=0.75)) == "[25.0, 75.0]"
    assert format_band(mark(band_low=25, band_high=75), scale=1) == "[25.0, 75.0]"
    assert format_band(mark(band_low=0.25)) == format_band(None) == "–"


@every_case(
    ("values", "scale"), [([0.0, 1.0], 100), ([0.5, 1.01], 1), ([-0.1, 0.5], 100.0), ([None, 0.5], 100), ([None], 100)]
)
def test_only_shares_are_shown_as_percent(values: list[float | None], scale: float) -> None:
    frame = pd.DataFrame({"value": pd.Series(values, dtype="float64")})
    assert Section("t", "m", ("s",), None, None, frame).scale == scale


METRICS = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20)


@given(metric=METRICS, statistic=st.sampled_from(["median", "mean"]), many=st.integers(2, 99))
def test_names_over_templates_can_be_taken_apart(metric: str, statistic: str, many: int) -> None:
    name = over_templates(metric, statistic, many)
    other = "mean" if statistic == "median" else "median"
    assert plain_metric(name) == metric
    assert is_over_templates(name)
    assert is_over_templates(name, statistic)
    assert not is_over_templates(name, other)


@every_case(
    "name",
    ["", "acc", " (mean of 2 templates)", "acc (mean of two templates)", "acc (mode of 2 templates)",
     "acc (mean of 2 templates) ", "acc(mean of 2 templates)", "acc (mean of -2 templates)"],
)  # fmt: skip
def test_names_that_only_look_like_it(name: str) -> None:
    assert plain_metric(name) == name
    assert not is_over_templates(name)
