"""Rankings, comparisons and evenness as tables of the page; bands and detectable distances in estimates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyarena.reports.bands import with_bands, with_detectable
from polyarena.reports.page.headlines import headline
from polyarena.reports.page.tables import EQUITY, comparison_table, equity_table, ranking_table
from polyarena.reports.page.views import language_view
from polyarena.reports.stats import (
    compare,
    equity,
    estimates_table,
    mean_scores,
    minimal_detectable_effect,
    rank,
    simultaneous_bands,
    win_rates,
)
from polyarena.reports.tables import format_band, language_table, sections

Make = Callable[..., pd.DataFrame]
CODES = ["deu_Latn", "eng_Latn", "swh_Latn", "tha_Thai"]


@pytest.fixture(scope="module")
def battles(make_battles: Make, drawn: Any) -> pd.DataFrame:
    return pd.concat(
        [make_battles(drawn(CODES, 40, k, shift), candidate=name)
         for k, (name, shift) in enumerate((("new", 0.6), ("newer", -0.5)))]
    )  # fmt: skip


@pytest.fixture(scope="module")
def scores(make_scores: Make, drawn: Any) -> pd.DataFrame:
    return pd.concat([make_scores({c: v > 0.4 for c, v in drawn(CODES, 40, k, shift).items()}, system=name)
                      for k, (name, shift) in enumerate((("new", 0.6), ("old", -0.6)))])  # fmt: skip


@pytest.fixture(scope="module")
def banded(battles: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    table = estimates_table([win_rates(battles, rounds=300), mean_scores(scores, rounds=300)]).to_pandas()
    return with_bands(with_detectable(table), [simultaneous_bands(each, rounds=300) for each in (battles, scores)])


def test_a_ranking_has_a_row_for_each_system(battles: pd.DataFrame) -> None:
    sheet = ranking_table(rank(battles, rounds=200))
    assert sheet is not None
    assert [row[0] for row in sheet.rows] == ["new", "old", "newer"]
    assert [row[sheet.columns.index("Rank")] for row in sheet.rows] == ["1", "2", "3"]
    base = sheet.rows[1]
    assert base[sheet.columns.index("Rating")] == "1000"
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)
    assert ranking_table(pd.DataFrame({"level": []})) is None


def test_a_comparison_states_its_outcome_and_what_it_could_find(scores: pd.DataFrame) -> None:
    found = compare(scores, "new", "old", rounds=200)
    sheet = comparison_table(found)
    assert sheet is not None
    ((system, against, task, metric, outcome, difference, reach, p, items),) = sheet.rows
    assert (system, against, task, metric, outcome) == ("new", "old", "names", "accuracy", "better")
    macro = found[found["level"] == "macro"].iloc[0]
    assert difference == f"{100 * macro.difference:+.1f} [{100 * macro.low:+.1f}, {100 * macro.high:+.1f}]"
    assert reach == f"{100 * macro.detectable:.1f}"
    assert (p, items) == (f"{macro.p_value:.4f}", "160")
    assert comparison_table(found.head(0)) is None


def test_numbers_beyond_shares_keep_their_unit(make_scores: Make) -> None:
    rows = [make_scores({"deu_Latn": np.arange(20) * k, "tha_Thai": np.arange(20)}, system=s)
            for k, s in ((2, "new"), (1, "old"))]  # fmt: skip
    sheet = comparison_table(compare(pd.concat(rows), "new", "old", rounds=200))
    assert sheet is not None
    assert sheet.rows[0][5].startswith("+4.8 [")


def test_evenness_names_the_lowest_language(scores: pd.DataFrame) -> None:
    found = equity(scores, rounds=200)
    sheet = equity_table(found)
    assert sheet is not None
    assert sheet.columns == ("System", "Metric", *EQUITY.values())
    assert [row[:2] for row in sheet.rows] == [("new", "accuracy on names"), ("old", "accuracy on names")]
    lowest = found[(found["system"] == "new") & (found["aggregate"] == "worst")].iloc[0]
    assert sheet.rows[0][2].startswith(f"{100 * lowest['value']:.1f} [")
    assert sheet.rows[0][2].split("] ")[1] in ("German", "English", "Swahili", "Thai")
    assert sheet.rows[0][5][0] in "+-"


def test_a_lowest_language_without_an_interval_is_explained(make_scores: Make) -> None:
    sheet = equity_table(equity(make_scores({"deu_Latn": [1, 0] * 5, "tha_Thai": [0] * 10}), rounds=50))
    assert sheet is not None
    assert sheet.rows[0][2] == "0.0 Thai"
    assert "none where a language has few items" in sheet.notes[0]


def test_one_language_has_no_evenness(make_scores: Make) -> None:
    assert equity_table(equity(make_scores({"deu_Latn": [1, 0] * 5}), rounds=50)) is None
    assert equity_table(pd.DataFrame({"aggregate": []})) is None


def test_bands_hold_the_interval_of_each_language(banded: pd.DataFrame) -> None:
    languages = banded[banded["level"] == "language"]
    assert languages["band_low"].notna().all()
    assert (languages["band_low"] <= languages["low"] + 1e-12).all()
    assert (languages["band_high"] >= languages["high"] - 1e-12).all()
    assert banded[banded["level"] != "language"]["band_low"].isna().all()


def test_without_bands_there_are_none(scores: pd.DataFrame) -> None:
    plain = with_bands(mean_scores(scores, rounds=50), [])
    assert plain["band_low"].isna().all()
    assert with_bands(plain.head(0), []).empty


def test_a_win_rate_has_a_detectable_distance(banded: pd.DataFrame) -> None:
    won = banded[banded["metric"] == "win_rate"]
    least = np.array([minimal_detectable_effect(error) for error in won["standard_error"]])
    assert (won["detectable"] >= least - 1e-12).all()
    # What an interval holds it does not exclude; 80% power takes (1.96 + .84) / 1.96 of its half.
    half = (won["high"] - won["low"]) / 2
    assert (won["detectable"] >= half * 2.8 / 1.96 - 1e-3).all()
    plain = won.assign(low=None, high=None)
    assert with_detectable(plain)["detectable"].to_numpy() == pytest.approx(least)
    assert banded[banded["metric"] != "win_rate"]["detectable"].isna().all()


def test_tables_of_win_rates_show_the_band(banded: pd.DataFrame) -> None:
    section = next(sections(banded))
    table = language_table(section).set_index("code")
    row = next(row for row in section.rows if row.label and row.label.code == "deu_Latn")
    assert table.loc["deu_Latn", "band"] == format_band(row.marks[0])
    assert set(table.loc[[""], "band"]) == {""}
    view = language_view(section, "t")
    assert view.banded
    assert next(line for line in view.lines if line.label and line.label.code == "deu_Latn").band.startswith("[")
    assert format_band(None) == "–"


def test_the_headline_counts_by_band_and_says_what_could_be_found(banded: pd.DataFrame) -> None:
    found = headline(next(sections(banded)))
    assert found is not None
    assert "With simultaneous bands, which hold for all languages together: better in " in found.details[1]
    macro = banded[(banded["level"] == "macro") & (banded["system"] == "new") & (banded["metric"] == "win_rate")].iloc[
        0
    ]
    assert f"a true difference of {100 * macro['detectable']:.1f} points from 50%" in found.details[2]


def test_cycles_stand_below_the_ranking(make_battles: Make) -> None:
    from polyarena.reports.stats.cycles import cycle_sentences

    ring = [("a", "b", [1.0, 1.0, 0.5]), ("b", "c", [1.0, 0.5, 1.0]), ("c", "a", [1.0, 1.0, 0.9])]
    battles = pd.concat([make_battles({"deu_Latn": values * 10}, candidate=c, baseline=b) for c, b, values in ring])
    sheet = ranking_table(rank(battles, rounds=50), cycle_sentences(battles))
    assert sheet is not None
    said = [note for note in sheet.notes if note.startswith("A cycle in mini, judge rules: a beats b")]
    assert len(said) == 1
    plain = ranking_table(rank(battles, rounds=50))
    assert plain is not None
    assert sheet.notes == (*plain.notes, *said)


def test_scores_have_bands_in_tables_too(banded: pd.DataFrame) -> None:
    scored = next(part for part in sections(banded) if part.baseline is None)
    table = language_table(scored)
    assert {"new: band", "old: band"} < set(table.columns)
    languages = table[table["code"] != ""]
    assert languages["new: band"].str.startswith("[").all()
    assert (table[table["code"] == ""]["new: band"] == "").all()
    alone = next(part for part in sections(banded[banded["system"] == "new"]) if part.baseline is None)
    assert "band" in language_table(alone).columns
    view = language_view(alone, "t")
    assert view.banded
    assert not view.compared
    assert not language_view(scored, "t").banded
    assert all(line.band.startswith("[") for line in view.lines if line.label)
