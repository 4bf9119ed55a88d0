"""Tables as a paper prints them."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from polyarena.reports.tables import paper_table


@pytest.fixture
def wins(win_estimates: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([win_estimates.assign(system=name) for name in ("Aya_8B", "Gemma & co")])


def test_each_language_is_a_row_with_its_interval_as_subscript(wins: pd.DataFrame, aya23: list[str]) -> None:
    table = paper_table(wins, ["Aya_8B", "Gemma & co"], what="win rate")
    german = wins[(wins["group"] == "deu_Latn") & (wins["system"] == "Aya_8B")].iloc[0]
    value, low, high = (f"{100 * german[name]:.1f}" for name in ("value", "low", "high"))
    (part,) = table.latex
    assert f"German & {value}$_{{\\,{low},\\,{high}}}$" in part
    assert "Aya\\_8B & Gemma \\& co" in part
    assert len(table.data[table.data["level"] == "language"]) == 2 * len(aya23)
    assert "| German |" in table.markdown


def test_bold_only_where_it_is_said(wins: pd.DataFrame) -> None:
    plain = paper_table(wins, ["Aya_8B"])
    headings = ("\\textbf{All", "\\textbf{High", "\\textbf{Mid")
    assert plain.latex[0].count("\\textbf{") == sum(plain.latex[0].count(heading) for heading in headings)
    assert "Nothing is in bold" in plain.caption
    bold = paper_table(wins, ["Aya_8B"], best={("language", "deu_Latn"): "Aya_8B"})
    assert "German & \\textbf{" in bold.latex[0]
    assert "German | **" in bold.markdown
    assert bold.data.loc[bold.data["group"] == "deu_Latn", "best"].all()


def test_wide_tables_are_split(wins: pd.DataFrame) -> None:
    many = pd.concat([wins[wins["system"] == "Aya_8B"].assign(system=f"a model of {i}B") for i in range(9)])
    parts = paper_table(many, sorted(set(many["system"])), width=219.0).latex
    assert len(parts) > 3
    assert [name for part in parts for name in re.findall(r"a model of \dB", part)] == sorted(set(many["system"]))
    assert len(paper_table(many, sorted(set(many["system"]))).latex) < len(parts)
    long = pd.concat([wins.iloc[[0]].assign(level="language", group=f"q{i:02d}_Latn") for i in range(70)])
    assert len(paper_table(long, ["Aya_8B"]).latex) == 2


def test_own_names_need_an_engine_that_has_them(wins: pd.DataFrame) -> None:
    assert "العربية" not in paper_table(wins, ["Aya_8B"]).latex[0]
    assert "العربية" in paper_table(wins, ["Aya_8B"], own_names=True).latex[0]


def test_notes_and_signature_stand_below(wins: pd.DataFrame) -> None:
    signed = wins.assign(signature="task:mini@0.1|seed:0")
    table = paper_table(signed, ["Aya_8B"], notes=["Aya_8B does not support Greek."])
    plain = table.latex[0].replace("\\allowbreak{}", "")
    assert "Aya\\_8B does not support Greek." in plain
    assert (
        "task:\\allowbreak{}mini@\\allowbreak{}0.\\allowbreak{}1\\textbar{}\\allowbreak{}seed:\\allowbreak{}0"
        in table.latex[0]
    )
    assert "task:mini@0.1|seed:0" in table.markdown
