"""Tables as a paper prints them."""

from __future__ import annotations

import pandas as pd
import pytest

from polyarena.reports.tables import paper_table
from polyarena.reports.tables.paper import COLUMNS_NARROW, MOST_ROWS


@pytest.fixture
def wins(win_estimates: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([win_estimates.assign(system=name) for name in ("Aya_8B", "Gemma & co")])


def test_each_language_is_a_row_with_its_interval_as_subscript(wins: pd.DataFrame, aya23: list[str]) -> None:
    table = paper_table(wins, ["Aya_8B", "Gemma & co"], what="win rate")
    german = wins[(wins["group"] == "deu_Latn") & (wins["system"] == "Aya_8B")].iloc[0]
    value, low, high = (f"{100 * german[name]:.1f}" for name in ("value", "low", "high"))
    assert f"German & {value}$_{{\\,{low},\\,{high}}}$" in table.latex
    assert "Aya\\_8B & Gemma \\& co" in table.latex
    assert table.latex.count("\\toprule") == 1
    assert len(table.data[table.data["level"] == "language"]) == 2 * len(aya23)
    assert "| German |" in table.markdown


def test_bold_only_where_it_is_said(wins: pd.DataFrame) -> None:
    plain = paper_table(wins, ["Aya_8B"])
    assert "\\textbf{" not in plain.latex.replace("\\textbf{All", "").replace("\\textbf{High", "").replace(
        "\\textbf{Mid", ""
    )
    assert "Nothing is in bold" in plain.caption
    bold = paper_table(wins, ["Aya_8B"], best={("language", "deu_Latn"): "Aya_8B"})
    assert "German & \\textbf{" in bold.latex
    assert "German | **" in bold.markdown
    assert bold.data.loc[bold.data["group"] == "deu_Latn", "best"].all()


def test_wide_tables_are_split(wins: pd.DataFrame) -> None:
    many = pd.concat([wins[wins["system"] == "Aya_8B"].assign(system=f"a model of {i}B") for i in range(9)])
    table = paper_table(many, sorted(set(many["system"])), narrow=True)
    parts = table.latex.split("\\begin{tabular}")[1:]
    assert len(parts) > 3
    widest = max(max(len(line) for line in part.splitlines() if "a model" in line) for part in parts)
    assert widest <= COLUMNS_NARROW + 10
    long = pd.concat([wins.iloc[[0]].assign(level="language", group=f"q{i:02d}_Latn") for i in range(MOST_ROWS + 5)])
    assert paper_table(long, ["Aya_8B"]).latex.count("\\toprule") == 2


def test_own_names_need_an_engine_that_has_them(wins: pd.DataFrame) -> None:
    assert "العربية" not in paper_table(wins, ["Aya_8B"]).latex
    assert "العربية" in paper_table(wins, ["Aya_8B"], own_names=True).latex


def test_notes_and_signature_stand_below(wins: pd.DataFrame) -> None:
    signed = wins.assign(signature="task:mini@0.1|seed:0")
    table = paper_table(signed, ["Aya_8B"], notes=["Aya_8B does not support Greek."])
    assert "Aya\\_8B does not support Greek." in table.latex
    assert "task:mini@0.1\\textbar\\allowbreak seed:0" in table.latex
    assert "task:mini@0.1|seed:0" in table.markdown
