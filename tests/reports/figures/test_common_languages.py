"""Averages over different languages are marked and named in figures, and order nobody."""

from __future__ import annotations

import pandas as pd
import pytest

from polyarena.reports.figures.captions import MOST_FLAGGED, averages_sentence
from polyarena.reports.figures.cost_chart import cost_chart
from polyarena.reports.figures.forest import forest
from polyarena.reports.figures.heat_map import heat_map
from polyarena.reports.stats import mean_scores, win_rates

CODES = ("deu_Latn", "fra_Latn", "spa_Latn", "swh_Latn", "tha_Thai")


@pytest.fixture
def battles(make_battles):
    """`all` and `some` tie everywhere, but `some` was asked in the two easy languages of five alone."""
    values = {code: [0.5 if code in CODES[:2] else 0.0] * 12 for code in CODES}
    few = {code: values[code] for code in CODES[:2]}
    return pd.concat([make_battles(values, candidate="all"), make_battles(few, candidate="some")], ignore_index=True)


def test_captions_name_averages_over_other_languages(battles):
    estimates = win_rates(battles, rounds=50)
    macro = estimates[estimates["level"] == "macro"].set_index("system")
    assert macro.loc["some", "flag"]
    drawing = forest(estimates, venue="page")
    assert "Averages with a reservation: some (averaged over 2 of 5 languages" in drawing.caption
    assert "some (averaged over 2 of 5 languages" in heat_map(estimates, venue="page").caption


def test_nothing_is_said_where_all_have_the_same_languages(make_battles):
    estimates = win_rates(make_battles({code: [0.0, 1.0] * 6 for code in CODES[:2]}), rounds=50)
    assert "reservation" not in forest(estimates, venue="page").caption
    assert averages_sentence(pd.DataFrame({"level": ["macro"], "system": ["a"]})) == ""


def test_of_many_systems_a_few_are_named():
    flags = pd.DataFrame({"level": "macro", "system": [f"s{n}" for n in range(9)], "flag": "other languages"})
    sentence = averages_sentence(flags)
    assert sentence.count("other languages") == MOST_FLAGGED
    assert "and 4 more" in sentence


def test_a_heat_map_orders_systems_by_their_common_languages(make_scores):
    hard = {code: [1.0] * 9 + [0.0] for code in CODES[:2]} | {code: [0.0] * 10 for code in CODES[2:]}
    easy = {code: [1.0] * 8 + [0.0] * 2 for code in CODES[:2]}
    scores = pd.concat([make_scores(hard, system="broad"), make_scores(easy, system="narrow")], ignore_index=True)
    drawing = heat_map(mean_scores(scores, rounds=50), venue="page")
    texts = [text.get_text() for figure in drawing.figures for axes in figure.axes for text in axes.texts]
    assert texts.index("broad") < texts.index("narrow"), "0.9 against 0.8 where both were asked"


def test_costs_name_them_too(battles):
    macro = win_rates(battles, rounds=50).query("level == 'macro'").assign(cost=[1.0, 2.0])
    drawing = cost_chart(macro, what="win rate, %", cost="price", scale=100.0, venue="page")
    assert "some (averaged over 2 of 5 languages" in drawing.caption
